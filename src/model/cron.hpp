#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "model/parse_error.hpp"
#include "model/time.hpp"

namespace mvmanager::model {

// A cron schedule as sets of field values. Made by parse_cron; the sets are never empty and hold only values of the field.
struct Cron {
    std::uint64_t seconds = 1;  // bits 0..59; the bit 0 alone where the text has no seconds field
    std::uint64_t minutes = 0;  // bits 0..59
    std::uint32_t hours = 0;    // bits 0..23
    std::uint32_t days = 0;     // bits 1..31, without what last_day adds
    std::uint32_t months = 0;   // bits 1..12
    std::uint32_t weekdays = 0; // bits 0..6, 0 = Sunday
    bool last_day = false;      // the last day of a month matches too
    bool any_day = false;       // the day-of-month field begins with *: the weekday decides alone
    bool any_weekday = false;   // the day-of-week field begins with *: the day of the month decides alone
    bool wildcard = false;      // minute or hour has * or a step: keeps its real spacing when clocks change
    std::string text;           // normalized: five or six fields, names as numbers, single blanks

    friend bool operator==(const Cron &, const Cron &) = default;
};

// Reads `minute hour day month weekday`, the same with a leading seconds field, or `@hourly` and its kind. Lists, ranges,
// steps (`*/5`, `10-40/5`, `5/15` = from 5 on), names of months and weekdays, 7 for Sunday, `L` (or `$`) for the last day
// of the month, `?` as `*` in the two day fields. Day and weekday, when both are restricted, are alternatives (Vixie's
// rule). A schedule that can never fire (`0 0 30 2 *`) is an error. Takes any bytes; time is linear in their number.
std::variant<Cron, ParseError> parse_cron(std::string_view text);

// Whether no date at all matches. The Gregorian calendar repeats every 400 years to the weekday, so looking that far
// proves it.
bool never_fires(const Cron &cron);

// The first due time strictly after `after`, nullopt when there is none in the next 400 years or before last_timestamp.
// - Fixed times (no * and no step in minute and hour) are due exactly once for each matching local date: a time that the
//   clocks skip at PostgreSQL's reading of it, a time that occurs twice at its second occurrence. Two times that fall on
//   one instant through a skipped hour are one due time.
// - Wildcards follow elapsed time: both passes of a repeated hour are due, a skipped hour is not.
std::optional<Timestamp> next_run(const Cron &cron, Timestamp after, const Zone &zone);

} // namespace mvmanager::model
