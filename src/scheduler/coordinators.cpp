#include "scheduler/coordinators.hpp"

#include <algorithm>

#include "format.hpp"

#include "pg/postgres.hpp"

extern "C" {
#include "miscadmin.h"
}

namespace mvmanager::scheduler {

using model::microseconds_per_second;

int Coordinators::most() { return std::clamp((max_worker_processes - 2) / 2, 1, 16); }

bool Coordinators::is_there(Oid database) const {
    return std::any_of(children_.begin(), children_.end(), [&](const Child &c) { return c.database == database; });
}

std::vector<Oid> Coordinators::databases() const {
    std::vector<Oid> found;
    for (const Child &child : children_)
        found.push_back(child.database);
    return found;
}

bool Coordinators::start(Oid database) {
    {
        Guard const guard(segment_);
        DatabaseEntry *entry = find_or_add_entry(*segment_, database);
        if (!entry)
            return true;
        entry->ended_well = false;
        entry->leave = false;
    }
    StartTicket ticket = ticket_;
    ticket.database = database;
    const std::optional<pg::WorkerHandle> handle =
        pg::WorkerHandle::start({.function = "mvm_coordinator_main",
                                 .type = coordinator_type,
                                 .name = format("mvmanager coordinator for database {}", database),
                                 .restart_seconds = std::nullopt,
                                 .extra = &ticket,
                                 .extra_size = sizeof ticket});
    if (!handle) {
        if (shortage_.failures == 0)
            pg::log("mvmanager cannot start a coordinator: no background worker slot is free, schedules wait (see "
                    "max_worker_processes)");
        back_off(shortage_, 30 * microseconds_per_second);
        return false;
    }
    shortage_ = {};
    children_.push_back({database, *handle});
    return true;
}

void Coordinators::collect_ended() {
    for (std::size_t i = 0; i < children_.size();) {
        if (children_[i].handle.status() != pg::WorkerHandle::Status::stopped) {
            ++i;
            continue;
        }
        const Oid database = children_[i].database;
        children_[i].handle.release();
        children_.erase(children_.begin() + static_cast<std::ptrdiff_t>(i));
        note_ended(database);
    }
}

void Coordinators::note_ended(Oid database) {
    shortage_.retry_at = 0;
    bool ended_well = true;
    {
        Guard const guard(segment_);
        if (DatabaseEntry *entry = find_entry(*segment_, database)) {
            entry->coordinator_pid = 0;
            entry->coordinator_proc = -1;
            entry->leave = entry->demand = false;
            ended_well = entry->ended_well;
            if (!ended_well)
                entry->dirty = true;
        }
    }
    if (ended_well)
        trouble_.erase(database);
    else
        back_off(trouble_[database], 60 * microseconds_per_second);
}

void Coordinators::back_off(Trouble &trouble, std::int64_t longest) const {
    const int doublings = std::min(trouble.failures++, 10);
    trouble.retry_at = clock_.monotonic() + std::min(microseconds_per_second << doublings, longest);
}

std::int64_t Coordinators::retry_at(Oid database) const {
    const auto trouble = trouble_.find(database);
    return trouble == trouble_.end() ? 0 : trouble->second.retry_at;
}

} // namespace mvmanager::scheduler
