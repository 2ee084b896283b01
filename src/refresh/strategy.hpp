// What a way of refreshing is to the rest: a name, a lock and one function.
//
// refresh.cpp holds the locks and the books, a strategy changes the rows. A new strategy is a file with one constant of
// this type, listed in strategy.cpp. What the function gets is enough for all of them: a diff or a swap opens the
// relation by OID under the lock already held, `partial` reads the predicate, and one that gives way to another in the
// middle of its work (a diff that finds too much changed) says so in `instead`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "model/plan.hpp"
#include "pg/relation.hpp"
#include "pg/security.hpp"
#include "refresh/ground.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::refresh {

// The relation as it is under the strategy's lock.
struct Target {
    std::int64_t view_id = 0;
    pg::Relation relation;
    model::ViewFacts facts;
    std::optional<std::string> predicate;
    // How the view's query and the expressions of its indexes are run.
    pg::RunAs run_as = pg::RunAs::view_owner;
    // Who asked is the owner or a member of it; otherwise nothing of theirs may run as the owner.
    bool asked_by_owner = false;
    // A swap's lock would shut readers out no longer than the swap takes.
    bool lock_is_brief = false;
    // The row in mvmanager.run of a worker's run.
    std::optional<std::int64_t> run_id;
};

// What core calls what we do, for the messages we have in common.
inline constexpr const char *core_command = "REFRESH MATERIALIZED VIEW";

// What was done to the rows. A count that the strategy cannot know is nullopt.
struct Effect {
    std::optional<std::int64_t> rows_inserted, rows_updated, rows_deleted, rows_total;
    // Microseconds spent waiting for locks beyond those held at the start.
    std::int64_t blocked = 0;
    // Set when the work ended by another strategy than the one chosen, with the sentence that says why.
    std::optional<model::Plan> instead;
};

struct Strategy {
    model::Strategy kind;
    // Taken on the relation before execute and left held.
    pg::LockMode lock;
    // REQUIRES: view and relation locked, the current user may refresh, no query of this session has the relation open
    // in a way the strategy did not check itself. `ground` has taken a snapshot under these locks: the new rows are
    // what it sees. Whatever of the view the function plans or evaluates runs as the view's owner.
    Effect (*execute)(const Target &target, Ground &ground);
};

extern const Strategy native;
extern const Strategy concurrently;
extern const Strategy diff;
extern const Strategy swap;
extern const Strategy partial;
extern const Strategy automatic;

// Raises 0A000 for a strategy this release does not have.
const Strategy &strategy_for(model::Strategy kind);

} // namespace mvmanager::refresh
