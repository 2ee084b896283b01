#include "scheduler/kick.hpp"

#include <algorithm>
#include <csignal>

#include "pg/error.hpp"
#include "pg/lock.hpp"
#include "pg/segment.hpp"
#include "pg/wait_point.hpp"
#include "pg/worker.hpp"
#include "scheduler/launcher.hpp"
#include "scheduler/shmem.hpp"

#include "pg/postgres.hpp"

extern "C" {
#include "access/xact.h"
}

namespace mvmanager::scheduler {
namespace {

constexpr std::int64_t patience = 5'000'000; // microseconds: for the launcher to come up, for processes to leave
constexpr std::int64_t poll_period = 10'000;

// What this transaction has told the scheduler it will do.
struct Announced {
    Segment *segment = nullptr;
    bool wanted = false;  // wake at commit
    bool counted = false; // entry.pending has one for us
    bool drops = false;   // entry.drops has one for us
};
Announced announced;

// Adds our transaction to the entry of this database. False where there is no launcher to tell.
bool announce(bool drop) {
    Segment *segment = find_shared_segment();
    if (!segment)
        return false;
    bool is_full = false;
    {
        Guard const guard(segment);
        if (segment->shutting_down)
            return false;
        DatabaseEntry *entry = find_or_add_entry(*segment, MyDatabaseId);
        is_full = !entry;
        if (entry) {
            if (!announced.counted)
                ++entry->pending;
            if (drop && !announced.drops)
                ++entry->drops;
        }
    }
    if (is_full)
        throw pg::Error(pg::sqlstate::configuration_limit_exceeded,
                        "too many databases have schedules: the limit is {}", max_databases);
    announced.segment = segment;
    announced.counted = true;
    announced.drops = announced.drops || drop;
    return true;
}

// Flags and latches only: nothing here may raise.
void conclude(XactEvent event) {
    const Announced said = announced;
    announced = {};
    if (!said.counted)
        return;
    int to_wake;
    {
        Guard const guard(said.segment);
        DatabaseEntry *entry = find_entry(*said.segment, MyDatabaseId);
        if (!entry)
            return;
        entry->pending = std::max(entry->pending - 1, 0);
        if (said.drops)
            entry->drops = std::max(entry->drops - 1, 0);
        if (event == XACT_EVENT_PREPARE)
            entry->prepared = true;
        // After an abort too: a lock that the coordinator went around is free now.
        entry->dirty = true;
        to_wake = entry->coordinator_proc >= 0 ? entry->coordinator_proc : said.segment->launcher_proc;
    }
    pg::wake_process(to_wake);
}

extern "C" void mvm_at_transaction_end(XactEvent event, void *) {
    switch (event) {
    case XACT_EVENT_PRE_COMMIT:
    case XACT_EVENT_PRE_PREPARE:
        // The launcher may be another one than when this transaction began.
        if (announced.wanted && (!announced.counted || announced.segment->shutting_down))
            pg::enter([] {
                announced.counted = false;
                announce(announced.drops);
            });
        break;
    case XACT_EVENT_COMMIT:
    case XACT_EVENT_ABORT:
    case XACT_EVENT_PREPARE:
        conclude(event);
        break;
    default:
        break;
    }
}

void watch_transaction() {
    static bool is_registered = false;
    if (is_registered)
        return;
    pg::call([] { RegisterXactCallback(mvm_at_transaction_end, nullptr); });
    is_registered = true;
}

std::vector<int> pids_here(Segment *segment) {
    std::vector<int> pids;
    pids.reserve(max_slots + 1);
    Guard const guard(segment);
    if (const DatabaseEntry *entry = find_entry(*segment, MyDatabaseId); entry && entry->coordinator_pid)
        pids.push_back(entry->coordinator_pid);
    for (const WorkerSlot &slot : segment->slots)
        if (slot.database == MyDatabaseId && slot.pid)
            pids.push_back(slot.pid);
    return pids;
}

} // namespace

LauncherState require_launcher() {
    if (find_shared_segment())
        return LauncherState::running;
    if (is_preloaded())
        return LauncherState::restarting;
    if (!start_dynamic_launcher())
        throw pg::Error(pg::sqlstate::configuration_limit_exceeded,
                        "cannot start the launcher of mvmanager: no background worker slot is free")
            .hint("Increase max_worker_processes (now {}) and restart the server, or call mv_refresh() instead.",
                  max_worker_processes);
    const std::int64_t deadline = pg::monotonic_now() + patience;
    while (!find_shared_segment()) {
        pg::check_for_interrupts();
        if (pg::monotonic_now() > deadline)
            throw pg::Error(pg::sqlstate::wrong_state, "the launcher of mvmanager did not start within {} seconds",
                            patience / 1'000'000)
                .hint("The server log tells why.");
        pg::wait_latch(poll_period);
    }
    return LauncherState::started;
}

std::optional<int> launcher_pid() {
    if (Segment *segment = find_shared_segment())
        return segment->launcher_pid;
    return std::nullopt;
}

void wake_at_commit() {
    watch_transaction();
    announced.wanted = true;
    if (!announced.counted || announced.segment->shutting_down) {
        announced.counted = false;
        announce(false);
    }
}

int stop_processes_for_drop() {
    watch_transaction();
    announced.wanted = true;
    if (!announce(true))
        return 0;
    pg::wait_point("drop-before-stop");
    const std::int64_t deadline = pg::monotonic_now() + patience;
    for (;;) {
        const std::vector<int> pids = pids_here(announced.segment);
        if (pids.empty() || pg::monotonic_now() > deadline)
            return static_cast<int>(pids.size());
        // Again each time: a process may just have come up.
        for (const int pid : pids)
            kill(pid, SIGTERM);
        pg::check_for_interrupts();
        pg::wait_latch(poll_period * 5);
    }
}

std::vector<Process> processes() {
    Segment *segment = find_shared_segment();
    if (!segment)
        return {};
    std::vector<Process> found;
    found.reserve(1 + max_databases + max_slots);
    found.push_back({.pid = segment->launcher_pid, .kind = "launcher"});
    std::vector<DatabaseEntry> entries(max_databases);
    std::vector<WorkerSlot> slots(max_slots);
    {
        Guard const guard(segment);
        std::copy(std::begin(segment->entries), std::end(segment->entries), entries.begin());
        std::copy(std::begin(segment->slots), std::end(segment->slots), slots.begin());
    }
    for (const DatabaseEntry &entry : entries)
        if (OidIsValid(entry.database) && entry.coordinator_pid)
            found.push_back({.pid = entry.coordinator_pid,
                             .kind = "coordinator",
                             .database = entry.database,
                             .since = entry.coordinator_since});
    for (const WorkerSlot &slot : slots)
        if (OidIsValid(slot.database) && slot.pid)
            found.push_back({.pid = slot.pid,
                             .kind = "worker",
                             .database = slot.database,
                             .run_id = slot.run_id > 0 ? std::optional(slot.run_id) : std::nullopt,
                             .since = slot.since});
    return found;
}

} // namespace mvmanager::scheduler
