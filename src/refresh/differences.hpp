// From a view's rows and its query's rows to the view as it should be: what diff, partial and auto have in common.
#pragma once

#include "pg/relation_writer.hpp"
#include "pg/row_matcher.hpp"
#include "pg/security.hpp"
#include "refresh/strategy.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::refresh {

// The memory a diff may use, as the settings have it.
pg::RowMatcher::Limits memory_limits(pg::Lifetime lifetime = pg::Lifetime::transaction);

// What must hold before a view's rows are compared with others and written. Raises 55006 where a query of this session reads the
// view, 40001 where the transaction's one snapshot does not see the view as it is now.
// REQUIRES: a lock that keeps others from writing; the snapshot to compare under is active.
void require_comparable(const Target &target);

// Writes what a matcher found: deletions, then updates where a unique key pairs a deletion with an insertion, then
// insertions; then ANALYZE where enough changed. Writes nothing where nothing differs. Where only rows under a predicate were
// compared, another that has a unique key of a new one gives way to it, and counts as deleted.
//
// REQUIRES: a SecurityScope of the owner and the snapshot under which the rows were compared, or where the rows were
// compared in an earlier transaction one that still sees the view's rows as they were.
// Raises 23505 where two rows have one key of a unique index, 40001 where somebody wrote in spite of the lock.
Effect apply_differences(const Target &target, pg::RowMatcher &matcher, const pg::Predicate *compared = nullptr);

} // namespace mvmanager::refresh
