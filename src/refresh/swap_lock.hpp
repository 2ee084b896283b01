// The AccessExclusiveLock of a swap: asked for so that nobody notices, and given up where somebody would.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "pg/postgres.hpp"

namespace mvmanager::refresh {

struct LockOutcome {
    bool was_had = false;
    std::int64_t waited = 0; // microseconds, from the first attempt to the lock or the end of patience
    std::string obstacle;    // where it was not had: who is in the way, as a sentence
};

// What is done once all the locks are there.
struct UnderLock {
    // The view first, then what only few can hold: its indexes, TOAST table, the staged ones.
    std::vector<Oid> relations;
    // Runs in a subtransaction that holds AccessExclusiveLock on all of them. Where it has to wait for anything longer than
    // an attempt may last (a GRANT on the view that is not committed), it counts as an attempt that failed.
    std::function<void()> work;
    // After such a subtransaction was rolled back.
    std::function<void()> undo;
};

// Polls, and queues for mvmanager.swap_lock_timeout at a time, until mvmanager.swap_timeout is over (model/lock_attempts.hpp).
// With the lock does the work, and leaves all locks held to the end of the transaction. Without it nothing has changed and
// nobody was cancelled. Gives up early where who is in the way waits for this transaction.
//
// REQUIRES: ShareUpdateExclusiveLock on the view. For as long as it waits it holds no snapshot of its own.
// Raises what the work raises, and a cancel.
LockOutcome do_under_lock(const UnderLock &task);

} // namespace mvmanager::refresh
