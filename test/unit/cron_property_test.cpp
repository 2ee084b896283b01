// Due times against their plain definition: fixed times by going through the local dates one by one, wildcards by going
// through the minutes of UTC one by one, in every zone of the world around every transition of fifteen years.

#include <gtest/gtest.h>

#include <bit>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "model/schedule.hpp"
#include "moment.hpp"
#include "tzif_zone.hpp"

namespace mvmanager::model {
namespace {

using test::show;
using test::TzifZone;
using test::utc;

Cron cron(std::string_view text) { return std::get<Cron>(std::get<Schedule>(parse(text))); }

bool matches_date(const Cron &schedule, const LocalTime &date) {
    if ((schedule.months >> date.month & 1U) == 0)
        return false;
    const int weekday = weekday_from_days(days_from_civil(date.year, date.month, date.day));
    const bool is_last = date.day == days_in_month(date.year, date.month);
    const bool by_day = (schedule.days >> date.day & 1U) != 0 || (schedule.last_day && is_last);
    const bool by_weekday = (schedule.weekdays >> weekday & 1U) != 0;
    if (schedule.any_day || schedule.any_weekday)
        return by_day && by_weekday;
    return by_day || by_weekday;
}

bool matches_time(const Cron &schedule, const LocalTime &time) {
    return (schedule.hours >> time.hour & 1U) != 0 && (schedule.minutes >> time.minute & 1U) != 0 &&
           (schedule.seconds >> time.second & 1U) != 0;
}

// All due times in (begin, end], from the definition. Schedules without a seconds field only.
std::set<Timestamp> expected(const Cron &schedule, Timestamp begin, Timestamp end, const Zone &zone) {
    std::set<Timestamp> due;
    if (schedule.wildcard) {
        for (Timestamp t = floor_div(begin, microseconds_per_minute) * microseconds_per_minute; t <= end;
             t += microseconds_per_minute) {
            const LocalTime time = zone.to_local(t);
            if (t > begin && matches_date(schedule, time) && matches_time(schedule, time))
                due.insert(t);
        }
        return due;
    }
    const std::int64_t first_day = floor_div(begin, microseconds_per_day) - 3;
    for (std::int64_t day = first_day; day * microseconds_per_day <= end + 3 * microseconds_per_day; ++day) {
        const LocalTime date = civil_from_days(day);
        if (!matches_date(schedule, date))
            continue;
        for (int minute = 0; minute < 1'440; ++minute) {
            LocalTime time = date;
            time.hour = minute / 60;
            time.minute = minute % 60;
            if (!matches_time(schedule, time))
                continue;
            const Timestamp t = zone.to_utc(time);
            if (t > begin && t <= end)
                due.insert(t);
        }
    }
    return due;
}

std::set<Timestamp> computed(const Cron &schedule, Timestamp begin, Timestamp end, const Zone &zone) {
    std::set<Timestamp> due;
    Timestamp last = begin;
    for (;;) {
        const std::optional<Timestamp> next = next_run(schedule, last, zone);
        if (!next || *next > end)
            return due;
        if (*next <= last) {
            ADD_FAILURE() << "not after " << show(last);
            return due;
        }
        due.insert(*next);
        last = *next;
    }
}

constexpr std::string_view patterns[] = {
    "30 2 * * *",       "0 0 * * *",    "0 2 * * *",    "0 3 * * *",     "59 23 * * *",      "15,45 0-3 * * *",
    "0 0 1 * *",        "30 1 L * *",   "0 12 * * sun", "10 1 13 * sat", "0,30 0,1,2 * * 0", "5 0-23 * * *",
    "* * * * *",        "*/5 * * * *",  "0 * * * *",    "*/30 2 * * *",  "* 0-3 * * sun",    "20 */2 * * *",
    "0-10/2 1-2 * * *", "17 0/3 * * *", "@monthly",
};

std::vector<std::string> all_zones() {
    std::ifstream table("/usr/share/zoneinfo/tzdata.zi");
    std::vector<std::string> names;
    std::string line;
    while (std::getline(table, line)) {
        std::istringstream words(line);
        std::string kind, name;
        words >> kind >> name;
        if (kind == "Z" && name.find('/') != std::string::npos)
            names.push_back(name);
    }
    return names;
}

TEST(CronProperty, EveryZoneAroundEveryTransition) {
    const std::vector<std::string> names = all_zones();
    ASSERT_GE(names.size(), 300U);
    int transitions = 0;
    std::vector<Cron> schedules;
    for (const std::string_view pattern : patterns)
        schedules.push_back(cron(pattern));
    std::size_t patterns_met = 0;
    for (const std::string &name : names) {
        const TzifZone zone(name);
        Timestamp at = utc("2009-06-01 00:00");
        while (const std::optional<Timestamp> next = zone.next_transition(at)) {
            at = *next;
            if (at > utc("2027-01-01 00:00"))
                break;
            const Timestamp begin = at - 30 * microseconds_per_hour - 12'345;
            const Timestamp end = at + 30 * microseconds_per_hour;
            // Two patterns at each transition, taken in turn.
            for (std::size_t turn = 0; turn < 2; ++turn) {
                const Cron &schedule = schedules[patterns_met++ % schedules.size()];
                ASSERT_EQ(computed(schedule, begin, end, zone), expected(schedule, begin, end, zone))
                    << name << ' ' << schedule.text << " around " << show(at);
            }
            ++transitions;
        }
    }
    EXPECT_GT(transitions, 2'000);
    RecordProperty("transitions", transitions);
}

TEST(CronProperty, EveryPatternInNotableZonesForYears) {
    for (const char *const name :
         {"Europe/Berlin", "Australia/Lord_Howe", "America/Sao_Paulo", "Asia/Tokyo", "America/Havana", "Pacific/Apia",
          "Africa/Casablanca", "Antarctica/Troll", "Asia/Gaza"}) {
        const TzifZone zone(name);
        for (const std::string_view pattern : patterns) {
            const Cron schedule = cron(pattern);
            if (schedule.wildcard)
                continue;
            const Timestamp begin = utc("2009-12-31 10:00");
            const Timestamp end = utc("2020-01-05 10:00");
            ASSERT_EQ(computed(schedule, begin, end, zone), expected(schedule, begin, end, zone))
                << name << ' ' << pattern;
        }
    }
}

// The promise in its own words: one due time for each local date, at that reading wherever the clock shows it.
TEST(CronProperty, FixedTimeExactlyOnceALocalDay) {
    int skipped = 0;
    for (const char *const name :
         {"Europe/Berlin", "Australia/Lord_Howe", "America/Sao_Paulo", "America/Havana", "Africa/Casablanca",
          "Antarctica/Troll", "Asia/Gaza", "America/Nuuk", "Africa/Cairo"}) {
        const TzifZone zone(name);
        for (const std::string_view pattern :
             {"30 2 * * *", "0 0 * * *", "30 0 * * *", "30 23 * * *", "0 1 * * *", "59 1 * * *"}) {
            const Cron schedule = cron(pattern);
            LocalTime wanted{2010, 1, 1};
            wanted.hour = std::countr_zero(schedule.hours);
            wanted.minute = std::countr_zero(schedule.minutes);
            Timestamp last = zone.to_utc(wanted);
            while (wanted.year < 2030) {
                wanted = from_as_if_utc(as_if_utc(wanted) + microseconds_per_day);
                const std::optional<Timestamp> next = next_run(schedule, last, zone);
                ASSERT_TRUE(next.has_value());
                ASSERT_GT(*next, last);
                const LocalTime reading = zone.to_local(*next);
                if (zone.to_local(zone.to_utc(wanted)) == wanted) {
                    ASSERT_EQ(show(reading), show(wanted)) << name << ' ' << pattern;
                } else {
                    ++skipped;
                    const std::int64_t later = as_if_utc(reading) - as_if_utc(wanted);
                    ASSERT_TRUE(later > 0 && later <= 3 * microseconds_per_hour)
                        << name << ' ' << pattern << ' ' << show(wanted);
                }
                last = *next;
            }
        }
    }
    EXPECT_GT(skipped, 50) << "the zones no longer skip the times that this test is about";
}

// A question asked late, or at an odd moment between two due times, has the same answer.
TEST(CronProperty, AnswerDependsOnTheMomentAlone) {
    const TzifZone zone("America/Sao_Paulo");
    for (const std::string_view pattern : patterns) {
        const Cron schedule = cron(pattern);
        const Timestamp begin = utc("2018-02-16 00:00");
        const Timestamp end = utc("2018-02-20 00:00");
        const std::set<Timestamp> due = computed(schedule, begin, end, zone);
        for (Timestamp t = begin; t < end; t += 7 * microseconds_per_minute + 13) {
            const auto following = due.upper_bound(t);
            if (following == due.end())
                break;
            ASSERT_EQ(next_run(schedule, t, zone), *following) << pattern << " after " << show(t);
        }
    }
}

} // namespace
} // namespace mvmanager::model
