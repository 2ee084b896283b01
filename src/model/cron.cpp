#include "model/cron.hpp"

#include <algorithm>
#include <bit>

namespace mvmanager::model {
namespace {

constexpr std::int64_t seconds_per_day = 86'400;

// The days of a month that match, as bits 1..31.
std::uint32_t matching_days(const Cron &cron, std::int64_t year, int month) {
    const int length = days_in_month(year, month);
    const auto in_month = static_cast<std::uint32_t>(((std::uint64_t{1} << length) - 1) << 1);
    std::uint32_t by_day = cron.days;
    if (cron.last_day)
        by_day |= std::uint32_t{1} << length;

    // The week turned so that bit 0 is the weekday of the first, then repeated over the month.
    const int first = weekday_from_days(days_from_civil(year, month, 1));
    const std::uint64_t week = ((cron.weekdays >> first) | (cron.weekdays << (7 - first))) & 0x7FU;
    const auto by_weekday = static_cast<std::uint32_t>((week | week << 7 | week << 14 | week << 21 | week << 28) << 1);

    const bool both_restricted = !cron.any_day && !cron.any_weekday;
    return (both_restricted ? by_day | by_weekday : by_day & by_weekday) & in_month;
}

int first_second_of_day(const Cron &cron) {
    return std::countr_zero(cron.hours) * 3'600 + std::countr_zero(cron.minutes) * 60 + std::countr_zero(cron.seconds);
}

// The first matching second of a day at or after `from` (0..86399), -1 for none.
int next_second_of_day(const Cron &cron, int from) {
    const int hour = from / 3'600;
    const int minute = from / 60 % 60;
    const int second = from % 60;
    if ((cron.hours >> hour & 1U) != 0) {
        if ((cron.minutes >> minute & 1U) != 0) {
            const std::uint64_t seconds = cron.seconds >> second;
            if (seconds != 0)
                return from + std::countr_zero(seconds);
        }
        const std::uint64_t minutes = cron.minutes >> (minute + 1);
        if (minutes != 0) {
            const int found = minute + 1 + std::countr_zero(minutes);
            return hour * 3'600 + found * 60 + std::countr_zero(cron.seconds);
        }
    }
    const std::uint32_t hours = cron.hours >> (hour + 1);
    if (hours == 0)
        return -1;
    const int found = hour + 1 + std::countr_zero(hours);
    return found * 3'600 + std::countr_zero(cron.minutes) * 60 + std::countr_zero(cron.seconds);
}

// The first matching reading of a wall clock at or after `from`, in seconds as if in UTC. Looks 400 years far: after
// that the calendar repeats, so that nothing found means never.
std::optional<std::int64_t> next_reading(const Cron &cron, std::int64_t from) {
    const std::int64_t from_day = floor_div(from, seconds_per_day);
    const LocalTime date = civil_from_days(from_day);
    std::int64_t year = date.year;
    int month = date.month;

    // Only the month that `from` lies in can have days and times that are past already.
    if ((cron.months >> month & 1U) != 0) {
        std::uint32_t days = matching_days(cron, year, month) >> date.day << date.day;
        if ((days >> date.day & 1U) != 0) {
            const int second = next_second_of_day(cron, static_cast<int>(from - from_day * seconds_per_day));
            if (second >= 0)
                return from_day * seconds_per_day + second;
            days &= days - 1;
        }
        if (days != 0) {
            const int ahead = std::countr_zero(days) - date.day;
            return (from_day + ahead) * seconds_per_day + first_second_of_day(cron);
        }
    }
    const std::int64_t last_year = year + 400;
    while (year <= last_year) {
        const std::uint32_t months = cron.months >> (month + 1);
        if (months == 0) {
            ++year;
            month = 0;
            continue;
        }
        month += 1 + std::countr_zero(months);
        const std::uint32_t days = matching_days(cron, year, month);
        if (days != 0) {
            return days_from_civil(year, month, std::countr_zero(days)) * seconds_per_day + first_second_of_day(cron);
        }
    }
    return std::nullopt;
}

std::int64_t offset_at(const Zone &zone, std::int64_t second) {
    const Timestamp t = second * microseconds_per_second;
    return floor_div(as_if_utc(zone.to_local(t)) - t, microseconds_per_second);
}

// A wildcard may name a reading that its zone skips every time it comes: the search must end then too.
constexpr std::int64_t longest_wait = 146'097 * seconds_per_day; // 400 years

constexpr std::int64_t no_transition = last_timestamp / microseconds_per_second + 1;

std::int64_t transition_after(const Zone &zone, std::int64_t second) {
    const std::optional<Timestamp> found = zone.next_transition(second * microseconds_per_second);
    if (!found)
        return no_transition;
    const std::int64_t transition = floor_div(*found, microseconds_per_second);
    return transition > second ? std::min(transition, no_transition) : no_transition;
}

// The last transition in (second - 2 days, second], which is as far as a skipped stretch of local time reaches; `second`
// where there is none.
std::int64_t recent_transition(const Zone &zone, std::int64_t second) {
    std::int64_t recent = second;
    std::int64_t next = transition_after(zone, second - 2 * seconds_per_day);
    while (next <= second) {
        recent = next;
        next = transition_after(zone, next);
    }
    return recent;
}

} // namespace

bool never_fires(const Cron &cron) { return !next_reading(cron, 0).has_value(); }

// Between two transitions a wall clock is UTC plus a constant, so the search runs on readings, stretch by stretch.
// For fixed times two corrections make each local date count once:
// - at the end of a stretch, readings that will come again after a transition backwards are left to their second pass;
// - at its beginning, readings that a transition forwards skipped are due as if the old offset still held.
std::optional<Timestamp> next_run(const Cron &cron, Timestamp after, const Zone &zone) {
    if (after >= last_timestamp)
        return std::nullopt;
    std::int64_t from = floor_div(std::max(after, first_timestamp), microseconds_per_second) + 1;
    const bool fixed = !cron.wildcard;

    std::int64_t begin = fixed ? recent_transition(zone, from) : from;
    std::int64_t offset = offset_at(zone, from);
    std::int64_t old_offset = fixed ? offset_at(zone, begin - 1) : offset;

    const std::int64_t horizon = std::min(no_transition, from + longest_wait);
    while (from < horizon) {
        const std::int64_t end = transition_after(zone, from);
        const std::int64_t next_offset = end < no_transition ? offset_at(zone, end) : offset;
        const std::int64_t repeated = fixed && next_offset < offset ? offset - next_offset : 0;

        const std::optional<std::int64_t> reading = next_reading(cron, from + offset);
        if (!reading)
            return std::nullopt;
        std::optional<std::int64_t> due;
        if (*reading - offset < end - repeated)
            due = *reading - offset;

        if (fixed && offset > old_offset) {
            const std::int64_t gap_end = begin + offset; // as a reading
            const std::optional<std::int64_t> skipped = next_reading(cron, from + old_offset);
            if (skipped && *skipped < gap_end)
                due = std::min(due.value_or(no_transition), *skipped - old_offset);
        }
        if (due)
            return *due < no_transition ? std::optional(*due * microseconds_per_second) : std::nullopt;

        begin = end;
        from = end;
        old_offset = offset;
        offset = next_offset;
    }
    return std::nullopt;
}

} // namespace mvmanager::model
