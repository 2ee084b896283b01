// mvmanager.processes, launcher_pid and is_served: what the status views show of what runs now, and may run.

#include "pg/database.hpp"
#include "pg/values.hpp"
#include "scheduler/kick.hpp"
#include "settings.hpp"

#include "pg/postgres.hpp"

extern "C" {
#include "catalog/pg_type.h"
}

namespace mvmanager::api {

MV_FUNCTION(mvm_processes) {
    pg::RowSink out(fcinfo);
    for (const scheduler::Process &process : scheduler::processes())
        out.add({pg::Value::int4(process.pid), pg::Value::text(process.kind),
                 OidIsValid(process.database) ? pg::Value::oid(process.database) : pg::Value::null(OIDOID),
                 pg::Value::int8(process.run_id), pg::Value::timestamptz(process.since)});
    return static_cast<Datum>(0);
}

MV_FUNCTION(mvm_launcher_pid) {
    const auto pid = scheduler::launcher_pid();
    if (!pid) {
        fcinfo->isnull = true;
        return static_cast<Datum>(0);
    }
    return Int32GetDatum(*pid);
}

MV_FUNCTION(mvm_is_served) {
    const auto self = pg::find_database(MyDatabaseId);
    return BoolGetDatum(settings::scheduler && self && pg::is_listed(settings::databases, self->name));
}

} // namespace mvmanager::api
