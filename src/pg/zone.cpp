#include "pg/zone.hpp"

#include "pg/guard.hpp"

#include "pg/postgres.hpp"

extern "C" {
#include "pgtime.h"
#include "utils/datetime.h"
#include "utils/timestamp.h"
}

namespace mvmanager::pg {
namespace {

constexpr std::int64_t epoch_difference =
    static_cast<std::int64_t>(POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * SECS_PER_DAY;

pg_time_t to_unix(model::Timestamp t) { return model::floor_div(t, model::microseconds_per_second) + epoch_difference; }
model::Timestamp from_unix(pg_time_t t) { return (t - epoch_difference) * model::microseconds_per_second; }

} // namespace

std::unique_ptr<ServerZone> ServerZone::find(const std::string &name) {
    if (name.empty() || name.size() > TZ_STRLEN_MAX)
        return nullptr;
    pg_tz *zone = call([&] {
        pg_tz *found = pg_tzset(name.c_str());
        // Zones with leap seconds are refused as SET TimeZone refuses them.
        return found && pg_tz_acceptable(found) ? found : nullptr;
    });
    return zone ? std::unique_ptr<ServerZone>(new ServerZone(zone)) : nullptr;
}

std::string ServerZone::name() const { return pg_get_timezone_name(zone_); }

model::LocalTime ServerZone::to_local(model::Timestamp t) const {
    const pg_time_t seconds = to_unix(t);
    const pg_tm *local = pg_localtime(&seconds, zone_);
    if (!local)
        return model::from_as_if_utc(t);
    return {
        .year = local->tm_year + 1900,
        .month = local->tm_mon + 1,
        .day = local->tm_mday,
        .hour = local->tm_hour,
        .minute = local->tm_min,
        .second = local->tm_sec,
        .microsecond = static_cast<std::int32_t>(t - from_unix(seconds)),
    };
}

model::Timestamp ServerZone::to_utc(const model::LocalTime &local) const {
    pg_tm reading{};
    reading.tm_year = local.year;
    reading.tm_mon = local.month;
    reading.tm_mday = local.day;
    reading.tm_hour = local.hour;
    reading.tm_min = local.minute;
    reading.tm_sec = local.second;
    const std::int64_t west = DetermineTimeZoneOffset(&reading, zone_);
    return model::as_if_utc(local) + west * model::microseconds_per_second;
}

std::optional<model::Timestamp> ServerZone::next_transition(model::Timestamp t) const {
    const pg_time_t seconds = to_unix(t);
    long before_offset = 0, after_offset = 0;
    int before_is_dst = 0, after_is_dst = 0;
    pg_time_t boundary = 0;
    if (pg_next_dst_boundary(&seconds, &before_offset, &before_is_dst, &boundary, &after_offset, &after_is_dst,
                             zone_) <= 0)
        return std::nullopt;
    return from_unix(boundary);
}

} // namespace mvmanager::pg
