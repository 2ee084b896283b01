// Heavyweight locks of our own, visible in pg_locks as advisory locks that no SQL function can take.
#pragma once

#include <cstdint>
#include <optional>

#include "pg/guard.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::pg {

// What is locked. The value goes where SQL's advisory locks keep 1 or 2, so the two never meet.
enum class LockSpace : std::uint16_t {
    view = 0x6D01,         // key: view id. One refresh or replacement of a view at a time.
    run = 0x6D02,          // key: run id. Held by the process that executes the run, so that a dead one is noticed.
    launcher = 0x6D03,     // key: 0, database 0. One launcher in a cluster.
    wait_point = 0x6D04,   // key: hash of the point's name, database 0. Tests only.
    registration = 0x6D05, // key: hash of schema and name. Creating, adopting or ending a view of that name.
    versions = 0x6D06,     // key: view id. Registering a version. Never waited for by who holds the view's lock.
};
// A session-level lock outlives the transaction, an aborted one too. It is lost where SQL that runs in the session calls
// pg_advisory_unlock_all() or DISCARD ALL; a transaction-level one is not.
enum class LockLevel { transaction, session };
enum class Wait { yes, no };

// Takes the lock exclusively (or shared). False where it was not to be had and Wait::no was asked. With Wait::yes the
// wait obeys lock_timeout (55P03), deadlock detection (40P01) and cancel (57014).
bool acquire(LockSpace space, std::uint64_t key, LockLevel level, Wait wait, bool shared = false);
void release(LockSpace space, std::uint64_t key, LockLevel level, bool shared = false);
// A session-level lock for the length of a scope, taken exclusively and without waiting. Nothing but its end gives it
// back, whatever becomes of the transactions in between.
class SessionLock {
public:
    SessionLock(LockSpace space, std::uint64_t key);
    ~SessionLock();
    SessionLock(const SessionLock &) = delete;
    SessionLock &operator=(const SessionLock &) = delete;
    bool is_held() const { return is_held_; }

private:
    LockSpace space_;
    std::uint64_t key_;
    bool is_held_;
};

// True when no other process holds the lock in any mode. Looks without touching the lock, so that whoever tries to
// take it with Wait::no at the same moment is not refused by us.
bool is_free(LockSpace space, std::uint64_t key);
// Another process that holds the lock, if any. Reads the whole lock table, as pg_locks does: not for tight loops.
std::optional<int> holder(LockSpace space, std::uint64_t key);

// How many locks all sessions of the server can hold together, about.
std::int64_t lock_table_size();

// Monotonic microseconds, for durations and waits.
std::int64_t monotonic_now();

} // namespace mvmanager::pg
