// Due times of fixed-rate schedules: no drift, calendar months and days, any distance by arithmetic.

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
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
using Times = std::vector<std::string>;

Interval interval(std::string_view text) { return std::get<Every>(std::get<Schedule>(parse(text))).interval; }

Times due(std::string_view text, const std::string &anchor, const std::string &after, int count,
          const Zone &zone = Utc()) {
    Times times;
    Timestamp last = utc(after);
    for (int i = 0; i < count; ++i) {
        const std::optional<Timestamp> next = next_step(interval(text), last, utc(anchor), zone);
        if (!next)
            break;
        times.push_back(show(*next));
        last = *next;
    }
    return times;
}

TEST(IntervalDue, StepsFromTheAnchor) {
    EXPECT_EQ(due("10 minutes", "2026-01-01 00:03", "2026-01-01 00:03", 3),
              (Times{"2026-01-01 00:13", "2026-01-01 00:23", "2026-01-01 00:33"}));
    EXPECT_EQ(due("10 minutes", "2026-01-01 00:03", "2026-01-01 00:12:59", 1), (Times{"2026-01-01 00:13"}));
    EXPECT_EQ(due("7 seconds", "2026-01-01 00:00", "2026-01-01 00:00:50", 2),
              (Times{"2026-01-01 00:00:56", "2026-01-01 00:01:03"}));
}

TEST(IntervalDue, AnHourOfTenSecondsDoesNotDrift) {
    const Schedule schedule = std::get<Schedule>(parse("10 seconds"));
    const Timestamp anchor = utc("2026-01-01 00:00") + 123'456;
    Timestamp last = anchor;
    std::mt19937_64 random(3);
    for (int i = 1; i <= 360; ++i) {
        const Timestamp started_late = last + static_cast<Timestamp>(random() % 9'000'000);
        last = *next_run(schedule, started_late, last, Utc()); // the former due time serves as the anchor
        ASSERT_EQ(last, anchor + i * 10 * microseconds_per_second);
    }
}

TEST(IntervalDue, MissedOccurrencesCollapse) {
    EXPECT_EQ(due("1 minute", "2020-01-01 00:00:30", "2026-11-20 11:16:36", 1), (Times{"2026-11-20 11:17:30"}));
    EXPECT_EQ(due("1 second", "0001-01-02 00:00", "294275-06-01 00:00", 1), (Times{"294275-06-01 00:00:01"}));
}

TEST(IntervalDue, AnchorInTheFutureDoesNotSilenceIt) {
    // A clock set back by ten years: due within one interval, on the same grid.
    EXPECT_EQ(due("1 hour", "2036-01-01 00:20", "2026-01-01 00:00", 2),
              (Times{"2026-01-01 00:20", "2026-01-01 01:20"}));
    EXPECT_EQ(due("1 day", "2036-01-01 00:20", "2026-01-01 00:00", 1), (Times{"2026-01-01 00:20"}));
    EXPECT_EQ(due("1 month", "2036-01-31 00:20", "2026-02-01 00:00", 2),
              (Times{"2026-02-28 00:20", "2026-03-31 00:20"}));
}

TEST(IntervalDue, MonthsEndWhereMonthsEnd) {
    EXPECT_EQ(due("1 month", "2027-12-31 06:00", "2027-12-31 06:00", 4),
              (Times{"2028-01-31 06:00", "2028-02-29 06:00", "2028-03-31 06:00", "2028-04-30 06:00"}));
    EXPECT_EQ(due("1 year", "2096-02-29 00:00", "2096-02-29 00:00", 8).back(), "2104-02-29 00:00");
    EXPECT_EQ(due("1 year", "2096-02-29 00:00", "2096-02-29 00:00", 1), (Times{"2097-02-28 00:00"}));
    EXPECT_EQ(due("3 months", "2026-11-30 00:00", "2026-11-30 00:00", 2),
              (Times{"2027-02-28 00:00", "2027-05-30 00:00"}));
}

TEST(IntervalDue, DaysKeepTheLocalTime) {
    const TzifZone berlin("Europe/Berlin");
    EXPECT_EQ(due("1 day", "2026-03-27 05:00", "2026-03-27 05:00", 3, berlin),
              (Times{"2026-03-28 05:00", "2026-03-29 04:00", "2026-03-30 04:00"}));
    EXPECT_EQ(due("24 hours", "2026-03-27 05:00", "2026-03-27 05:00", 3, berlin),
              (Times{"2026-03-28 05:00", "2026-03-29 05:00", "2026-03-30 05:00"}));
    // 02:30 does not exist on the 29th; the day after it is back.
    EXPECT_EQ(due("1 day", "2026-03-27 01:30", "2026-03-27 01:30", 3, berlin),
              (Times{"2026-03-28 01:30", "2026-03-29 01:30", "2026-03-30 00:30"}));
    EXPECT_EQ(due("1 month", "2026-03-01 11:00", "2026-03-01 11:00", 2, berlin),
              (Times{"2026-04-01 10:00", "2026-05-01 10:00"}));
}

TEST(IntervalDue, DayThatApiaSkippedIsOneDueTime) {
    const TzifZone apia("Pacific/Apia");
    EXPECT_EQ(due("1 day", "2011-12-27 22:00", "2011-12-28 22:00", 3, apia),
              (Times{"2011-12-29 22:00", "2011-12-30 22:00", "2011-12-31 22:00"}));
}

TEST(IntervalDue, EndsOfTheCalendar) {
    for (const std::string_view text : {"1 second", "100 years", "1 month", "1 day", "1 month 1 day 1 second"}) {
        EXPECT_EQ(next_step(interval(text), infinity, 0, Utc()), std::nullopt) << text;
        EXPECT_EQ(next_step(interval(text), last_timestamp, 0, Utc()), std::nullopt) << text;
        for (const Timestamp anchor : {minus_infinity, first_timestamp, Timestamp{0}, last_timestamp, infinity}) {
            for (const Timestamp after : {minus_infinity, first_timestamp, Timestamp{0}, last_timestamp - 1}) {
                const std::optional<Timestamp> next = next_step(interval(text), after, anchor, Utc());
                if (next) {
                    EXPECT_GT(*next, after) << text;
                    EXPECT_LE(*next, last_timestamp) << text;
                }
            }
        }
    }
}

// The plain definition, k by k, against the arithmetic.
TEST(IntervalDue, AgreesWithCountingOneByOne) {
    const TzifZone berlin("Europe/Berlin");
    const TzifZone lord_howe("Australia/Lord_Howe");
    std::mt19937_64 random(4);
    for (const std::string_view text :
         {"1 second", "90 seconds", "7 hours", "1 day", "2 days", "1 week", "1 month", "5 months", "1 year",
          "1 month 1 day", "1 month 36 hours", "1 day 1 hour", "2 days 12 hours", "1 year 1 month 1 day 1 hour"}) {
        const Interval step = interval(text);
        for (int round = 0; round < 200; ++round) {
            const Zone &zone = round % 2 == 0 ? static_cast<const Zone &>(berlin) : lord_howe;
            const Timestamp anchor =
                utc("2020-01-01 00:00") + static_cast<Timestamp>(random() % 3'000'000'000U) * 100'000;
            const Timestamp after = anchor + static_cast<Timestamp>(random() % 300U) * typical_microseconds(step) +
                                    static_cast<Timestamp>(random() % 1'000'000'000U);
            const LocalTime begin = zone.to_local(anchor);
            Timestamp expected = minus_infinity;
            for (std::int64_t k = 0; expected <= after; ++k) {
                const std::int64_t months = std::int64_t{begin.month} - 1 + k * step.months;
                LocalTime reading = begin;
                reading.year += static_cast<int>(months / 12);
                reading.month = static_cast<int>(months % 12) + 1;
                reading.day = std::min(reading.day, days_in_month(reading.year, reading.month));
                const LocalTime moved = from_as_if_utc(as_if_utc(reading) + k * step.days * microseconds_per_day);
                const bool elapsed_only = step.months == 0 && step.days == 0;
                expected = (elapsed_only ? anchor : zone.to_utc(moved)) + k * step.microseconds;
            }
            const std::optional<Timestamp> next = next_step(step, after, anchor, zone);
            ASSERT_TRUE(next.has_value()) << text;
            ASSERT_EQ(*next, expected) << text << " from " << show(anchor) << " after " << show(after);
        }
    }
}

} // namespace
} // namespace mvmanager::model
