// Procedures that end transactions between their steps.
#pragma once

#include <optional>

#include "pg/guard.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::pg {

// Whether CALL may commit here: not in a transaction block, nor below a function, a DO block with an exception handler or
// a procedure that was itself called so.
bool may_commit(FunctionCallInfo fcinfo);

// An SPI connection that may commit, for the length of a scope. REQUIRES: may_commit().
class NonatomicScope {
public:
    NonatomicScope();
    ~NonatomicScope();
    NonatomicScope(const NonatomicScope &) = delete;
    NonatomicScope &operator=(const NonatomicScope &) = delete;

    // Commits and begins anew: afterwards nothing is locked and no snapshot is held.
    void commit();

private:
    int exceptions_;
};

// A snapshot for what the scope reads.
class ActiveSnapshot {
public:
    ActiveSnapshot();
    ~ActiveSnapshot();
    ActiveSnapshot(const ActiveSnapshot &) = delete;
    ActiveSnapshot &operator=(const ActiveSnapshot &) = delete;

private:
    int exceptions_;
};

} // namespace mvmanager::pg
