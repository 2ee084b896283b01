// Which rows a query sees.
#pragma once

#include <cstdint>

#include "pg/guard.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::pg {

// True under REPEATABLE READ and SERIALIZABLE: all of the transaction sees one moment, and a row that somebody else
// changed since cannot be written (40001, cured only by a new transaction).
bool one_snapshot_per_transaction();

// Lets go of what catalogs were last read with. Where nothing else is open, VACUUM need not wait for this process any more:
// before long waits.
void release_catalog_snapshot();

// Makes a snapshot of now the active one, or, where the isolation level has one for the whole transaction, that one with
// the transaction's own changes. While unwinding the abort of the (sub)transaction pops it.
class FreshSnapshot {
public:
    FreshSnapshot();
    ~FreshSnapshot();
    FreshSnapshot(const FreshSnapshot &) = delete;
    FreshSnapshot &operator=(const FreshSnapshot &) = delete;

    // A moment before which everything committed is in the snapshot: TimestampTz.
    std::int64_t complete_to() const { return complete_to_; }

private:
    std::int64_t complete_to_;
    int exceptions_;
};

} // namespace mvmanager::pg
