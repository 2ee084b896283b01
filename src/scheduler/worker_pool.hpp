// The workers of one database, as its coordinator sees them: which are idle, what it takes to have one more, and handing
// them runs. What other databases leave over is shared memory's business (shmem.hpp).
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <unordered_map>

#include "pg/worker.hpp"
#include "scheduler/clock.hpp"
#include "scheduler/shmem.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::scheduler {

// A worker's slot during one life of that worker.
struct Place {
    int slot = -1;
    std::uint64_t token = 0;
};

class WorkerPool {
public:
    // The ticket names the database, and is what new workers are handed.
    WorkerPool(Segment *segment, const StartTicket &ticket, const Clock &clock)
        : segment_(segment), ticket_(ticket), clock_(clock) {}

    // How many runs could begin now. After the server refused a worker only idle ones count, until it is time to try again.
    int free_places() const;

    // An idle worker, or a new one, spoken for until it is handed a run or given back. nullopt where neither is to be had;
    // the first refusal in a row is logged.
    std::optional<Place> take();
    // False where the worker is gone: the run has to be found by a sweep.
    bool hand_over(const Place &place, std::int64_t run_id, std::int64_t view_id, Oid owner);
    void give_back(const Place &place);
    // Whether the worker is through with the run, or gone.
    bool is_over(const Place &place, std::int64_t run_id) const;

    // Makes sure of an idle worker if one is to be had: a run is due in a moment.
    void warm_up();

    // Runs are due and no place is free: where other databases have all workers, one of them makes way.
    void ask_for_room();

    // Slots of started workers that never came up are given back. After one that could not connect (the server log says
    // why) there is a pause, longer each time, before the next.
    void collect_failed_starts();
    // A run ended: the server may have room again.
    void try_again() { retry_at_ = 0; }
    // Monotonic; 0 where nothing was refused and nothing failed.
    std::int64_t retry_at() const { return std::max(retry_at_, not_before_); }

private:
    struct Started {
        int slot;
        pg::WorkerHandle handle;
    };

    int idle() const;
    std::optional<Place> take_idle();
    std::optional<Place> start();
    void note_refused();

    Segment *segment_;
    StartTicket ticket_;
    const Clock &clock_;
    std::unordered_map<std::uint64_t, Started> started_; // by token, until they are up
    std::int64_t retry_at_ = 0;
    std::int64_t not_before_ = 0;
    int failed_starts_ = 0; // as last seen
    int refusals_ = 0;
};

} // namespace mvmanager::scheduler
