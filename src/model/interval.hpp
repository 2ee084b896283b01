#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "model/parse_error.hpp"
#include "model/time.hpp"

namespace mvmanager::model {

// A span as PostgreSQL's interval keeps it: months and days follow the calendar of a zone, the rest is elapsed time.
// Made by parse_interval: no part is negative, the whole is between 1 second and 100 years, elapsed time in whole seconds.
struct Interval {
    std::int64_t months = 0;
    std::int64_t days = 0;
    std::int64_t microseconds = 0;

    friend constexpr bool operator==(const Interval &, const Interval &) = default;
};

// Reads text[from..]: `30 seconds`, `90s`, `1 hour 30 minutes`, `1h30m`, `1.5 hours`, `2 days`, `1 week`, `1 month`,
// `1 year`; a unit alone counts as one where `lone_unit` is yes (`every hour`). Positions in errors count from the
// beginning of text. Takes any bytes; time is linear in their number.
enum class LoneUnit { no, yes };
std::variant<Interval, ParseError> parse_interval(std::string_view text, std::size_t from, LoneUnit lone_unit);

// `1 month 2 days 1 hour 30 minutes`; parse_interval reads it back as the same interval.
std::string to_text(const Interval &interval);

// anchor + k * interval for the smallest whole k (negative ones too) that lies strictly after `after`; nullopt when that
// is outside the span of schedules. Months and days are added to the local reading in the zone (31 January + 1 month = 28
// or 29 February, + 2 months = 31 March), the rest to the instant. Computed by arithmetic, whatever the distance.
std::optional<Timestamp> next_step(const Interval &interval, Timestamp after, Timestamp anchor, const Zone &zone);

// Roughly how long it is (a month as 30.436875 days), for telling lateness; never used for due times.
std::int64_t typical_microseconds(const Interval &interval);

} // namespace mvmanager::model
