// REFRESH MATERIALIZED VIEW: the query into a new heap, every index built again, readers shut out from start to commit.

#include "pg/progress.hpp"
#include "pg/refresh_command.hpp"
#include "refresh/strategy.hpp"

namespace mvmanager::refresh {
namespace {

Effect execute(const Target &target, Ground &) {
    Effect effect;
    pg::progress_phase(pg::Phase::core_refresh);
    effect.rows_total = pg::refresh_materialized_view(target.relation, pg::Concurrently::no);
    // The old rows are thrown away uncompared, so how many of them came back is known only where there were none.
    if (!target.facts.populated) {
        effect.rows_inserted = effect.rows_total;
        effect.rows_updated = 0;
        effect.rows_deleted = 0;
    }
    return effect;
}

} // namespace

constinit const Strategy native = {model::Strategy::native, pg::LockMode::access_exclusive, execute};

} // namespace mvmanager::refresh
