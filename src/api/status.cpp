// What the status views need and SQL cannot say. Both functions are read-only and give away nothing that is not public.

#include <optional>
#include <string>
#include <variant>

#include "model/schedule.hpp"
#include "pg/relation_lock.hpp"
#include "pg/values.hpp"
#include "pg/zone.hpp"

#include "pg/postgres.hpp"

extern "C" {
#include "utils/fmgrprotos.h"
}

namespace mvmanager::api {
namespace {

struct DueTimes {
    std::optional<std::int64_t> first, second;
};

// A row that cannot be read (a zone this server does not have) must not take the whole view with it: it has no times.
DueTimes due_times(const std::string &text, const std::string &time_zone, std::int64_t since) {
    auto const parsed = model::parse(text);
    auto const *const schedule = std::get_if<model::Schedule>(&parsed);
    auto const zone = pg::ServerZone::find(time_zone);
    if (!schedule || !zone || !model::has_due_times(*schedule) || since < model::first_timestamp ||
        since > model::last_timestamp)
        return {};
    DueTimes times;
    times.first = model::next_run(*schedule, since, since, *zone);
    if (times.first)
        times.second = model::next_run(*schedule, *times.first, since, *zone);
    return times;
}

} // namespace

MV_FUNCTION(mvm_due_times) {
    pg::Arguments const arguments(fcinfo);
    DueTimes times;
    if (!arguments.is_null(0) && !arguments.is_null(1) && !arguments.is_null(2))
        times = due_times(arguments.require<std::string>(0, "schedule"), arguments.require<std::string>(1, "time_zone"),
                          arguments.require<std::int64_t>(2, "since"));
    return pg::make_row(fcinfo, {pg::Value::timestamptz(times.first), pg::Value::timestamptz(times.second)});
}

// pg_total_relation_size waits for whoever has the relation locked, and would make monitoring hang behind a refresh.
MV_FUNCTION(mvm_relation_bytes) {
    auto const relation = pg::Arguments(fcinfo).get<Oid>(0);
    if (!relation || !pg::lock_relation(*relation, pg::LockMode::access_share, pg::Wait::no))
        PG_RETURN_NULL();
    std::optional<std::int64_t> bytes;
    if (pg::describe_relation(*relation))
        bytes = pg::call(
            [&] { return DatumGetInt64(DirectFunctionCall1(pg_total_relation_size, ObjectIdGetDatum(*relation))); });
    pg::unlock_relation(*relation, pg::LockMode::access_share);
    if (!bytes)
        PG_RETURN_NULL();
    return Int64GetDatum(*bytes);
}

} // namespace mvmanager::api
