// The rows the query gives now against those the view holds, and only what differs written. Readers go on, and see the
// old rows or the new ones by their snapshots; no lock keeps anybody from reading, on a standby either.
//
// ShareUpdateExclusiveLock is enough: nobody can write a materialized view but a refresh, and all refreshes take this lock or
// a stronger one. It also keeps VACUUM away, and indexes from being built or dropped meanwhile.

#include "pg/relation_scan.hpp"
#include "pg/row_matcher.hpp"
#include "pg/security.hpp"
#include "pg/view_query.hpp"
#include "pg/wait_point.hpp"
#include "refresh/differences.hpp"
#include "refresh/strategy.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::refresh {
namespace {

Effect execute(const Target &target, Ground &) {
    Oid const view = target.relation.oid;
    require_comparable(target);
    pg::SecurityScope const as_owner(target.relation.owner, target.run_as);
    pg::RowMatcher matcher(view, memory_limits());

    pg::wait_point("diff-before-scan");
    pg::RelationScan stored(view);
    matcher.read_view(stored);
    pg::wait_point("diff-after-scan");

    pg::ViewQuery query(view);
    matcher.read_query(query);
    return apply_differences(target, matcher);
}

} // namespace

constinit const Strategy diff = {model::Strategy::diff, pg::LockMode::share_update_exclusive, execute};

} // namespace mvmanager::refresh
