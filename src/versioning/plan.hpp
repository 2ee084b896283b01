// What a change would do, step by step, before anything happens. The decisions are those of replace.cpp, rollback.cpp and
// create.cpp; nothing is written, and what is locked by looking goes back with the caller's subtransaction.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "catalog/views.hpp"
#include "pg/relation.hpp"
#include "versioning/wish.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::versioning {

struct Step {
    std::string action;
    std::string object;
    std::optional<std::string> sql = {};  // could be typed, without a semicolon
    std::optional<std::string> lock = {}; // on the object, as pg_locks calls it; of "fill" on what the query reads
    bool blocks_readers = false;
    std::vector<std::string> hazards = {};
};

// Who does what takes its time.
enum class Builder { worker, session };

// REQUIRES, all three: the caller rolls back to where it was; the current user's right to the relation was checked.

// mv_apply of a name that no relation has. Raises what mv_create raises.
std::vector<Step> plan_creation(const pg::QualifiedName &name, const Wish &wish, Builder builder);

// mv_apply and mv_replace. No text in the wish: the definition that is live. What is in the way of columns that change is in
// the steps; all else that would be refused is raised.
std::vector<Step> plan_replacement(const catalog::views::View &view, const pg::Relation &relation, const Wish &wish,
                                   Builder builder);

// mv_rollback to that version, or to where it leads without one. A version that can no longer be built, and what is in the
// way, are in the steps. Raises 42704 for an unknown version, 55000 where there is nothing to go back to.
std::vector<Step> plan_rollback(const catalog::views::View &view, const pg::Relation &relation,
                                std::optional<int> to_version, Builder builder);

} // namespace mvmanager::versioning
