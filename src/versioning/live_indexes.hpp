// A version that differs from the live one in indexes, storage parameters or comment only: nothing is built again.
#pragma once

#include <cstdint>

#include "pg/transaction.hpp"
#include "versioning/staging.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::versioning {

// Creates the indexes the view does not have yet, drops those the version no longer has in one moment under
// AccessExclusiveLock, changes the rest, and makes the version live. Nobody waits but who would change the view's rows.
//
// Not by CREATE INDEX CONCURRENTLY: nothing but a refresh writes into a materialized view, and that is kept out by its lock;
// so there is no need to wait for every transaction that is older, as that command does, and to become part of deadlocks with
// sessions that wait for the view.
//
// The indexes are created empty and committed, not valid, then built: a kill leaves invalid indexes, never files that no catalog
// knows.
//
// REQUIRES: a worker; `transaction` has no snapshot and holds the view's lock and ShareUpdateExclusiveLock on its relation.
// Commits on its way. Raises what CREATE INDEX raises; invalid indexes are left then, which drop_invalid_indexes drops.
void create_live_indexes(const Subject &subject, pg::Transaction &transaction);

// Drops what a build of that version left invalid on the view, where nobody is in the way.
void drop_invalid_indexes(std::int64_t view_id, int version);

} // namespace mvmanager::versioning
