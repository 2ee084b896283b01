// The runs of one database that say running, and which process each belongs to.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "catalog/runs.hpp"
#include "scheduler/orphan.hpp"
#include "scheduler/worker_pool.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::scheduler {

// A run that a worker of this database was handed.
struct HandedOver {
    std::int64_t run_id = 0;
    std::int64_t view_id = 0;
    std::int64_t owner = 0;
    Place place = {};
    Timestamp began = 0;
};

class OpenRuns {
public:
    OpenRuns(Segment *segment, Oid database, Generation now)
        : segment_(segment), database_(database), now_(std::move(now)) {}

    // Reads all rows that say running. Each belongs to one of our workers, also to one that a former coordinator handed it
    // to; or to a process that is at work but not ours; or to nobody, and then it is finished here (orphan.hpp).
    // REQUIRES a transaction.
    void sweep(Timestamp now);

    void add(const HandedOver &run) { handed_over_.push_back(run); }
    // Takes out what workers are through with, and returns it.
    std::vector<HandedOver> collect_ended(const WorkerPool &workers);
    // Whether a run of a process that is not ours ended since the sweep: nothing tells us but its lock.
    bool has_foreign_ended() const;

    std::span<const HandedOver> handed_over() const { return handed_over_; }
    std::span<const catalog::runs::Run> foreign() const { return foreign_; }
    bool any() const { return !handed_over_.empty() || !foreign_.empty(); }
    // What is written into the rows of runs that start now.
    const std::string &generation() const { return now_.launcher; }

private:
    bool is_handed_over(std::int64_t run_id) const;

    Segment *segment_;
    Oid database_;
    Generation now_;
    std::vector<HandedOver> handed_over_;
    std::vector<catalog::runs::Run> foreign_;
};

} // namespace mvmanager::scheduler
