#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "model/cron.hpp"
#include "model/interval.hpp"
#include "model/parse_error.hpp"
#include "model/time.hpp"

// The one schedule language:
//   */5 * * * *             cron, five fields
//   30 */5 * * * *          cron with leading seconds
//   @hourly                 @yearly @annually @monthly @weekly @daily @midnight @hourly
//   10 minutes              fixed rate; `every 10 minutes` is the same
//   after 5 minutes         that long after the last run ended
//   lag 10 minutes          data never older than that
//   on change               when a base table changed
//   on change every 30 s    ... but not more often
//   downstream              right after the views it reads

namespace mvmanager::model {

// Due at anchor + k * interval.
struct Every {
    Interval interval;
    friend bool operator==(const Every &, const Every &) = default;
};

struct After {
    Interval interval;
    friend bool operator==(const After &, const After &) = default;
};

struct Lag {
    Interval interval;
    friend bool operator==(const Lag &, const Lag &) = default;
};

struct OnChange {
    std::optional<Interval> at_most_every;
    friend bool operator==(const OnChange &, const OnChange &) = default;
};

struct Downstream {
    friend bool operator==(const Downstream &, const Downstream &) = default;
};

using Schedule = std::variant<Cron, Every, After, Lag, OnChange, Downstream>;

// Reads a schedule. Accepts any bytes, throws nothing but std::bad_alloc, takes time linear in their number. What it
// returns can fire: a cron text that never does is an error.
std::variant<Schedule, ParseError> parse(std::string_view text);

// Whether due times follow from the clock alone (Cron, Every). The other kinds follow events: next_run knows none.
bool has_due_times(const Schedule &schedule);

// The name of the kind as a message shows it: cron, every, after, lag, on change, downstream.
std::string_view kind_name(const Schedule &schedule);

// The next due time: strictly after `after`, so feeding results back in gives a strictly increasing sequence that depends
// on nothing but (schedule, anchor, zone): no drift, however late the runs were. nullopt for kinds without due times and
// past the end of the calendar.
// `anchor` matters to Every alone: a fixed instant of the schedule, best the moment it was made. Any former due time of the
// schedule serves as well, except for months: stepping from 28 February, what was the 31st becomes the 28th.
// A caller that missed occurrences asks once with after = now: they collapse into one run.
std::optional<Timestamp> next_run(const Schedule &schedule, Timestamp after, Timestamp anchor, const Zone &zone);

// The schedule in normal form; parse(describe(s)) == s.
std::string describe(const Schedule &schedule);

} // namespace mvmanager::model
