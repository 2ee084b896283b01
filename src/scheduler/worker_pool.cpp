#include "scheduler/worker_pool.hpp"

#include <algorithm>

#include "format.hpp"
#include "settings.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::scheduler {
namespace {

using model::microseconds_per_second;

constexpr std::int64_t longest_pause = 30 * microseconds_per_second;

// WorkerSlot::run_id of a worker that is spoken for.
constexpr std::int64_t spoken_for = -1;

bool is_idle(const WorkerSlot &slot, Oid database) {
    return slot.database == database && slot.run_id == 0 && !slot.leave;
}

std::int64_t pause_after(int failures) {
    return std::min(microseconds_per_second << std::clamp(failures - 1, 0, 5), longest_pause);
}

} // namespace

int WorkerPool::free_places() const {
    return clock_.monotonic() < retry_at() ? idle()
                                           : available_slots(segment_, ticket_.database, settings::max_workers);
}

int WorkerPool::idle() const {
    int count = 0;
    Guard const guard(segment_);
    for (const WorkerSlot &slot : segment_->slots)
        if (is_idle(slot, ticket_.database))
            ++count;
    return count;
}

std::optional<Place> WorkerPool::take() {
    if (const std::optional<Place> place = take_idle())
        return place;
    const std::optional<Place> place = start();
    if (place) {
        Guard const guard(segment_);
        WorkerSlot &slot = segment_->slots[place->slot];
        if (slot.token == place->token)
            slot.run_id = spoken_for;
    }
    return place;
}

std::optional<Place> WorkerPool::take_idle() {
    Guard const guard(segment_);
    for (int i = 0; i < max_slots; ++i) {
        WorkerSlot &slot = segment_->slots[i];
        if (!is_idle(slot, ticket_.database))
            continue;
        slot.run_id = spoken_for;
        return Place{i, slot.token};
    }
    return std::nullopt;
}

std::optional<Place> WorkerPool::start() {
    const std::optional<Reservation> reservation = reserve_slot(segment_, ticket_.database, settings::max_workers);
    if (!reservation)
        return std::nullopt;
    StartTicket ticket = ticket_;
    ticket.slot = reservation->slot;
    ticket.token = reservation->token;
    const std::optional<pg::WorkerHandle> handle =
        pg::WorkerHandle::start({.function = "mvm_worker_main",
                                 .type = worker_type,
                                 .name = format("mvmanager worker for database {}", ticket_.database),
                                 .restart_seconds = std::nullopt,
                                 .extra = &ticket,
                                 .extra_size = sizeof ticket});
    if (!handle) {
        free_slot(segment_, reservation->slot, reservation->token);
        note_refused();
        return std::nullopt;
    }
    started_.emplace(reservation->token, Started{reservation->slot, *handle});
    refusals_ = 0;
    return Place{reservation->slot, reservation->token};
}

void WorkerPool::note_refused() {
    if (refusals_ == 0)
        pg::log("mvmanager cannot start a worker: no background worker slot is free, due refreshes wait (see "
                "max_worker_processes)");
    retry_at_ = clock_.monotonic() + pause_after(++refusals_);
}

bool WorkerPool::hand_over(const Place &place, std::int64_t run_id, std::int64_t view_id, Oid owner) {
    int proc;
    {
        Guard const guard(segment_);
        WorkerSlot &slot = segment_->slots[place.slot];
        if (slot.token != place.token || slot.database != ticket_.database)
            return false;
        slot.run_id = run_id;
        slot.view_id = view_id;
        slot.owner = owner;
        slot.taken = false;
        slot.since = clock_.wall();
        proc = slot.proc;
    }
    pg::wake_process(proc);
    return true;
}

void WorkerPool::give_back(const Place &place) {
    int proc = -1;
    {
        Guard const guard(segment_);
        WorkerSlot &slot = segment_->slots[place.slot];
        if (slot.token == place.token && slot.run_id <= 0) {
            slot.run_id = 0;
            proc = slot.proc;
        }
    }
    pg::wake_process(proc);
}

bool WorkerPool::is_over(const Place &place, std::int64_t run_id) const {
    Guard const guard(segment_);
    const WorkerSlot &slot = segment_->slots[place.slot];
    return slot.token != place.token || slot.run_id != run_id;
}

void WorkerPool::warm_up() {
    if (idle() == 0 && clock_.monotonic() >= retry_at() &&
        available_slots(segment_, ticket_.database, settings::max_workers) > 0)
        start();
}

void WorkerPool::ask_for_room() {
    if (clock_.monotonic() >= retry_at())
        scheduler::ask_for_room(segment_, ticket_.database, settings::max_workers);
}

void WorkerPool::collect_failed_starts() {
    for (auto worker = started_.begin(); worker != started_.end();) {
        auto &[token, started] = *worker;
        bool is_up;
        {
            Guard const guard(segment_);
            const WorkerSlot &slot = segment_->slots[started.slot];
            is_up = slot.token != token || slot.pid != 0;
        }
        const bool has_ended = started.handle.status() == pg::WorkerHandle::Status::stopped;
        if (!is_up && !has_ended) {
            ++worker;
            continue;
        }
        if (!is_up)
            free_slot(segment_, started.slot, token);
        started.handle.release();
        worker = started_.erase(worker);
    }
    int failed = 0;
    {
        Guard const guard(segment_);
        if (const DatabaseEntry *entry = find_entry(*segment_, ticket_.database))
            failed = entry->failed_starts;
    }
    if (failed > failed_starts_)
        not_before_ = clock_.monotonic() + pause_after(failed);
    failed_starts_ = failed;
}

} // namespace mvmanager::scheduler
