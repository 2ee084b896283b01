// Keeps mvmanager's processes out of the way of DROP DATABASE and its like. Those wait five seconds for others to leave,
// and nothing tells us in time but their lock on the database.
#pragma once

#include <cstdint>
#include <unordered_set>
#include <vector>

#include "scheduler/clock.hpp"
#include "scheduler/coordinators.hpp"
#include "scheduler/shmem.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::scheduler {

class DatabaseGuard {
public:
    DatabaseGuard(Segment *segment, const Coordinators &coordinators, const Clock &clock)
        : segment_(segment), coordinators_(coordinators), clock_(clock) {}

    // Once a second: ends our processes where somebody holds that lock, and remembers the database until it is let go.
    void look();
    // Nothing may be started there.
    bool is_blocked(Oid database) const { return blocked_.contains(database); }
    // The same as of now: look() is a second old at times.
    bool lets_in(Oid database);

    // Whether there is anything to look after, and when next (monotonic).
    bool is_needed() const { return !blocked_.empty() || !databases_with_processes().empty(); }
    std::int64_t next_look() const { return next_look_; }

private:
    std::unordered_set<Oid> databases_with_processes() const;
    std::vector<int> processes_in(Oid database) const;

    Segment *segment_;
    const Coordinators &coordinators_;
    const Clock &clock_;
    std::unordered_set<Oid> blocked_;
    std::int64_t next_look_ = 0;
};

} // namespace mvmanager::scheduler
