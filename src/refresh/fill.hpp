// A query's rows into new storage.
#pragma once

#include <cstdint>

#include "pg/relation.hpp"
#include "pg/security.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::refresh {

// Runs the query of the materialized view as `owner` and writes its rows, frozen, into the heap of `into`, which is empty and
// which nobody can read yet; indexes are not written. Returns how many rows there are.
// REQUIRES: an active snapshot; AccessExclusiveLock or ExclusiveLock on `into`.
std::int64_t fill(Oid view, Oid into, Oid owner, pg::RunAs run_as);

} // namespace mvmanager::refresh
