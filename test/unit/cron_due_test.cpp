// Due times of cron schedules: calendars, and clocks that change.

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "model/schedule.hpp"
#include "moment.hpp"
#include "tzif_zone.hpp"

namespace mvmanager::model {
namespace {

using test::local;
using test::show;
using test::TzifZone;
using test::utc;

Cron cron(std::string_view text) { return std::get<Cron>(std::get<Schedule>(parse(text))); }

using Times = std::vector<std::string>;

// The next due times after a UTC instant, shown in UTC.
Times due(std::string_view text, const std::string &after, int count, const Zone &zone = Utc()) {
    const Cron schedule = cron(text);
    Times times;
    Timestamp last = utc(after);
    for (int i = 0; i < count; ++i) {
        const std::optional<Timestamp> next = next_run(schedule, last, zone);
        if (!next)
            break;
        times.push_back(show(*next));
        last = *next;
    }
    return times;
}

TEST(CronDue, IsStrictlyAfter) {
    const Cron schedule = cron("0 3 * * *");
    const Timestamp three = utc("2026-05-05 03:00");
    EXPECT_EQ(next_run(schedule, three - 1, Utc()), three);
    EXPECT_EQ(next_run(schedule, three, Utc()), three + microseconds_per_day);
    EXPECT_EQ(next_run(schedule, three + 1, Utc()), three + microseconds_per_day);
    const Cron every_second = cron("* * * * * *");
    EXPECT_EQ(next_run(every_second, three, Utc()), three + microseconds_per_second);
    EXPECT_EQ(next_run(every_second, three + 1, Utc()), three + microseconds_per_second);
    EXPECT_EQ(next_run(every_second, three + 999'999, Utc()), three + microseconds_per_second);
    EXPECT_EQ(next_run(every_second, three - 1, Utc()), three);
}

TEST(CronDue, StepsListsAndRanges) {
    EXPECT_EQ(due("*/20 * * * *", "2026-01-01 00:00", 4),
              (Times{"2026-01-01 00:20", "2026-01-01 00:40", "2026-01-01 01:00", "2026-01-01 01:20"}));
    EXPECT_EQ(due("*/25 * * * *", "2026-01-01 00:30", 3),
              (Times{"2026-01-01 00:50", "2026-01-01 01:00", "2026-01-01 01:25"}));
    EXPECT_EQ(due("5,35 8-9 * * *", "2026-01-01 08:05", 4),
              (Times{"2026-01-01 08:35", "2026-01-01 09:05", "2026-01-01 09:35", "2026-01-02 08:05"}));
    EXPECT_EQ(due("*/40 58 23 31 12 *", "2026-12-31 23:58:00", 3),
              (Times{"2026-12-31 23:58:40", "2027-12-31 23:58", "2027-12-31 23:58:40"}));
    EXPECT_EQ(due("0 0 * * mon-fri", "2026-11-19 12:00", 3),
              (Times{"2026-11-20 00:00", "2026-11-23 00:00", "2026-11-24 00:00"}));
}

TEST(CronDue, LeapDayAcross2100) {
    EXPECT_EQ(due("0 0 29 2 *", "2089-01-01 00:00", 4),
              (Times{"2092-02-29 00:00", "2096-02-29 00:00", "2104-02-29 00:00", "2108-02-29 00:00"}));
    EXPECT_EQ(due("0 0 29 2 *", "1999-03-01 00:00", 1), (Times{"2000-02-29 00:00"}));
    EXPECT_EQ(due("59 59 23 29 2 *", "2024-02-29 23:59:58", 2), (Times{"2024-02-29 23:59:59", "2028-02-29 23:59:59"}));
}

TEST(CronDue, DaysThatMonthsLack) {
    EXPECT_EQ(due("0 0 31 * *", "2026-01-31 00:00", 4),
              (Times{"2026-03-31 00:00", "2026-05-31 00:00", "2026-07-31 00:00", "2026-08-31 00:00"}));
    EXPECT_EQ(due("0 0 30 * *", "2026-01-30 00:00", 2), (Times{"2026-03-30 00:00", "2026-04-30 00:00"}));
    EXPECT_EQ(due("0 0 31 2,3 *", "2026-01-01 00:00", 2), (Times{"2026-03-31 00:00", "2027-03-31 00:00"}));
}

TEST(CronDue, LastDay) {
    EXPECT_EQ(
        due("0 6 L * *", "2027-11-30 06:00", 5),
        (Times{"2027-12-31 06:00", "2028-01-31 06:00", "2028-02-29 06:00", "2028-03-31 06:00", "2028-04-30 06:00"}));
    EXPECT_EQ(due("0 0 L 2 *", "2098-01-01 00:00", 4),
              (Times{"2098-02-28 00:00", "2099-02-28 00:00", "2100-02-28 00:00", "2101-02-28 00:00"}));
    EXPECT_EQ(due("0 0 15,L 4 *", "2026-01-01 00:00", 2), (Times{"2026-04-15 00:00", "2026-04-30 00:00"}));
    EXPECT_EQ(due("0 0 30,L 4 *", "2026-01-01 00:00", 2), (Times{"2026-04-30 00:00", "2027-04-30 00:00"}))
        << "once, not twice";
}

TEST(CronDue, DayOrWeekday) {
    EXPECT_EQ(due("0 0 13 * fri", "2026-11-01 00:00", 4),
              (Times{"2026-11-06 00:00", "2026-11-13 00:00", "2026-11-20 00:00", "2026-11-27 00:00"}));
    EXPECT_EQ(due("0 0 13 * mon", "2026-11-08 00:00", 3),
              (Times{"2026-11-09 00:00", "2026-11-13 00:00", "2026-11-16 00:00"}));
    EXPECT_EQ(due("0 0 * * mon", "2026-11-08 00:00", 2), (Times{"2026-11-09 00:00", "2026-11-16 00:00"}))
        << "the star decides nothing";
    EXPECT_EQ(due("0 0 13 * *", "2026-11-08 00:00", 2), (Times{"2026-11-13 00:00", "2026-12-13 00:00"}));
    EXPECT_EQ(due("0 0 L * sun", "2026-11-23 00:00", 3),
              (Times{"2026-11-29 00:00", "2026-11-30 00:00", "2026-12-06 00:00"}));
    EXPECT_EQ(due("0 0 30 2 mon", "2026-01-01 00:00", 2), (Times{"2026-02-02 00:00", "2026-02-09 00:00"}))
        << "there is no 30 February, there are Mondays";
}

TEST(CronDue, RareDates) {
    // 29 February or 1 February on a Monday, both fields taken together.
    const Times times = due("0 0 */28 2 mon", "2026-01-01 00:00", 4);
    EXPECT_EQ(times, (Times{"2027-02-01 00:00", "2038-02-01 00:00", "2044-02-01 00:00", "2044-02-29 00:00"}));
}

TEST(CronDue, YearEnd) {
    EXPECT_EQ(due("59 59 23 31 12 *", "2026-01-01 00:00", 2), (Times{"2026-12-31 23:59:59", "2027-12-31 23:59:59"}));
    EXPECT_EQ(due("* * * * * *", "2026-12-31 23:59:58", 3),
              (Times{"2026-12-31 23:59:59", "2027-01-01 00:00", "2027-01-01 00:00:01"}));
    EXPECT_EQ(due("@yearly", "2026-12-31 23:59:59", 1), (Times{"2027-01-01 00:00"}));
}

TEST(CronDue, EndsOfTheCalendar) {
    const Cron schedule = cron("0 0 * * *");
    EXPECT_EQ(next_run(schedule, infinity, Utc()), std::nullopt);
    EXPECT_EQ(next_run(schedule, last_timestamp, Utc()), std::nullopt);
    EXPECT_EQ(next_run(schedule, last_timestamp - microseconds_per_hour, Utc()), std::nullopt);
    EXPECT_EQ(show(*next_run(schedule, minus_infinity, Utc())), "0001-01-03 00:00");
    EXPECT_TRUE(next_run(schedule, last_timestamp - 2 * microseconds_per_day, Utc()).has_value());
    EXPECT_EQ(next_run(cron("0 0 29 2 *"), last_timestamp - 366 * microseconds_per_day, Utc()), std::nullopt);
}

// Fixed times: Berlin skips 02:00-03:00 on 2026-03-29 and repeats it on 2026-10-25.
TEST(CronDue, FixedTimeInTheGapRunsOnceAtTheServersReading) {
    const TzifZone berlin("Europe/Berlin");
    EXPECT_EQ(due("30 2 * * *", "2026-03-27 12:00", 3, berlin),
              (Times{"2026-03-28 01:30", "2026-03-29 01:30", "2026-03-30 00:30"}));
    EXPECT_EQ(due("0 2 * * *", "2026-03-28 12:00", 2, berlin), (Times{"2026-03-29 01:00", "2026-03-30 00:00"}));
    EXPECT_EQ(due("59 59 2 * * *", "2026-03-28 12:00", 2, berlin),
              (Times{"2026-03-29 01:59:59", "2026-03-30 00:59:59"}));
    EXPECT_EQ(due("0 3 * * *", "2026-03-28 12:00", 2, berlin), (Times{"2026-03-29 01:00", "2026-03-30 01:00"}));
    // 02:30 is read as 03:30: with 03:30 on the list too, that instant is one due time, and 03:00 comes before it.
    EXPECT_EQ(due("0,30 2,3 * * *", "2026-03-28 12:00", 3, berlin),
              (Times{"2026-03-29 01:00", "2026-03-29 01:30", "2026-03-30 00:00"}));
    EXPECT_EQ(due("15,45 2,3 * * *", "2026-03-29 01:20", 2, berlin), (Times{"2026-03-29 01:45", "2026-03-30 00:15"}));
    // Asked in the very middle, and just at the transition.
    EXPECT_EQ(due("30 2 * * *", "2026-03-29 01:00", 1, berlin), (Times{"2026-03-29 01:30"}));
    EXPECT_EQ(due("30 2 * * *", "2026-03-29 01:29", 1, berlin), (Times{"2026-03-29 01:30"}));
    EXPECT_EQ(due("30 2 * * *", "2026-03-29 01:30", 1, berlin), (Times{"2026-03-30 00:30"}));
    EXPECT_EQ(due("0 2 * * *", "2026-03-29 00:59:59", 1, berlin), (Times{"2026-03-29 01:00"}));
}

TEST(CronDue, FixedTimeInTheOverlapRunsOnceAtTheSecondOccurrence) {
    const TzifZone berlin("Europe/Berlin");
    EXPECT_EQ(due("30 2 * * *", "2026-10-23 12:00", 3, berlin),
              (Times{"2026-10-24 00:30", "2026-10-25 01:30", "2026-10-26 01:30"}));
    EXPECT_EQ(due("0 2 * * *", "2026-10-24 12:00", 2, berlin), (Times{"2026-10-25 01:00", "2026-10-26 01:00"}));
    EXPECT_EQ(due("59 1 * * *", "2026-10-24 12:00", 1, berlin), (Times{"2026-10-24 23:59"}));
    EXPECT_EQ(due("0 3 * * *", "2026-10-24 12:00", 1, berlin), (Times{"2026-10-25 02:00"}));
    // Between the two passes: the first one is over and was not it.
    EXPECT_EQ(due("30 2 * * *", "2026-10-25 00:30", 1, berlin), (Times{"2026-10-25 01:30"}));
    EXPECT_EQ(due("30 2 * * *", "2026-10-25 01:00", 1, berlin), (Times{"2026-10-25 01:30"}));
}

TEST(CronDue, WildcardKeepsItsSpacing) {
    const TzifZone berlin("Europe/Berlin");
    EXPECT_EQ(
        due("*/30 * * * *", "2026-03-29 00:00", 5, berlin),
        (Times{"2026-03-29 00:30", "2026-03-29 01:00", "2026-03-29 01:30", "2026-03-29 02:00", "2026-03-29 02:30"}));
    EXPECT_EQ(
        due("*/30 * * * *", "2026-10-25 00:00", 5, berlin),
        (Times{"2026-10-25 00:30", "2026-10-25 01:00", "2026-10-25 01:30", "2026-10-25 02:00", "2026-10-25 02:30"}));
    // Both passes of the repeated hour; nothing in the skipped one.
    EXPECT_EQ(
        due("*/30 2 * * *", "2026-10-24 12:00", 5, berlin),
        (Times{"2026-10-25 00:00", "2026-10-25 00:30", "2026-10-25 01:00", "2026-10-25 01:30", "2026-10-26 01:00"}));
    EXPECT_EQ(due("*/30 2 * * *", "2026-03-28 12:00", 2, berlin), (Times{"2026-03-30 00:00", "2026-03-30 00:30"}));
    EXPECT_EQ(due("@hourly", "2026-10-24 23:30", 4, berlin),
              (Times{"2026-10-25 00:00", "2026-10-25 01:00", "2026-10-25 02:00", "2026-10-25 03:00"}));
}

TEST(CronDue, HalfAnHourAtLordHowe) {
    // 2026-10-04 02:00 -> 02:30 (+10:30 to +11); 2026-04-05 02:00 -> 01:30.
    const TzifZone zone("Australia/Lord_Howe");
    EXPECT_EQ(due("15 2 * * *", "2026-10-03 00:00", 2, zone), (Times{"2026-10-03 15:45", "2026-10-04 15:15"}));
    EXPECT_EQ(due("45 2 * * *", "2026-10-03 00:00", 2, zone), (Times{"2026-10-03 15:45", "2026-10-04 15:45"}));
    EXPECT_EQ(due("15,45 2 * * *", "2026-10-03 00:00", 2, zone), (Times{"2026-10-03 15:45", "2026-10-04 15:15"}))
        << "one instant";
    EXPECT_EQ(due("45 1 * * *", "2026-04-04 12:00", 2, zone), (Times{"2026-04-04 15:15", "2026-04-05 15:15"}));
    EXPECT_EQ(due("*/15 1 * * *", "2026-04-04 13:00", 7, zone),
              (Times{"2026-04-04 14:00", "2026-04-04 14:15", "2026-04-04 14:30", "2026-04-04 14:45", "2026-04-04 15:00",
                     "2026-04-04 15:15", "2026-04-05 14:30"}));
}

TEST(CronDue, MidnightThatWasSkippedInSaoPaulo) {
    // 2018-11-04 began at 01:00; 2018-02-18 00:00 fell back to 23:00 of the 17th; abolished in 2019.
    const TzifZone zone("America/Sao_Paulo");
    EXPECT_EQ(due("0 0 * * *", "2018-11-02 12:00", 3, zone),
              (Times{"2018-11-03 03:00", "2018-11-04 03:00", "2018-11-05 02:00"}));
    EXPECT_EQ(due("30 0 * * *", "2018-11-03 12:00", 1, zone), (Times{"2018-11-04 03:30"}));
    EXPECT_EQ(due("30 23 * * *", "2018-02-17 12:00", 2, zone), (Times{"2018-02-18 02:30", "2018-02-19 02:30"}));
    EXPECT_EQ(due("0 0 18 2 *", "2018-02-01 00:00", 1, zone), (Times{"2018-02-18 03:00"}));
    EXPECT_EQ(due("0 0 * * *", "2026-11-01 12:00", 2, zone), (Times{"2026-11-02 03:00", "2026-11-03 03:00"}));
}

TEST(CronDue, MidnightThatIsRepeatedInHavana) {
    // 2024-11-03 01:00 fell back to 00:00 of the same day; 2024-03-10 began at 01:00.
    const TzifZone zone("America/Havana");
    EXPECT_EQ(due("0 0 * * *", "2024-11-02 12:00", 2, zone), (Times{"2024-11-03 05:00", "2024-11-04 05:00"}));
    EXPECT_EQ(due("30 0 * * *", "2024-11-02 12:00", 2, zone), (Times{"2024-11-03 05:30", "2024-11-04 05:30"}));
    EXPECT_EQ(due("0 0 * * *", "2024-03-09 12:00", 2, zone), (Times{"2024-03-10 05:00", "2024-03-11 04:00"}));
}

TEST(CronDue, DayThatApiaSkipped) {
    // 2011-12-29 24:00 (-10) was followed by 2011-12-31 00:00 (+14).
    const TzifZone zone("Pacific/Apia");
    EXPECT_EQ(due("0 12 * * *", "2011-12-29 00:00", 4, zone),
              (Times{"2011-12-29 22:00", "2011-12-30 22:00", "2011-12-31 22:00", "2012-01-01 22:00"}));
    // The date that never was is read as PostgreSQL reads it, a day later.
    EXPECT_EQ(due("0 12 30 12 *", "2011-12-01 00:00", 2, zone), (Times{"2011-12-30 22:00", "2012-12-29 22:00"}));
    EXPECT_EQ(zone.to_utc(local("2011-12-30 12:00")), utc("2011-12-30 22:00"));
    EXPECT_EQ(due("0 */12 30,31 12 *", "2011-12-01 00:00", 3, zone),
              (Times{"2011-12-30 10:00", "2011-12-30 22:00", "2012-12-29 10:00"}));
}

TEST(CronDue, RamadanInCasablanca) {
    // Back to +00 on 2026-02-15 03:00, again +01 on 2026-03-22 02:00.
    const TzifZone zone("Africa/Casablanca");
    EXPECT_EQ(due("30 2 * * *", "2026-02-14 00:00", 3, zone),
              (Times{"2026-02-14 01:30", "2026-02-15 02:30", "2026-02-16 02:30"}));
    EXPECT_EQ(due("30 2 * * *", "2026-03-21 00:00", 3, zone),
              (Times{"2026-03-21 02:30", "2026-03-22 02:30", "2026-03-23 01:30"}));
}

TEST(CronDue, TokyoNeverChanges) {
    const TzifZone zone("Asia/Tokyo");
    EXPECT_EQ(due("0 9 * * *", "2026-03-28 12:00", 3, zone),
              (Times{"2026-03-29 00:00", "2026-03-30 00:00", "2026-03-31 00:00"}));
    EXPECT_EQ(due("0 0 29 2 *", "2097-01-01 00:00", 1, zone), (Times{"2104-02-28 15:00"}));
}

TEST(CronDue, MadeUpRuleWithTwoTransitionsAnHourApart) {
    // Ten minutes of summer time on the last Sunday of March: what counts is that it goes on and never back.
    const TzifZone zone(TzifZone::Posix{"AAA0BBB-0:10,M3.5.0/2,M3.5.0/3"});
    for (const std::string_view text : {"5 2 * * *", "55 2 * * *", "5 3 * * *", "*/5 * * * *", "0-59 2 * * *"}) {
        const Cron schedule = cron(text);
        Timestamp last = utc("2026-03-20 00:00");
        while (last < utc("2026-04-05 00:00")) {
            const std::optional<Timestamp> next = next_run(schedule, last, zone);
            ASSERT_TRUE(next && *next > last) << text;
            ASSERT_LE(*next - last, 25 * microseconds_per_hour) << text << ' ' << show(*next);
            last = *next;
        }
    }
}

TEST(CronDue, ReadingThatIsSkippedEachTimeEndsTheSearch) {
    // The clocks go forward at 02:00 of every 31 March: a wildcard in that hour alone is never due, and says so soon.
    const TzifZone zone(TzifZone::Posix{"AAA0BBB,J90/2,J300/2"});
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_EQ(next_run(cron("* 2 31 3 *"), utc("2026-01-01 00:00"), zone), std::nullopt);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(200));
    EXPECT_EQ(due("30 2 31 3 *", "2026-01-01 00:00", 2, zone), (Times{"2026-03-31 02:30", "2027-03-31 02:30"}));
}

TEST(CronDue, NeverIsProvenOverFourHundredYears) {
    Cron never = cron("0 0 29 2 *");
    EXPECT_FALSE(never_fires(never));
    never.days = 1U << 30;
    EXPECT_TRUE(never_fires(never));
    EXPECT_EQ(next_run(never, 0, TzifZone("Europe/Berlin")), std::nullopt);
    // Each weekday falls on 29 February within 400 years, so restricting both ways still fires.
    for (int weekday = 0; weekday < 7; ++weekday) {
        Cron leap = cron("0 0 29 2 *");
        leap.any_day = true;
        leap.weekdays = 1U << weekday;
        EXPECT_FALSE(never_fires(leap)) << weekday;
    }
}

TEST(CronDue, TenThousandCallsAreQuick) {
    const TzifZone berlin("Europe/Berlin");
    const auto begin = std::chrono::steady_clock::now();
    for (const std::string_view text : {"*/5 * * * *", "30 2 * * *", "0 0 L * *", "0 0 13 * fri", "0 0 29 2 *"}) {
        const Cron schedule = cron(text);
        Timestamp last = utc("2026-01-01 00:00");
        for (int i = 0; i < 2'000; ++i)
            last = next_run(schedule, last, berlin).value_or(last);
    }
    const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begin);
    RecordProperty("milliseconds", static_cast<int>(took.count()));
    EXPECT_LT(took.count(), 500) << "2 ms when measured without sanitizers";
}

} // namespace
} // namespace mvmanager::model
