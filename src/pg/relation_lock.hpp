// The lock on a relation, by OID, and who is in the way of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "pg/lock.hpp"
#include "pg/relation.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::pg {

// Takes the lock to the end of the transaction. False where it was not to be had and Wait::no was asked.
// The relation may be gone or another kind by the time it is held: describe_relation tells.
bool lock_relation(Oid relation, LockMode mode, Wait wait);
// The same, waiting. Returns microseconds waited: 0 where there was nothing to wait for.
std::int64_t lock_relation_timed(Oid relation, LockMode mode);
// Gives one such lock back. REQUIRES: nothing was done under it.
void unlock_relation(Oid relation, LockMode mode);

// Locks on relations held at session level for the length of a scope, past the end of transactions. Released while unwinding
// too, which cannot raise for a lock that is held.
class SessionRelationLocks {
public:
    SessionRelationLocks() = default;
    ~SessionRelationLocks();
    SessionRelationLocks(const SessionRelationLocks &) = delete;
    SessionRelationLocks &operator=(const SessionRelationLocks &) = delete;
    // Waits where it must.
    void add(Oid relation, LockMode mode);

private:
    struct Held {
        Oid relation;
        LockMode mode;
    };
    std::vector<Held> held_;
};

// A process whose lock on the relation stands against `mode`, if any. Nobody is named for a prepared transaction.
std::optional<int> relation_holder(Oid relation, LockMode mode);

// True where that process waits for a lock that this one holds, or for its place in a queue. Looks at the whole lock table of
// one process: not for tight loops.
bool waits_for_us(int pid);

// The user a server process is logged in as; empty when it is gone or has none.
std::string user_of_process(int pid);

} // namespace mvmanager::pg
