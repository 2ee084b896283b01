// A diff of the rows for which a predicate is true, on both sides: those of the query, into which the planner pushes it as
// far as it can, against those of the view.
//
// Rows outside of it are not looked at. One that moved under the predicate since leaves its old self behind outside; where a
// unique index shows the two to be one, the old one gives way to the new.

#include "pg/matching_rows.hpp"
#include "pg/row_matcher.hpp"
#include "pg/security.hpp"
#include "pg/view_query.hpp"
#include "pg/wait_point.hpp"
#include "refresh/differences.hpp"
#include "refresh/strategy.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::refresh {
namespace {

// Names in it mean what they mean in pg_catalog, whoever asks and from wherever.
pg::Predicate parse(const Target &target) {
    pg::SecurityScope const as_owner(target.relation.owner, pg::RunAs::view_owner);
    return pg::Predicate(target.relation.oid, *target.predicate,
                         target.asked_by_owner ? pg::Predicate::Author::owner : pg::Predicate::Author::other);
}

Effect execute(const Target &target, Ground &) {
    Oid const view = target.relation.oid;
    require_comparable(target);
    pg::Predicate const predicate = parse(target);
    pg::SecurityScope const as_owner(target.relation.owner, target.run_as);
    pg::RowMatcher matcher(view, memory_limits());

    pg::wait_point("diff-before-scan");
    pg::MatchingRows stored(view, predicate);
    matcher.read_view(stored);
    pg::wait_point("diff-after-scan");

    pg::ViewQuery query(view, &predicate);
    matcher.read_query(query);
    Effect effect = apply_differences(target, matcher, &predicate);
    // Only the rows under the predicate were counted.
    effect.rows_total = std::nullopt;
    return effect;
}

} // namespace

constinit const Strategy partial = {model::Strategy::partial, pg::LockMode::share_update_exclusive, execute};

} // namespace mvmanager::refresh
