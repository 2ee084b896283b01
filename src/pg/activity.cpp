#include "pg/activity.hpp"

#include "pg/postgres.hpp"

extern "C" {
#include "executor/instrument.h"
#include "pgstat.h"
#include "utils/fmgrprotos.h"
}

namespace mvmanager::pg {

std::optional<RowCounters> rows_written(Oid relation) {
    if (!pgstat_track_counts)
        return std::nullopt;
    RowCounters counters;
    call([&] {
        Datum const oid = ObjectIdGetDatum(relation);
        counters = {DatumGetInt64(DirectFunctionCall1(pg_stat_get_xact_tuples_inserted, oid)),
                    DatumGetInt64(DirectFunctionCall1(pg_stat_get_xact_tuples_updated, oid)),
                    DatumGetInt64(DirectFunctionCall1(pg_stat_get_xact_tuples_deleted, oid))};
    });
    return counters;
}

std::int64_t wal_bytes_written() { return static_cast<std::int64_t>(pgWalUsage.wal_bytes); }

} // namespace mvmanager::pg
