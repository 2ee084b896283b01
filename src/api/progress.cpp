// mvmanager.refreshes_running: what mvmanager.progress shows of the refreshes that run now.

#include <string_view>

#include "pg/progress.hpp"
#include "pg/values.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::api {
namespace {

std::string_view to_text(pg::Phase phase) {
    switch (phase) {
    case pg::Phase::waiting_for_locks:
        return "waiting for locks";
    case pg::Phase::planning:
        return "planning";
    case pg::Phase::scanning_view:
        return "scanning view";
    case pg::Phase::running_query:
        return "running query";
    case pg::Phase::comparing_partitions:
        return "comparing spilled partitions";
    case pg::Phase::writing_rows:
        return "writing rows";
    case pg::Phase::filling_storage:
        return "filling new storage";
    case pg::Phase::building_indexes:
        return "building indexes";
    case pg::Phase::flushing_wal:
        return "flushing WAL";
    case pg::Phase::analyzing:
        return "analyzing";
    case pg::Phase::waiting_to_swap:
        return "waiting to swap";
    case pg::Phase::swapping:
        return "swapping";
    case pg::Phase::recording:
        return "recording";
    case pg::Phase::core_refresh:
        return "running REFRESH";
    }
    return "unknown";
}

} // namespace

MV_FUNCTION(mvm_refreshes_running) {
    pg::RowSink out(fcinfo);
    for (const pg::ProgressRow &row : pg::read_progress())
        out.add({pg::Value::int4(row.pid), pg::Value::oid(row.relation), pg::Value::int8(row.run),
                 pg::Value::text(model::to_text(row.strategy)), pg::Value::text(to_text(row.phase)),
                 pg::Value::timestamptz(row.started_at), pg::Value::timestamptz(row.phase_started_at),
                 pg::Value::int8(row.rows_read), pg::Value::int8(row.rows_written), pg::Value::int8(row.rows_estimated),
                 pg::Value::int8(row.indexes_done), pg::Value::int8(row.indexes_total),
                 pg::Value::int8(row.blocks_done), pg::Value::int8(row.blocks_total), pg::Value::int8(row.tuples_done),
                 pg::Value::int8(row.tuples_total), pg::Value::int4(row.blocked_by)});
    return static_cast<Datum>(0);
}

} // namespace mvmanager::api
