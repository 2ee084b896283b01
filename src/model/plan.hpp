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
};

struct Plan {
    Strategy strategy = Strategy::diff;
    std::string reason; // a sentence without a full stop
};

struct Refusal {
    std::string_view sqlstate; // 55000 wrong state, 0A000 not supported
    std::string message;
    std::string hint;
};

// Decides. An unpopulated view is filled by swap whatever was asked, except for native, since every other way needs rows
// to compare with. Explicit strategies are obeyed or refused, never replaced. automatic stays automatic: what it becomes
// depends on how many rows differ, which only the work itself shows. incremental is refused with 0A000.
std::variant<Plan, Refusal> choose(const ViewFacts &facts, Strategy requested);

} // namespace mvmanager::model
