// What the planner knows of columns (pg_statistic).
#pragma once

#include "pg/guard.hpp"
#include "pg/staged_relation.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::pg {

// The live relation and its indexes get the statistics of the staged ones, column by column; those of columns that were
// not looked at (statistics target 0, no rows) stay. Extended statistics objects keep their old data: the counters of
// file_swap.hpp make autovacuum look soon. REQUIRES: ShareUpdateExclusiveLock or more on both.
void carry_statistics(const StagedRelation &staged);

} // namespace mvmanager::pg
