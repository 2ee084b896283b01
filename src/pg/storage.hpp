// What a relation's storage is like.
#pragma once

#include <cstdint>

#include "pg/guard.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::pg {

// REQUIRES for both: a lock on the relation.
int index_count(Oid relation);
// What ANALYZE or an index build last counted; 0 where nobody did.
std::int64_t row_count(Oid relation);
bool is_populated(Oid relation);
// Whether an archive still has the rows that were put into it: a dump brings it back populated by its own, empty, query. Such a
// relation has no pages, and has lost the mark of what was made beside another (pg_class.relrewrite).
bool holds_archived_rows(Oid relation);
// Bytes of the relation, its TOAST table and its indexes.
std::int64_t size_of(Oid relation);
// Percent of a page that inserts fill.
int fill_factor(Oid relation);

} // namespace mvmanager::pg
