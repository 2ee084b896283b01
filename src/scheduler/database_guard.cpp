#include "scheduler/database_guard.hpp"

#include <csignal>

#include "pg/database.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::scheduler {
namespace {

constexpr std::int64_t period = 1 * model::microseconds_per_second;

} // namespace

void DatabaseGuard::look() {
    if (clock_.monotonic() < next_look_)
        return;
    next_look_ = clock_.monotonic() + period;
    std::unordered_set<Oid> blocked;
    for (const Oid database : databases_with_processes()) {
        if (pg::is_open_for_connections(database))
            continue;
        blocked.insert(database);
        for (const int pid : processes_in(database))
            kill(pid, SIGTERM);
    }
    for (const Oid database : blocked_)
        if (!blocked.contains(database) && !pg::is_open_for_connections(database))
            blocked.insert(database);
    blocked_ = std::move(blocked);
}

bool DatabaseGuard::lets_in(Oid database) {
    if (pg::is_open_for_connections(database))
        return true;
    blocked_.insert(database);
    return false;
}

std::unordered_set<Oid> DatabaseGuard::databases_with_processes() const {
    const std::vector<Oid> coordinated = coordinators_.databases();
    std::unordered_set<Oid> found(coordinated.begin(), coordinated.end());
    for (const WorkerSlot &slot : segment_->slots)
        if (const Oid database = slot.database; OidIsValid(database))
            found.insert(database);
    return found;
}

std::vector<int> DatabaseGuard::processes_in(Oid database) const {
    // Room is made before the lock is taken: nothing may be allocated inside.
    std::vector<int> pids;
    pids.reserve(max_slots + 1);
    Guard const guard(segment_);
    if (const DatabaseEntry *entry = find_entry(*segment_, database); entry && entry->coordinator_pid)
        pids.push_back(entry->coordinator_pid);
    for (const WorkerSlot &slot : segment_->slots)
        if (slot.database == database && slot.pid)
            pids.push_back(slot.pid);
    return pids;
}

} // namespace mvmanager::scheduler
