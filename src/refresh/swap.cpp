// The query into new storage beside the view, every index built there, and then, in a moment under AccessExclusiveLock, the
// files exchanged. Nothing that hangs on the view notices.
//
// In a session all of it is one transaction, the caller's, and a kill leaves what core's own REFRESH leaves: files that no
// catalog knows, where it came in the middle of writing them. In a worker each step is a transaction:
//
//     step                        a kill after it leaves                         who cleans up
//     create, commit              an empty relation, named in the run's row      the next sweep (leftovers.hpp)
//     fill, commit                the same, with rows nobody can read            the same
//     index, analyze, commit      the same                                       the same
//     swap, drop, record, commit  nothing: new rows, finished run                nobody
//
// Until the last commit the view has its old rows, with it the new ones. While the rows are read locks on the base tables are
// held, and xmin; no longer than that. From the beginning to the end the view's own lock and ShareUpdateExclusiveLock.
//
// Old snapshots: a reader under REPEATABLE READ that began before sees the new rows, as with REFRESH, since there is no old
// version of them. Extended statistics objects keep their old data until autovacuum comes, which the counters call for.

#include "format.hpp"
#include "pg/progress.hpp"
#include "pg/transaction.hpp"
#include "refresh/fill.hpp"
#include "refresh/replacement.hpp"
#include "refresh/strategy.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::refresh {
namespace {

void warn_of_lasting_lock(const Target &target) {
    if (target.facts.populated && pg::in_transaction_block())
        pg::notice(format("readers of materialized view \"{}\" wait until this transaction ends",
                          target.relation.name.quoted()),
                   "Call mv_refresh outside of a transaction block, or with strategy 'diff'.");
}

Effect execute(const Target &target, Ground &ground) {
    bool const in_steps = ground.may_commit();
    if (in_steps)
        ground.drop_snapshot();
    Replacement replacement(target, ground,
                            in_steps ? Replacement::Creation::committed : Replacement::Creation::in_transaction);
    warn_of_lasting_lock(target);
    if (in_steps)
        ground.take_snapshot(Ground::Sources::locked);
    auto const rows = fill(target.relation.oid, replacement.relation(), target.relation.owner, target.run_as);
    if (in_steps) {
        ground.commit();
        ground.take_snapshot(Ground::Sources::untouched);
    }
    replacement.complete(rows);
    if (in_steps)
        ground.commit();
    auto const outcome = replacement.swap();
    if (!outcome.was_had)
        throw_not_locked(target, outcome);

    Effect effect;
    effect.rows_total = rows;
    effect.blocked = outcome.waited;
    // The old rows are thrown away uncompared, so how many of them came back is known only where there were none.
    if (!target.facts.populated) {
        effect.rows_inserted = rows;
        effect.rows_updated = 0;
        effect.rows_deleted = 0;
    }
    return effect;
}

} // namespace

constinit const Strategy swap = {model::Strategy::swap, pg::LockMode::share_update_exclusive, execute};

} // namespace mvmanager::refresh
