// REFRESH MATERIALIZED VIEW CONCURRENTLY: the query into a temporary table, joined with the view on its unique index, and
// the differences written as deletes and inserts. Readers go on.

#include "pg/activity.hpp"
#include "pg/progress.hpp"
#include "pg/refresh_command.hpp"
#include "refresh/strategy.hpp"

namespace mvmanager::refresh {
namespace {

Effect execute(const Target &target, Ground &) {
    Effect effect;
    pg::progress_phase(pg::Phase::core_refresh);
    // Core analyzes its temporary tables in the midst of it.
    pg::KeepProgress const keep;
    auto const before = pg::rows_written(target.relation.oid);
    effect.rows_total = pg::refresh_materialized_view(target.relation, pg::Concurrently::yes);
    auto const after = pg::rows_written(target.relation.oid);
    if (before && after) {
        effect.rows_inserted = after->inserted - before->inserted;
        effect.rows_updated = after->updated - before->updated;
        effect.rows_deleted = after->deleted - before->deleted;
    }
    return effect;
}

} // namespace

constinit const Strategy concurrently = {model::Strategy::concurrently, pg::LockMode::exclusive, execute};

} // namespace mvmanager::refresh
