// The two clocks: due times are told by the wall clock, waits by the monotonic one.
#pragma once

#include "pg/lock.hpp"
#include "scheduler/tick.hpp"

#include "pg/postgres.hpp"

extern "C" {
#include "utils/timestamp.h"
}

namespace mvmanager::scheduler {

inline ClockReading read_clocks() { return {.wall = GetCurrentTimestamp(), .monotonic = pg::monotonic_now()}; }

// Remembers the last reading, so that a wall clock that was set shows.
class Clock {
public:
    Clock() : last_(read_clocks()) {}
    // Reads both clocks. True where the wall clock was set since the last call.
    bool advance() {
        const ClockReading now = read_clocks();
        const bool stepped = clock_step(last_, now) != 0;
        last_ = now;
        return stepped;
    }
    Timestamp wall() const { return last_.wall; }
    std::int64_t monotonic() const { return last_.monotonic; }

private:
    ClockReading last_;
};

} // namespace mvmanager::scheduler
