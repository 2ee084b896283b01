// What is in the way of a change of columns, and how that is told.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "versioning/column_dependents.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::versioning {

// A statistics object over expressions whose columns go on, with other types: its text makes it anew.
bool can_restate(const pg::StuckObject &stuck, const Reshape &reshape);

// In the way of a change of columns.
struct Blocker {
    std::string object;               // view public.v
    std::vector<std::string> columns; // those it uses that change; empty for the row as a whole
    bool can_recreate = false;
    Oid owner = InvalidOid; // of what would be stored anew
};
// All dependents that use what changes, and what of the relation itself can neither follow nor be restated, but for `replaceable` indexes.
// REQUIRES: dependents are those of the relation.
std::vector<Blocker> blockers_of(Oid relation, const std::vector<ColumnDependent> &dependents, const Reshape &reshape,
                                 const std::vector<pg::NewColumn> &after, std::span<const Oid> replaceable);

// 'uses column "n"'
std::string use_of(const Blocker &blocker);

// The differences of columns and who uses what, a line each.
std::string blockers_text(const std::vector<std::string> &differences, const std::vector<Blocker> &blockers);

bool all_can_be_recreated(const std::vector<Blocker> &blockers);

// Raises 2BP01 naming them all, with `hint` where all can be recreated and else with those that cannot.
[[noreturn]] void refuse_blockers(const pg::Relation &view, const std::vector<Blocker> &blockers,
                                  const std::vector<std::string> &differences, std::string_view hint);

// Raises 42501 for one that the current user may not store anew.
void require_ownership(const pg::Relation &view, const std::vector<Blocker> &blockers);

// 'materialized view public.m'
std::string kind_and_name(const pg::Relation &view);

} // namespace mvmanager::versioning
