#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

// Which way a refresh goes, and the sentence that says why.

namespace mvmanager::model {

enum class Strategy { automatic, native, concurrently, diff, swap, partial, incremental };

// The word in SQL (`auto`, `native`, ...); strategy_from_text is exact, nullopt for any other word.
std::string_view to_text(Strategy strategy);
std::optional<Strategy> strategy_from_text(std::string_view text);

// A unique index of the view as the catalog describes it.
struct UniqueIndex {
    std::string name = {}; // quoted as an identifier where needed: it appears in sentences as it is
    bool is_valid = true;
    bool is_immediate = true;
    bool is_btree = true;
    bool has_predicate = false;
    bool has_expression = false;
};

// REFRESH MATERIALIZED VIEW CONCURRENTLY accepts it: valid, immediate, btree, on plain columns, without WHERE.
bool is_usable(const UniqueIndex &index);

struct ViewFacts {
    std::string name = {}; // as the caller would type it, for messages and hints
    bool populated = false;
    std::vector<UniqueIndex> unique_indexes = {};
    std::int64_t relation_bytes = 0;
    bool owner_may_create_temporary = true; // a concurrent refresh compares with a temporary table of the owner's
};

struct Plan {
    Strategy strategy = Strategy::native; // never automatic
    std::string reason;                   // a sentence without a full stop
};

struct Refusal {
    std::string_view sqlstate; // 55000 wrong state, 0A000 not supported
    std::string message;
    std::string hint;
};

// Decides. An unpopulated view is filled natively whatever was asked, since every other way needs rows to compare with.
// automatic takes concurrently where the view has a usable unique index and its owner may create the temporary table that
// this needs, else native with the reason why not. Explicit
// native and concurrently are obeyed or refused, never replaced. The remaining strategies are refused with 0A000.
std::variant<Plan, Refusal> choose(const ViewFacts &facts, Strategy requested);

} // namespace mvmanager::model
