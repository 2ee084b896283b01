#pragma once

#include <cstdint>
#include <limits>
#include <optional>

// Instants, the proleptic Gregorian calendar, and the time zone that the model is handed.
// Nothing here reads a clock or a zone file.

namespace mvmanager::model {

// Microseconds since 2000-01-01 00:00:00 UTC: the same number as PostgreSQL's TimestampTz, infinities included.
using Timestamp = std::int64_t;

inline constexpr Timestamp infinity = std::numeric_limits<std::int64_t>::max();
inline constexpr Timestamp minus_infinity = std::numeric_limits<std::int64_t>::min();

inline constexpr std::int64_t microseconds_per_second = 1'000'000;
inline constexpr std::int64_t microseconds_per_minute = 60 * microseconds_per_second;
inline constexpr std::int64_t microseconds_per_hour = 60 * microseconds_per_minute;
inline constexpr std::int64_t microseconds_per_day = 24 * microseconds_per_hour;

// What a clock on the wall shows. No offset: in a repeated hour two instants read the same.
struct LocalTime {
    std::int32_t year = 2000;
    std::int32_t month = 1; // 1..12
    std::int32_t day = 1;   // 1..31
    std::int32_t hour = 0;  // 0..23
    std::int32_t minute = 0;
    std::int32_t second = 0; // 0..59, leap seconds do not exist
    std::int32_t microsecond = 0;

    friend constexpr bool operator==(const LocalTime &, const LocalTime &) = default;
};

// Division that rounds towards minus infinity, for times before the epoch. REQUIRES: divisor > 0.
constexpr std::int64_t floor_div(std::int64_t value, std::int64_t divisor) {
    const std::int64_t quotient = value / divisor;
    return value % divisor < 0 ? quotient - 1 : quotient;
}

constexpr bool is_leap_year(std::int64_t year) { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0); }

// REQUIRES: month in 1..12.
constexpr int days_in_month(std::int64_t year, int month) {
    constexpr int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return month == 2 && is_leap_year(year) ? 29 : lengths[month - 1];
}

// Days from 2000-01-01 to the given date; valid for years 1 to 294276. REQUIRES: month in 1..12; day may lie outside the
// month and then counts on from its first day.
constexpr std::int64_t days_from_civil(std::int64_t year, int month, std::int64_t day) {
    // Years are counted from March, so that the leap day is the last day of a year and month lengths follow one formula.
    const std::int64_t march_year = month > 2 ? year : year - 1;
    const std::int64_t march_month = month > 2 ? month - 3 : month + 9;
    const std::int64_t leap_days = floor_div(march_year, 4) - floor_div(march_year, 100) + floor_div(march_year, 400);
    constexpr std::int64_t to_epoch = 730'425; // 0000-03-01 to 2000-01-01
    return march_year * 365 + leap_days + (march_month * 153 + 2) / 5 + day - 1 - to_epoch;
}

// The inverse of days_from_civil; the time of day is zero.
constexpr LocalTime civil_from_days(std::int64_t days) {
    const std::int64_t from_march_0000 = days + 730'425;
    const std::int64_t cycle = floor_div(from_march_0000, 146'097); // 400 years
    const std::int64_t day_of_cycle = from_march_0000 - cycle * 146'097;
    // 36,524 days a century, 1,461 in four years: the terms take out the leap days so that plain division by 365 is right.
    const std::int64_t year_of_cycle =
        (day_of_cycle - day_of_cycle / 1'460 + day_of_cycle / 36'524 - day_of_cycle / 146'096) / 365;
    const std::int64_t day_of_year = day_of_cycle - (year_of_cycle * 365 + year_of_cycle / 4 - year_of_cycle / 100);
    const std::int64_t march_month = (day_of_year * 5 + 2) / 153;
    LocalTime date;
    date.day = static_cast<std::int32_t>(day_of_year - (march_month * 153 + 2) / 5 + 1);
    date.month = static_cast<std::int32_t>(march_month < 10 ? march_month + 3 : march_month - 9);
    date.year = static_cast<std::int32_t>(year_of_cycle + cycle * 400 + (date.month <= 2 ? 1 : 0));
    return date;
}

// 0 = Sunday .. 6 = Saturday, for a day counted from 2000-01-01 (a Saturday).
constexpr int weekday_from_days(std::int64_t days) {
    const std::int64_t shifted = days + 6;
    return static_cast<int>(shifted - floor_div(shifted, 7) * 7);
}

// The local reading as a number on the same scale as Timestamp, as if the clock on the wall stood in UTC; and back.
// The offset of a zone at t is as_if_utc(zone.to_local(t)) - t.
constexpr std::int64_t as_if_utc(const LocalTime &local) {
    return days_from_civil(local.year, local.month, local.day) * microseconds_per_day +
           local.hour * microseconds_per_hour + local.minute * microseconds_per_minute +
           local.second * microseconds_per_second + local.microsecond;
}

constexpr LocalTime from_as_if_utc(std::int64_t reading) {
    const std::int64_t days = floor_div(reading, microseconds_per_day);
    std::int64_t rest = reading - days * microseconds_per_day;
    LocalTime local = civil_from_days(days);
    local.hour = static_cast<std::int32_t>(rest / microseconds_per_hour);
    rest %= microseconds_per_hour;
    local.minute = static_cast<std::int32_t>(rest / microseconds_per_minute);
    rest %= microseconds_per_minute;
    local.second = static_cast<std::int32_t>(rest / microseconds_per_second);
    local.microsecond = static_cast<std::int32_t>(rest % microseconds_per_second);
    return local;
}

// The span in which schedules are computed: years 1 to 294275. It ends a year before TimestampTz does, so that adding an
// offset or a day never overflows.
inline constexpr Timestamp first_timestamp = days_from_civil(1, 1, 2) * microseconds_per_day;
inline constexpr Timestamp last_timestamp = days_from_civil(294'276, 1, 1) * microseconds_per_day - 1;

// A time zone. The server side implements it over PostgreSQL's own zone data, so that SQL's AT TIME ZONE and a schedule
// never disagree. Offsets are whole seconds. Implementations must be pure: the same answer for the same argument.
class Zone {
public:
    Zone() = default;
    Zone(const Zone &) = delete;
    Zone &operator=(const Zone &) = delete;
    virtual ~Zone() = default;

    // What the wall shows at t.
    virtual LocalTime to_local(Timestamp t) const = 0;

    // The instant of a local reading, by PostgreSQL's resolution: a reading that was skipped (gap) is taken with the
    // offset before the transition, so it lands as much after the gap as it was inside it; a reading that occurs twice
    // (overlap) is the second occurrence.
    virtual Timestamp to_utc(const LocalTime &local) const = 0;

    // The earliest transition strictly after t (the first instant with the new rules), or nullopt when none is known. May
    // name transitions that leave the offset as it is.
    virtual std::optional<Timestamp> next_transition(Timestamp t) const = 0;
};

class Utc final : public Zone {
public:
    LocalTime to_local(Timestamp t) const override { return from_as_if_utc(t); }
    Timestamp to_utc(const LocalTime &local) const override { return as_if_utc(local); }
    std::optional<Timestamp> next_transition(Timestamp) const override { return std::nullopt; }
};

} // namespace mvmanager::model
