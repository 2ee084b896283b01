// The calendar against the C library, and the test zone against it too: what rests on them is only as good.

#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>
#include <random>

#include "model/time.hpp"
#include "moment.hpp"
#include "tzif_zone.hpp"

namespace mvmanager::model {
namespace {

using test::local;
using test::show;
using test::TzifZone;
using test::utc;

TEST(Time, EpochIsPostgresqls) {
    EXPECT_EQ(days_from_civil(2000, 1, 1), 0);
    EXPECT_EQ(utc("2000-01-01 00:00"), 0);
    EXPECT_EQ(days_from_civil(1970, 1, 1), -10'957);
    EXPECT_EQ(utc("2026-11-20 11:16:36"), (1'795'173'396LL - 946'684'800LL) * microseconds_per_second);
    EXPECT_EQ(utc("1999-12-31 23:59:59"), -microseconds_per_second);
}

TEST(Time, EveryDayOfFourHundredYearsAndTheEnds) {
    LocalTime expected{1999, 12, 31};
    for (std::int64_t day = days_from_civil(1999, 12, 31); day <= days_from_civil(2400, 12, 31); ++day) {
        ASSERT_EQ(civil_from_days(day), expected) << show(expected);
        ASSERT_EQ(days_from_civil(expected.year, expected.month, expected.day), day);
        if (++expected.day > days_in_month(expected.year, expected.month)) {
            expected.day = 1;
            if (++expected.month > 12)
                expected.month = 1, ++expected.year;
        }
    }
    for (const int year : {1, 2, 3, 4, 5, 99, 100, 101, 399, 400, 401, 1600, 1900, 9999, 100'000, 294'275, 294'276}) {
        for (int month = 1; month <= 12; ++month) {
            for (const int day : {1, 28, days_in_month(year, month)}) {
                const LocalTime date{year, month, day};
                ASSERT_EQ(civil_from_days(days_from_civil(year, month, day)), date) << show(date);
            }
        }
        ASSERT_EQ(days_from_civil(year + 1, 1, 1) - days_from_civil(year, 1, 1), is_leap_year(year) ? 366 : 365)
            << year;
    }
}

TEST(Time, Weekdays) {
    EXPECT_EQ(weekday_from_days(0), 6) << "2000-01-01 was a Saturday";
    EXPECT_EQ(weekday_from_days(days_from_civil(2026, 11, 20)), 5);
    EXPECT_EQ(weekday_from_days(days_from_civil(1969, 7, 20)), 0);
    EXPECT_EQ(weekday_from_days(days_from_civil(1, 1, 1)), 1);
}

TEST(Time, ReadingsRoundTrip) {
    std::mt19937_64 random(1);
    std::uniform_int_distribution<std::int64_t> any(first_timestamp, last_timestamp);
    for (int i = 0; i < 100'000; ++i) {
        const Timestamp t = any(random);
        const LocalTime time = from_as_if_utc(t);
        ASSERT_EQ(as_if_utc(time), t);
        ASSERT_TRUE(time.hour >= 0 && time.hour < 24 && time.microsecond >= 0 && time.microsecond < 1'000'000)
            << show(t);
    }
    EXPECT_EQ(show(last_timestamp), "294275-12-31 23:59:59.999999");
    EXPECT_EQ(show(first_timestamp), "0001-01-02 00:00");
}

TEST(Time, TestZoneAgreesWithTheCLibrary) {
    constexpr std::int64_t unix_epoch = 946'684'800;
    for (const char *name :
         {"Europe/Berlin", "Australia/Lord_Howe", "America/Sao_Paulo", "Asia/Tokyo", "America/Havana", "Pacific/Apia",
          "Africa/Casablanca", "America/New_York", "Asia/Tehran", "Antarctica/Troll"}) {
        setenv("TZ", name, 1);
        tzset();
        const TzifZone zone(name);
        std::mt19937_64 random(2);
        std::uniform_int_distribution<std::int64_t> any(utc("1901-01-01"), utc("2200-01-01"));
        for (int i = 0; i < 20'000; ++i) {
            const std::int64_t second = floor_div(any(random), microseconds_per_second);
            const std::time_t unix_time = second + unix_epoch;
            std::tm broken_down{};
            localtime_r(&unix_time, &broken_down);
            ASSERT_EQ(zone.offset(second * microseconds_per_second), broken_down.tm_gmtoff)
                << name << ' ' << show(second * 1'000'000);
        }
    }
    unsetenv("TZ");
    tzset();
}

// The figures that were measured on a server.
TEST(Time, TestZoneResolvesAsPostgresqlDoes) {
    const TzifZone berlin("Europe/Berlin");
    EXPECT_EQ(show(berlin.to_utc(local("2026-03-29 02:30"))), "2026-03-29 01:30") << "in the gap";
    EXPECT_EQ(show(berlin.to_utc(local("2026-10-25 02:30"))), "2026-10-25 01:30") << "the second occurrence";
    EXPECT_EQ(show(berlin.to_utc(local("2026-03-29 02:00"))), "2026-03-29 01:00");
    EXPECT_EQ(show(berlin.to_utc(local("2026-03-29 03:00"))), "2026-03-29 01:00");
    EXPECT_EQ(show(berlin.to_utc(local("2026-10-25 03:00"))), "2026-10-25 02:00");
    EXPECT_EQ(show(berlin.to_utc(local("2026-07-01 12:00"))), "2026-07-01 10:00");
}

} // namespace
} // namespace mvmanager::model
