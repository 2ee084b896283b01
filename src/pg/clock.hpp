// Time: the wall clock for when, the monotonic one for how long.
#pragma once

#include <cstdint>

#include "pg/lock.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::pg {

// The wall clock now, as TimestampTz.
std::int64_t wall_clock_now();
// When the client's statement began.
std::int64_t statement_started_at();

// Runs from its construction. A clock that is set meanwhile does not change what it measures.
class Stopwatch {
public:
    Stopwatch() : started_at_(wall_clock_now()), since_(monotonic_now()) {}
    std::int64_t started_at() const { return started_at_; }           // TimestampTz
    std::int64_t elapsed() const { return monotonic_now() - since_; } // microseconds

private:
    std::int64_t started_at_;
    std::int64_t since_;
};

} // namespace mvmanager::pg
