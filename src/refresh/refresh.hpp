// The one door for every refresh: a call, a schedule, a first fill.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "catalog/runs.hpp"
#include "pg/lock.hpp"
#include "pg/relation.hpp"
#include "pg/transaction.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::refresh {

// Until when a lock taken during the refresh is held.
enum class LocksEnd {
    with_the_call, // the call is all its transaction does
    later,         // readers would wait for whatever the transaction does next
};

struct Request {
    std::int64_t view_id = 0;
    Oid relation = InvalidOid;
    std::string strategy = "auto";
    std::optional<std::string> predicate;
    catalog::runs::Reason reason = catalog::runs::Reason::manual;
    pg::Wait wait = pg::Wait::yes;
    // Set by the worker: the running row to finish. Unset: a succeeded row is written.
    std::optional<std::int64_t> run_id;
    // Set by the worker: its open transaction, which a strategy may commit and begin again on its way. Unset: all of it
    // is one transaction, the caller's.
    pg::Transaction *transaction = nullptr;
    LocksEnd locks_end = LocksEnd::later;
    // Who asked, by name, where that is not the current user: the worker's are asked for by others.
    std::optional<std::string> requested_by;
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
// have, 55006 when a query of this session reads the view or is itself part of the view's refresh, and whatever the view's query raises.
Result run(const Request &request);

// What can be said of strategy and predicate before there is anything to refresh, for requests that are stored: 22023 for a
// word that is no strategy, for a predicate without `partial` and the reverse; 0A000 for a strategy that this release does
// not have; for a predicate what pg::Predicate raises, and 42501 where the current user is not the owner and it could do harm.
void require_valid(const pg::Relation &relation, const std::string &strategy,
                   const std::optional<std::string> &predicate);

} // namespace mvmanager::refresh
