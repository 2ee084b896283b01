// How far the refresh that this process runs has come, for others to read while it runs: mvmanager.progress.
//
// The numbers live in this backend's entry of pg_stat_activity, where core keeps those of VACUUM and CREATE INDEX, under
// a command number of our own. So they cost a store each, need no shared memory, and are gone with the transaction or
// the process. Core has one such report a backend: index builds write their counters into ours (shown in the phase
// "building indexes"), an ANALYZE takes its place (but see KeepProgress) and a rolled back subtransaction ends it; the next
// call here puts it up again.
//
// With track_activities off nothing is reported. Without a Progress every call is one branch: a strategy may report
// whoever called it.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "model/plan.hpp"
#include "pg/guard.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::pg {

// What the refresh does now.
enum class Phase : std::int64_t {
    waiting_for_locks = 0,
    planning = 1,
    scanning_view = 2,        // counts rows read
    running_query = 3,        // counts rows read
    comparing_partitions = 4, // counts rows read: what was spilled to temporary files
    writing_rows = 5,         // counts rows written, into the view itself
    filling_storage = 6,      // counts rows read and written, into a new heap
    building_indexes = 7,     // counts indexes
    flushing_wal = 8,
    analyzing = 9,
    waiting_to_swap = 10,
    swapping = 11,
    recording = 12,
    core_refresh = 13, // core's own REFRESH is at work and tells no more than its last steps
};

// REQUIRES for everything below: none of it raises, allocates or needs a transaction, so it may be called in hot loops,
// between (sub)transactions and while unwinding.

// Reports for as long as it lives. One inside another takes its place and gives it back; a report of core's that a caller
// runs under (COPY of a query that refreshes) is given back too. Starts in Phase::waiting_for_locks.
class Progress {
public:
    // view: the materialized view. run: its row in mvmanager.run, where there is one already.
    Progress(Oid view, model::Strategy strategy, std::optional<std::int64_t> run);
    ~Progress();
    Progress(const Progress &) = delete;
    Progress &operator=(const Progress &) = delete;

    // How many numbers of 64 bits a backend's entry has.
    static constexpr int slots = 20;
    struct State {
        int command; // core's number of a command, ours, or 0 for none
        Oid relation;
        std::int64_t values[slots];
    };

private:
    State before_;
};

// For the length of a scope core leaves our report as it is, and tells nothing of its own: around an ANALYZE, which would
// take its place. Nothing is reported from within, by us neither.
class KeepProgress {
public:
    KeepProgress();
    ~KeepProgress();
    KeepProgress(const KeepProgress &) = delete;
    KeepProgress &operator=(const KeepProgress &) = delete;

private:
    bool saved_;
};

// The strategy that was chosen, or that the refresh has gone over to.
void progress_strategy(model::Strategy strategy);
// Begins a phase. What it counts starts at zero. estimate: how many rows it will count, where somebody can tell.
void progress_phase(Phase phase, std::optional<std::int64_t> estimate = std::nullopt);
// The phase's counters, absolute.
void progress_rows_read(std::int64_t so_far);
void progress_rows_written(std::int64_t so_far);
void progress_indexes(int done, int total);
// Another process that has the lock that is polled for; 0 for none. Queued waits need no call: pg_locks has them.
void progress_blocked_by(int pid);

// The same for loops over rows: called for every row with the count so far, published each 1024.
inline void progress_rows_read_unsafe(std::int64_t so_far) {
    if ((so_far & 1023) == 0) [[unlikely]]
        progress_rows_read(so_far);
}
inline void progress_rows_written_unsafe(std::int64_t so_far) {
    if ((so_far & 1023) == 0) [[unlikely]]
        progress_rows_written(so_far);
}

// One refresh that runs now in this database, as another process reported it. What was not told is nullopt.
struct ProgressRow {
    int pid;
    Oid relation;
    std::optional<std::int64_t> run;
    model::Strategy strategy;
    Phase phase;
    std::int64_t started_at, phase_started_at; // timestamptz
    std::optional<std::int64_t> rows_read, rows_written, rows_estimated;
    std::optional<std::int64_t> indexes_done, indexes_total;
    // Of the index that is being built: blocks of the heap scanned for it, and rows put into it.
    std::optional<std::int64_t> blocks_done, blocks_total, tuples_done, tuples_total;
    std::optional<int> blocked_by;
};

// All of them that the current user may see: by any privilege on the view, as a member of its owner or of the role that
// runs it, or of pg_read_all_stats. As pg_stat_activity's, the numbers stand still within a transaction.
std::vector<ProgressRow> read_progress();

} // namespace mvmanager::pg
