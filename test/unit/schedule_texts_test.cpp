// Every text a person may type for a schedule: what it is read as, or where the fault is.

#include <gtest/gtest.h>

#include <array>
#include <random>
#include <string>

#include "model/schedule.hpp"

namespace mvmanager::model {
namespace {

struct Good {
    std::string_view text;
    std::string_view normal; // what describe() says
};

constexpr Good good_texts[] = {
    // cron: plain values
    {"0 0 * * *", "0 0 * * *"},
    {"59 23 31 12 *", "59 23 31 12 *"},
    {"0 0 1 1 0", "0 0 1 1 0"},
    {"0 0 1 1 7", "0 0 1 1 7"},
    {"00 03 * * *", "0 3 * * *"},
    {"000 0003 * * *", "0 3 * * *"},
    {"* * * * *", "* * * * *"},
    {"  * * * * *  ", "* * * * *"},
    {"*\t*\t*\t*\t*", "* * * * *"},
    {"* * \n * * *", "* * * * *"},
    {"30 4 1 * *", "30 4 1 * *"},
    {"0 0 29 2 *", "0 0 29 2 *"},
    {"0 0 31 * *", "0 0 31 * *"},
    {"0 0 30 4,6 *", "0 0 30 4,6 *"},
    {"0 0 31 4,5 *", "0 0 31 4,5 *"},
    // cron: lists and ranges
    {"0,30 * * * *", "0,30 * * * *"},
    {"0,15,30,45 8-18 * * *", "0,15,30,45 8-18 * * *"},
    {"5,5,5 * * * *", "5,5,5 * * * *"},
    {"45,15 * * * *", "45,15 * * * *"},
    {"0-59 * * * *", "0-59 * * * *"},
    {"0-0 * * * *", "0-0 * * * *"},
    {"1-5,10-15,20 3 * * *", "1-5,10-15,20 3 * * *"},
    {"0 0-23 * * *", "0 0-23 * * *"},
    {"0 0 1-31 * *", "0 0 1-31 * *"},
    {"0 0 * 1-12 *", "0 0 * 1-12 *"},
    {"0 0 * * 0-7", "0 0 * * 0-7"},
    {"0 0 * * 1-5", "0 0 * * 1-5"},
    {"0 0 * * 5-7", "0 0 * * 5-7"},
    {"0 22-23,0-2 * * *", "0 22-23,0-2 * * *"},
    // cron: steps
    {"*/5 * * * *", "*/5 * * * *"},
    {"*/1 * * * *", "*/1 * * * *"},
    {"*/7 * * * *", "*/7 * * * *"},
    {"*/59 * * * *", "*/59 * * * *"},
    {"*/60 * * * *", "*/60 * * * *"},
    {"0 */24 * * *", "0 */24 * * *"},
    {"0 */6 * * *", "0 */6 * * *"},
    {"10-40/10 * * * *", "10-40/10 * * * *"},
    {"10-40/05 * * * *", "10-40/5 * * * *"},
    {"5/15 * * * *", "5/15 * * * *"},
    {"0 8/4 * * *", "0 8/4 * * *"},
    {"0 0 */2 * *", "0 0 */2 * *"},
    {"0 0 */31 * *", "0 0 */31 * *"},
    {"0 0 1 */3 *", "0 0 1 */3 *"},
    {"0 0 * * */2", "0 0 * * */2"},
    {"0 0 * * 1/2", "0 0 * * 1/2"},
    {"*/5,3 */2,7 * * *", "*/5,3 */2,7 * * *"},
    {"3,*/5 * * * *", "3,*/5 * * * *"},
    {"*,5 * * * *", "*,5 * * * *"},
    // cron: names
    {"0 0 * jan *", "0 0 * 1 *"},
    {"0 0 * JAN *", "0 0 * 1 *"},
    {"0 0 * Jan *", "0 0 * 1 *"},
    {"0 0 * january *", "0 0 * 1 *"},
    {"0 0 * feb,mar,apr *", "0 0 * 2,3,4 *"},
    {"0 0 * may-aug *", "0 0 * 5-8 *"},
    {"0 0 * sep,oct,nov,dec *", "0 0 * 9,10,11,12 *"},
    {"0 0 * September *", "0 0 * 9 *"},
    {"0 0 * mar-10 *", "0 0 * 3-10 *"},
    {"0 0 * jan-dec/3 *", "0 0 * 1-12/3 *"},
    {"0 0 * * mon", "0 0 * * 1"},
    {"0 0 * * MON", "0 0 * * 1"},
    {"0 0 * * monday", "0 0 * * 1"},
    {"0 0 * * sun", "0 0 * * 0"},
    {"0 0 * * sat", "0 0 * * 6"},
    {"0 0 * * mon-fri", "0 0 * * 1-5"},
    {"0 0 * * mon,wed,fri", "0 0 * * 1,3,5"},
    {"0 0 * * tue,thu", "0 0 * * 2,4"},
    {"0 0 * * fri-sun", "0 0 * * 5-7"},
    {"0 0 * * sat-sunday", "0 0 * * 6-7"},
    {"0 0 * * sun-sat", "0 0 * * 0-6"},
    {"0 0 * * sun-sun", "0 0 * * 0-0"},
    {"0 0 * * mon-fri/2", "0 0 * * 1-5/2"},
    {"0 0 * * 1-sun", "0 0 * * 1-7"},
    // cron: last day, both day fields, question mark
    {"0 0 L * *", "0 0 L * *"},
    {"0 0 l * *", "0 0 L * *"},
    {"0 0 $ * *", "0 0 L * *"},
    {"0 0 1,L * *", "0 0 1,L * *"},
    {"0 0 L,15 * *", "0 0 L,15 * *"},
    {"0 0 L 2 *", "0 0 L 2 *"},
    {"0 0 L * mon", "0 0 L * 1"},
    {"0 0 13 * fri", "0 0 13 * 5"},
    {"0 0 30 2 mon", "0 0 30 2 1"},
    {"0 0 ? * mon", "0 0 * * 1"},
    {"0 0 1 * ?", "0 0 1 * *"},
    {"0 0 ? * ?", "0 0 * * *"},
    {"0 0 */28 2 mon", "0 0 */28 2 1"},
    {"0 0 31 2,3 *", "0 0 31 2,3 *"},
    // cron: seconds
    {"0 0 0 * * *", "0 0 0 * * *"},
    {"30 * * * * *", "30 * * * * *"},
    {"*/10 * * * * *", "*/10 * * * * *"},
    {"* * * * * *", "* * * * * *"},
    {"0,30 0 3 * * mon", "0,30 0 3 * * 1"},
    {"59 59 23 31 12 *", "59 59 23 31 12 *"},
    {"0 0 2 * * ?", "0 0 2 * * *"},
    {"5-55/10 30 4 L * *", "5-55/10 30 4 L * *"},
    // cron: macros
    {"@hourly", "0 * * * *"},
    {"@daily", "0 0 * * *"},
    {"@midnight", "0 0 * * *"},
    {"@weekly", "0 0 * * 0"},
    {"@monthly", "0 0 1 * *"},
    {"@yearly", "0 0 1 1 *"},
    {"@annually", "0 0 1 1 *"},
    {"@HOURLY", "0 * * * *"},
    {" @daily ", "0 0 * * *"},
    // intervals
    {"1 second", "1 second"},
    {"30 seconds", "30 seconds"},
    {"30 second", "30 seconds"},
    {"30 secs", "30 seconds"},
    {"30 sec", "30 seconds"},
    {"30 s", "30 seconds"},
    {"30s", "30 seconds"},
    {"90s", "1 minute 30 seconds"},
    {"60 s", "1 minute"},
    {"5 minutes", "5 minutes"},
    {"5 minute", "5 minutes"},
    {"5 mins", "5 minutes"},
    {"10 min", "10 minutes"},
    {"10 m", "10 minutes"},
    {"10m", "10 minutes"},
    {"10 MIN", "10 minutes"},
    {"90 minutes", "1 hour 30 minutes"},
    {"1 hour", "1 hour"},
    {"2 hours", "2 hours"},
    {"2 hrs", "2 hours"},
    {"2 hr", "2 hours"},
    {"2 h", "2 hours"},
    {"36 hours", "36 hours"},
    {"1 hour 30 minutes", "1 hour 30 minutes"},
    {"30 minutes 1 hour", "1 hour 30 minutes"},
    {"1h30m", "1 hour 30 minutes"},
    {"1h 30m 15s", "1 hour 30 minutes 15 seconds"},
    {"1 hour 30 minutes 5 seconds", "1 hour 30 minutes 5 seconds"},
    {"1.5 hours", "1 hour 30 minutes"},
    {"0.5 hours", "30 minutes"},
    {".5 hours", "30 minutes"},
    {"0.25 min", "15 seconds"},
    {"1.0 seconds", "1 second"},
    {"2.000000000000 seconds", "2 seconds"},
    {"1 day", "1 day"},
    {"2 days", "2 days"},
    {"2 d", "2 days"},
    {"2d", "2 days"},
    {"1.0 days", "1 day"},
    {"1 week", "7 days"},
    {"2 weeks", "14 days"},
    {"2w", "14 days"},
    {"1 week 1 day", "8 days"},
    {"1 month", "1 month"},
    {"3 months", "3 months"},
    {"3 mons", "3 months"},
    {"1 mon", "1 month"},
    {"12 months", "1 year"},
    {"1 year", "1 year"},
    {"1 year 6 months", "1 year 6 months"},
    {"18 months", "1 year 6 months"},
    {"1 y", "1 year"},
    {"100 years", "100 years"},
    {"1 month 1 day 1 hour", "1 month 1 day 1 hour"},
    {"0 minutes 5 seconds", "5 seconds"},
    {"007 days", "7 days"},
    {"  5   minutes  ", "5 minutes"},
    {"every 5 minutes", "5 minutes"},
    {"EVERY 5 MINUTES", "5 minutes"},
    {"every minute", "1 minute"},
    {"every hour", "1 hour"},
    {"every day", "1 day"},
    {"every week", "7 days"},
    {"every month", "1 month"},
    {"every 90s", "1 minute 30 seconds"},
    {"every hour 30 minutes", "1 hour 30 minutes"},
    {"3155695200 seconds", "876582 hours"},
    // the other kinds
    {"after 5 minutes", "after 5 minutes"},
    {"After 1h", "after 1 hour"},
    {"lag 10 minutes", "lag 10 minutes"},
    {"LAG 1 hour", "lag 1 hour"},
    {"on change", "on change"},
    {"On  Change", "on change"},
    {"on change every 30 seconds", "on change every 30 seconds"},
    {"on change every minute", "on change every 1 minute"},
    {"downstream", "downstream"},
    {" DOWNSTREAM\n", "downstream"},
};

struct Bad {
    std::string_view text;
    int position;
    std::string_view message; // a part of it
};

constexpr Bad bad_texts[] = {
    // nothing
    {"", 1, "schedule is empty"},
    {" ", 1, "schedule is empty"},
    {"\t\n ", 1, "schedule is empty"},
    // cron: number of fields
    {"*", 2, "cron schedule has 1 field instead of 5"},
    {"* *", 4, "cron schedule has 2 fields"},
    {"* * *", 6, "cron schedule has 3 fields"},
    {"* * * *", 8, "cron schedule has 4 fields"},
    {"0 3", 4, "cron schedule has 2 fields"},
    {"0 3 * * * * *", 13, "cron schedule has 7 fields"},
    {"0 0 2 * * ? 2026", 13, "cron schedule has 7 fields"},
    {"* * * * * * * * *", 13, "cron schedule has 9 fields"},
    {"5-10 minutes", 13, "cron schedule has 2 fields"},
    // cron: out of range
    {"60 * * * *", 1, "minute 60 is out of range"},
    {"0 24 * * *", 3, "hour 24 is out of range"},
    {"0 0 0 * *", 5, "day 0 is out of range"},
    {"0 0 32 * *", 5, "day 32 is out of range"},
    {"0 0 * 0 *", 7, "month 0 is out of range"},
    {"0 0 * 13 *", 7, "month 13 is out of range"},
    {"0 0 * * 8", 9, "weekday 8 is out of range"},
    {"60 0 0 * * *", 1, "second 60 is out of range"},
    {"0 60 0 * * *", 3, "minute 60 is out of range"},
    {"0 0 24 * * *", 5, "hour 24 is out of range"},
    {"0 0 0 0 * *", 7, "day 0 is out of range"},
    {"99999999999 * * * *", 1, "minute is out of range"},
    {"4294967296 * * * *", 1, "minute 4294967296 is out of range"},
    {"18446744073709551616 * * * *", 1, "minute is out of range"},
    {"1,60 * * * *", 3, "minute 60 is out of range"},
    {"0-60 * * * *", 3, "minute 60 is out of range"},
    {"0 8-24 * * *", 5, "hour 24 is out of range"},
    {"0 0 1-32 * *", 7, "day 32 is out of range"},
    {"  60 * * * *", 3, "minute 60 is out of range"},
    {"0 0 * 1-13 *", 9, "month 13 is out of range"},
    {"0 0 * * 0-8", 11, "weekday 8 is out of range"},
    // cron: ranges that run backwards
    {"30-10 * * * *", 1, "range in the minute field runs backwards"},
    {"0 22-2 * * *", 3, "range in the hour field runs backwards"},
    {"0 0 20-10 * *", 5, "range in the day field runs backwards"},
    {"0 0 * nov-feb *", 7, "range in the month field runs backwards"},
    {"0 0 * * fri-mon", 9, "range in the weekday field runs backwards"},
    {"0 0 * * 6-0", 9, "range in the weekday field runs backwards"},
    {"0 1,22-2 * * *", 5, "range in the hour field runs backwards"},
    // cron: missing parts
    {", * * * *", 1, "missing value in the minute field"},
    {"1, * * * *", 3, "missing value in the minute field"},
    {"1,,2 * * * *", 3, "missing value in the minute field"},
    {"0 , * * *", 3, "missing value in the hour field"},
    {"*, * * * *", 3, "missing value in the minute field"},
    {"1- * * * *", 3, "missing value in the minute field"},
    {"1-,2 * * * *", 3, "unexpected character in the minute field"},
    {"*/ * * * *", 3, "missing step in the minute field"},
    {"1-5/ * * * *", 5, "missing step in the minute field"},
    {"*/,5 * * * *", 3, "missing step in the minute field"},
    {"*/x * * * *", 3, "missing step in the minute field"},
    {"*/-5 * * * *", 3, "missing step in the minute field"},
    {"*/* * * * *", 3, "missing step in the minute field"},
    // cron: steps
    {"*/0 * * * *", 3, "step of the minute field must be at least 1"},
    {"*/00 * * * *", 3, "step of the minute field must be at least 1"},
    {"*/61 * * * *", 3, "step is longer than the minute field"},
    {"*/90 * * * *", 3, "step is longer than the minute field"},
    {"*/99999999999999999999 * * * *", 3, "step is longer than the minute field"},
    {"0 */25 * * *", 5, "step is longer than the hour field"},
    {"0 0 */32 * *", 7, "step is longer than the day field"},
    {"0 0 1 */13 *", 9, "step is longer than the month field"},
    {"0 0 * * */9", 11, "step is longer than the weekday field"},
    {"*/61 * * * * *", 3, "step is longer than the second field"},
    {"10-20/61 * * * *", 7, "step is longer than the minute field"},
    // cron: stray characters
    {"*5 * * * *", 2, "unexpected character in the minute field"},
    {"** * * * *", 2, "unexpected character in the minute field"},
    {"5* * * * *", 2, "unexpected character in the minute field"},
    {"1-2-3 * * * *", 4, "unexpected character in the minute field"},
    {"1/2/3 * * * *", 4, "unexpected character in the minute field"},
    {"*-5 * * * *", 2, "unexpected character in the minute field"},
    {"5--7 * * * *", 3, "unexpected character in the minute field"},
    {"-5 * * * *", 1, "unexpected character in the minute field"},
    {"+5 * * * *", 1, "unexpected character in the minute field"},
    {"1.5 * * * *", 2, "unexpected character in the minute field"},
    {"0;30 * * * *", 2, "unexpected character in the minute field"},
    {"0 3:30 * * *", 4, "unexpected character in the hour field"},
    {"0 0 1st * *", 6, "unexpected character in the day field"},
    {"0x10 * * * *", 2, "unexpected character in the minute field"},
    {"? * * * *", 1, "unexpected character in the minute field"},
    {"0 ? * * *", 3, "unexpected character in the hour field"},
    {"0 0 * ? *", 7, "unexpected character in the month field"},
    {"0 0 # * *", 5, "unexpected character in the day field"},
    {"0 0 * * 5#2", 10, "unexpected character in the weekday field"},
    {"0 0 * * L", 9, "invalid value \"L\" in the weekday field"},
    {"0 0 * * 5L", 10, "unexpected character in the weekday field"},
    {"0 0 LW * *", 6, "unexpected character in the day field"},
    {"0 0 L-3 * *", 6, "unexpected character in the day field"},
    {"0 0 1-L * *", 7, "invalid value \"L\" in the day field"},
    {"0 0 15W * *", 7, "unexpected character in the day field"},
    {"0 0 $$ * *", 6, "unexpected character in the day field"},
    {"L 0 1 * *", 1, "invalid value \"L\" in the minute field"},
    {"0 0 * \xC3\xA9t\xC3\xA9 *", 7, "unexpected character in the month field"},
    {"\xC3\xA9 * * * *", 1, "unexpected character in the minute field"},
    {"* * * * \xFF", 9, "unexpected character in the weekday field"},
    // cron: names
    {"0 0 * foo *", 7, "invalid value \"foo\" in the month field"},
    {"0 0 * janu *", 7, "invalid value \"janu\" in the month field"},
    {"0 0 * ja *", 7, "invalid value \"ja\" in the month field"},
    {"0 0 * jan1 *", 10, "unexpected character in the month field"},
    {"0 0 * mon *", 7, "invalid value \"mon\" in the month field"},
    {"0 0 * * jan", 9, "invalid value \"jan\" in the weekday field"},
    {"0 0 * * mo", 9, "invalid value \"mo\" in the weekday field"},
    {"0 0 * * mon-fry", 13, "invalid value \"fry\" in the weekday field"},
    {"0 0 mon * *", 5, "invalid value \"mon\" in the day field"},
    {"0 noon * * *", 3, "invalid value \"noon\" in the hour field"},
    {"mon 0 0 * *", 1, "invalid value \"mon\" in the minute field"},
    {"a b c d e", 1, "invalid value \"a\" in the minute field"},
    {"0 0 * * weekdayswhichareverylongwordsthatnobodytypes", 9, "invalid value in the weekday field"},
    // cron: never
    {"0 0 30 2 *", 5, "schedule can never fire"},
    {"0 0 31 2 *", 5, "schedule can never fire"},
    {"0 0 30,31 feb *", 5, "schedule can never fire"},
    {"0 0 31 4,6,9,11 *", 5, "schedule can never fire"},
    {"0 0 31 2,4,6,9,11 ?", 5, "schedule can never fire"},
    {"0 0 0 30 2 *", 7, "schedule can never fire"},
    {"0  0  30  2  *", 7, "schedule can never fire"},
    {"0 0 31 2 */2", 5, "schedule can never fire"},
    // cron: macros
    {"@", 1, "unknown schedule \"@\""},
    {"@reboot", 1, "unknown schedule \"@reboot\""},
    {"@every 5m", 1, "unknown schedule \"@every\""},
    {"@dayly", 1, "unknown schedule \"@dayly\""},
    {"@ daily", 1, "unknown schedule \"@\""},
    {"@hourly 5", 9, "unexpected text after @hourly"},
    {"  @daily at noon", 10, "unexpected text after @daily"},
    {"@@daily", 1, "unknown schedule \"@@daily\""},
    // intervals: zero, negative, below a second
    {"0 seconds", 1, "interval must be at least 1 second"},
    {"0s", 1, "interval must be at least 1 second"},
    {"0 days 0 hours", 1, "interval must be at least 1 second"},
    {"every 0 minutes", 7, "interval must be at least 1 second"},
    {"0.0 seconds", 1, "interval must be at least 1 second"},
    {"0.5 seconds", 1, "interval must be at least 1 second"},
    {"0.001 s", 1, "interval must be at least 1 second"},
    {"0.0000000001 hours", 1, "interval must be a whole number of seconds"},
    {"1.5 seconds", 1, "interval must be a whole number of seconds"},
    {"0.01 minutes", 1, "interval must be at least 1 second"},
    {"1 minute 0.5 seconds", 10, "interval must be a whole number of seconds"},
    {"-5 minutes", 1, "interval must not be negative"},
    {"- 5 minutes", 1, "interval must not be negative"},
    {"every -1 hour", 7, "interval must not be negative"},
    {"1 hour -5 minutes", 8, "interval must not be negative"},
    {"+5 minutes", 1, "unexpected character in the interval"},
    {"500 ms", 5, "unknown unit \"ms\""},
    {"500 milliseconds", 5, "unknown unit \"milliseconds\""},
    // intervals: too long
    {"101 years", 1, "interval is too long"},
    {"1201 months", 1, "interval is too long"},
    {"36600 days", 1, "interval is too long"},
    {"100 years 1 second", 11, "interval is too long"},
    {"9999999999 seconds", 1, "interval is too long"},
    {"99999999999 seconds", 1, "interval is too long"},
    {"9223372036854775807 seconds", 1, "interval is too long"},
    {"9223372036854775808 days", 1, "interval is too long"},
    {"99999999999999999999999999 weeks", 1, "interval is too long"},
    {"100000000000 weeks", 1, "interval is too long"},
    {"100000000000 years", 1, "interval is too long"},
    {"every 5000000 weeks", 7, "interval is too long"},
    // intervals: units
    {"5", 2, "missing unit after 5"},
    {"30 ", 3, "missing unit after 30"},
    {"1.5", 4, "missing unit after 1.5"},
    {"12345678901", 12, "missing unit"},
    {"every 5", 8, "missing unit after 5"},
    {"1 hour 30", 10, "missing unit after 30"},
    {"5 fortnights", 3, "unknown unit \"fortnights\""},
    {"5 minuts", 3, "unknown unit \"minuts\""},
    {"5 minutesx", 3, "unknown unit \"minutesx\""},
    {"5x", 2, "unknown unit \"x\""},
    {"5 minutes 5 minutes", 11, "minutes are given twice"},
    {"5m 5min", 4, "minutes are given twice"},
    {"1 hour 2 h", 8, "hours are given twice"},
    {"every fortnight", 7, "unknown unit \"fortnight\""},
    {"every other day", 7, "unknown unit \"other\""},
    {"every", 6, "missing interval"},
    {"every ", 7, "missing interval"},
    {"every minute minute", 14, "expected a number before \"minute\""},
    {"every 5 5 minutes", 8, "missing unit after 5"},
    {"1 hour and 30 minutes", 8, "expected a number before \"and\""},
    {"1 hour; 30 minutes", 7, "unexpected character in the interval"},
    {"every 1 hour, 30 minutes", 13, "unexpected character in the interval"},
    {"5 minutes!", 10, "unexpected character in the interval"},
    {"5! minutes", 2, "unexpected character in the interval"},
    {"1.5 days", 1, "days cannot have a fraction"},
    {"0.5 weeks", 1, "weeks cannot have a fraction"},
    {"1.5 months", 1, "months cannot have a fraction"},
    {"1 hour 1.5 years", 8, "years cannot have a fraction"},
    {"1. hours", 3, "missing digits after the point"},
    {". hours", 2, "missing digits after the point"},
    {"1..5 hours", 3, "missing digits after the point"},
    {"22:00", 3, "a time of day is not an interval"},
    {"00:10:00", 3, "a time of day is not an interval"},
    {"1 day 02:00:00", 9, "a time of day is not an interval"},
    {"5 \xC2\xB5s", 3, "unexpected character in the interval"},
    {"every 5 \xE5\x88\x86", 9, "unexpected character in the interval"},
    {"PT5M", 1, "unknown schedule \"PT5M\""},
    // the other kinds
    {"after", 6, "missing interval"},
    {"after minutes", 7, "expected a number before \"minutes\""},
    {"after 0 s", 7, "interval must be at least 1 second"},
    {"after 5", 8, "missing unit after 5"},
    {"lag", 4, "missing interval"},
    {"lag of 5 minutes", 5, "expected a number before \"of\""},
    {"lag -5 minutes", 5, "interval must not be negative"},
    {"on", 3, "missing word after \"on\""},
    {"on changes", 4, "expected \"change\" after \"on\""},
    {"on commit", 4, "expected \"change\" after \"on\""},
    {"on change after 5 minutes", 11, "expected \"every\" after \"on change\""},
    {"on change every", 16, "missing interval"},
    {"on change every 0 s", 17, "interval must be at least 1 second"},
    {"onchange", 1, "unknown schedule \"onchange\""},
    {"downstream 5", 12, "unexpected text after \"downstream\""},
    {"upstream", 1, "unknown schedule \"upstream\""},
    // something else altogether
    {"daily", 1, "unknown schedule \"daily\""},
    {"hourly", 1, "unknown schedule \"hourly\""},
    {"never", 1, "unknown schedule \"never\""},
    {"now()", 1, "unknown schedule \"now()\""},
    {"minutes 5", 1, "unknown schedule \"minutes\""},
    {"'5 minutes'", 1, "unknown schedule \"'5\""},
    {"every5minutes", 1, "unknown schedule \"every5minutes\""},
    {"\xE6\xAF\x8E\xE6\x97\xA5", 1, "unknown schedule \"\xE6\xAF\x8E\xE6\x97\xA5\""},
    {"\x80\x80 \xFF", 1, "unknown schedule"},
    {std::string_view("\0", 1), 1, "unknown schedule"},
    {std::string_view("* * * * *\0", 10), 10, "unexpected character in the weekday field"},
    {std::string_view("5\0 minutes", 10), 2, "unexpected character in the interval"},
};

TEST(ScheduleTexts, TableIsLargeEnough) { EXPECT_GE(std::size(good_texts) + std::size(bad_texts), 300U); }

TEST(ScheduleTexts, GoodOnesAreReadAndSaidInNormalForm) {
    for (const Good &good : good_texts) {
        SCOPED_TRACE(good.text);
        const auto parsed = parse(good.text);
        const auto *const error = std::get_if<ParseError>(&parsed);
        ASSERT_EQ(error, nullptr) << error->position << ": " << error->message;
        const Schedule &schedule = std::get<Schedule>(parsed);
        EXPECT_EQ(describe(schedule), good.normal);

        const auto again = parse(describe(schedule));
        ASSERT_TRUE(std::holds_alternative<Schedule>(again));
        EXPECT_TRUE(std::get<Schedule>(again) == schedule) << "its normal form reads as another schedule";
    }
}

TEST(ScheduleTexts, BadOnesAreRefusedWhereTheFaultIs) {
    for (const Bad &bad : bad_texts) {
        SCOPED_TRACE(bad.text);
        const auto parsed = parse(bad.text);
        const auto *const error = std::get_if<ParseError>(&parsed);
        ASSERT_NE(error, nullptr) << "read as " << describe(std::get<Schedule>(parsed));
        EXPECT_EQ(error->position, bad.position) << error->message;
        EXPECT_NE(error->message.find(bad.message), std::string::npos) << error->message;
    }
}

TEST(ScheduleTexts, ErrorsAreInTheStyleOfTheServer) {
    for (const Bad &bad : bad_texts) {
        SCOPED_TRACE(bad.text);
        const auto parsed = parse(bad.text);
        const auto *const error = std::get_if<ParseError>(&parsed);
        ASSERT_NE(error, nullptr);
        EXPECT_TRUE(error->message.front() >= 'a' && error->message.front() <= 'z') << error->message;
        EXPECT_NE(error->message.back(), '.') << error->message;
        ASSERT_FALSE(error->hint.empty()) << error->message;
        EXPECT_EQ(error->hint.back(), '.') << error->hint;
        EXPECT_TRUE(error->hint.front() >= 'A' && error->hint.front() <= 'Z') << error->hint;
    }
}

std::string hint_of(std::string_view text) {
    const auto parsed = parse(text);
    const auto *const error = std::get_if<ParseError>(&parsed);
    return error == nullptr ? "" : error->hint;
}

TEST(ScheduleTexts, HintsNameWhatToType) {
    EXPECT_EQ(hint_of("0 22-2 * * *"), "Write 22-23,0-2.");
    EXPECT_EQ(hint_of("0 0 * nov-feb *"), "Write 11-12,1-2.");
    EXPECT_EQ(hint_of("0 0 * * fri-mon"), "Write 5-6,0-1.");
    EXPECT_EQ(hint_of("0 0 * * 6-0"), "Write 6,0.");
    EXPECT_EQ(hint_of("0 23-0 * * *"), "Write 23,0.");
    EXPECT_EQ(hint_of("*/90 * * * *"), "Write '90 minutes' for a fixed rate.");
    EXPECT_EQ(hint_of("0 */48 * * *"), "Write '48 hours' for a fixed rate.");
    EXPECT_EQ(hint_of("daily"), "Write '@daily'.");
    EXPECT_EQ(hint_of("5"), "Write '5 minutes', or another unit.");
    EXPECT_EQ(hint_of("22:00"), "Write '30 2 * * *' for every day at 02:30.");
    EXPECT_EQ(hint_of("0 0 30 2 *"), "Write L as the day for the last day of a month.");
}

// What the hint tells to write must be accepted.
TEST(ScheduleTexts, HintsWork) {
    for (const std::string_view text : {"0 22-23,0-2 * * *", "0 0 * 11-12,1-2 *", "0 0 * * 5-6,0-1", "0 0 * * 6,0",
                                        "90 minutes", "48 hours", "@daily", "5 minutes", "30 2 * * *", "0 0 L 2 *"}) {
        EXPECT_TRUE(std::holds_alternative<Schedule>(parse(text))) << text;
    }
}

TEST(ScheduleTexts, KindsAreNamed) {
    const auto kind = [](std::string_view text) {
        return std::string(kind_name(std::get<Schedule>(parse(text))));
    };
    EXPECT_EQ(kind("* * * * *"), "cron");
    EXPECT_EQ(kind("5 minutes"), "every");
    EXPECT_EQ(kind("after 5 minutes"), "after");
    EXPECT_EQ(kind("lag 5 minutes"), "lag");
    EXPECT_EQ(kind("on change"), "on change");
    EXPECT_EQ(kind("downstream"), "downstream");
    EXPECT_TRUE(has_due_times(std::get<Schedule>(parse("* * * * *"))));
    EXPECT_TRUE(has_due_times(std::get<Schedule>(parse("1 day"))));
    for (const std::string_view text : {"after 5 minutes", "lag 5 minutes", "on change", "downstream"}) {
        const Schedule schedule = std::get<Schedule>(parse(text));
        EXPECT_FALSE(has_due_times(schedule)) << text;
        EXPECT_EQ(next_run(schedule, 0, 0, Utc()), std::nullopt) << text;
    }
}

TEST(ScheduleTexts, FieldsOfCron) {
    const auto cron = [](std::string_view text) {
        return std::get<Cron>(std::get<Schedule>(parse(text)));
    };
    EXPECT_EQ(cron("5/15 * * * *").minutes, 1ULL << 5 | 1ULL << 20 | 1ULL << 35 | 1ULL << 50);
    EXPECT_EQ(cron("0 0 * * 7").weekdays, 1U);
    EXPECT_EQ(cron("0 0 * * fri-sun").weekdays, 1U | 1U << 5 | 1U << 6);
    EXPECT_EQ(cron("0 0 * * 1/2").weekdays, 1U | 1U << 1 | 1U << 3 | 1U << 5);
    EXPECT_EQ(cron("0 0 * * *").seconds, 1U);
    EXPECT_EQ(cron("*/20 0 0 * * *").seconds, 1ULL | 1ULL << 20 | 1ULL << 40);
    EXPECT_EQ(cron("0 0 */10 * *").days, 1U << 1 | 1U << 11 | 1U << 21 | 1U << 31);
    EXPECT_TRUE(cron("0 0 */2 * *").any_day);
    EXPECT_FALSE(cron("0 0 1-31 * *").any_day);
    EXPECT_FALSE(cron("0 3 * * *").wildcard);
    EXPECT_FALSE(cron("0-10 3,4 * * *").wildcard);
    EXPECT_FALSE(cron("* 0 3 * * *").wildcard) << "the seconds field does not make a wildcard";
    EXPECT_TRUE(cron("* 3 * * *").wildcard);
    EXPECT_TRUE(cron("0 * * * *").wildcard);
    EXPECT_TRUE(cron("10-40/5 3 * * *").wildcard);
    EXPECT_TRUE(cron("0 8/4 * * *").wildcard);
}

TEST(ScheduleTexts, LongTextsAreRefusedAtOnce) {
    const std::string many(1'000'000, ' ');
    const auto parsed = parse(many + "* * * * *");
    ASSERT_TRUE(std::holds_alternative<ParseError>(parsed));
    EXPECT_EQ(std::get<ParseError>(parsed).position, 1001);
    EXPECT_TRUE(std::holds_alternative<Schedule>(parse(std::string(990, ' ') + "5 minutes")));
    std::string list = "0";
    while (list.size() < 900)
        list += ",59";
    EXPECT_TRUE(std::holds_alternative<Schedule>(parse(list + " * * * *")));
}

// Any bytes: no crash, a position inside the text or just behind it, and what is accepted has a normal form.
TEST(ScheduleTexts, RandomBytesAndMutationsAreSafe) {
    std::mt19937_64 random(20'260'101);
    constexpr std::string_view alphabet = "0123456789*/,-LW?@# .:+smhdwy\xC3\xA9\xFF\t";
    for (int round = 0; round < 100'000; ++round) {
        std::string text;
        if (round % 2 == 0) {
            for (auto length = random() % 24; length > 0; --length)
                text.push_back(alphabet[random() % alphabet.size()]);
        } else {
            text = round % 4 == 1 ? good_texts[random() % std::size(good_texts)].text
                                  : bad_texts[random() % std::size(bad_texts)].text;
            if (!text.empty())
                text[random() % text.size()] = static_cast<char>(random());
        }
        const auto parsed = parse(text);
        if (const auto *const error = std::get_if<ParseError>(&parsed)) {
            ASSERT_GE(error->position, 1) << text;
            ASSERT_LE(error->position, static_cast<int>(text.size()) + 1) << text;
            ASSERT_FALSE(error->message.empty()) << text;
        } else {
            const Schedule &schedule = std::get<Schedule>(parsed);
            const auto again = parse(describe(schedule));
            ASSERT_TRUE(std::holds_alternative<Schedule>(again)) << text << " -> " << describe(schedule);
            ASSERT_TRUE(std::get<Schedule>(again) == schedule) << text << " -> " << describe(schedule);
        }
    }
}

} // namespace
} // namespace mvmanager::model
