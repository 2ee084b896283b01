// Statistics of a relation's contents.
#pragma once

#include <cstdint>

#include "pg/guard.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::pg {

// Whether so many more rows written, on top of those since the last ANALYZE, are reason for another one: by autovacuum's
// formula with the relation's own settings, whether or not autovacuum runs; or because there never was one. Never where
// autovacuum is turned off for the relation. REQUIRES: a lock on the relation.
bool analyze_is_due(Oid relation, std::int64_t rows_written);

// ANALYZE as part of the transaction. What it evaluates runs as the relation's owner.
// REQUIRES: the current user is the relation's owner, or may ANALYZE it; an active snapshot. Takes ShareUpdateExclusiveLock on
// the relation to the end of the transaction.
void analyze(Oid relation);

// Whether CREATE STATISTICS was used on it.
bool has_statistics_objects(Oid relation);

} // namespace mvmanager::pg
