// What a relation's storage is like.
#pragma once

#include "pg/guard.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::pg {

// REQUIRES for both: a lock on the relation.
int index_count(Oid relation);
// Percent of a page that inserts fill.
int fill_factor(Oid relation);

} // namespace mvmanager::pg
