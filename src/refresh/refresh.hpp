// The one door for every refresh: a call, a schedule, a first fill.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "catalog/runs.hpp"
#include "pg/lock.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::refresh {

struct Request {
    std::int64_t view_id = 0;
    Oid relation = InvalidOid;
    std::string strategy = "auto";
    std::optional<std::string> predicate;
    catalog::runs::Reason reason = catalog::runs::Reason::manual;
    pg::Wait wait = pg::Wait::yes;
    // Set by the worker: the running row to finish. Unset: a succeeded row is written.
    std::optional<std::int64_t> run_id;
};

struct Result {
    std::string name;
    int version = 0;
    bool executed = true; // false: wait was refused and somebody else is at it; work.strategy_reason says who
    catalog::runs::Work work;
    std::optional<std::int64_t> run_id;
};

// Locks the view, chooses the strategy, executes it as the owner, and records the run and the view's counters in the
// same transaction as the new rows.
//
// REQUIRES: the caller's right to refresh was checked (api) or the caller is the worker; an active snapshot.
// Name and right of the current user are checked again once the locks are held, since both may change during the wait.
// Under READ COMMITTED the new rows hold everything committed before the locks were granted, those on the tables read
// included.
// Leaves held to the end of the transaction, taken in this order: the view's own lock, the strategy's lock on the relation,
// AccessShare on what the view reads. Wait::no is about the first two.
// Raises 42704 when the view is gone or renamed, 42501 when the right is, 22023 for a word that is no strategy or a
// predicate without `partial`, 55000 for a strategy that cannot work here, 0A000 for one that this release does not
// have, 55006 when a query of this session reads the view, and whatever the view's query raises.
Result run(const Request &request);

} // namespace mvmanager::refresh
