#include "scheduler/shmem.hpp"

#include <algorithm>

#include "pg/segment.hpp"
#include "pg/worker.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::scheduler {
namespace {

constexpr std::uint32_t segment_magic = 0x6D766D01; // the last byte is the layout's number

// The segment a session is attached to.
Segment *attached = nullptr;
std::uint32_t attached_handle = 0;

// How many slots the database may hold: all of them while it is alone, an equal share otherwise, at least one.
struct Usage {
    int used = 0;
    int own = 0;
    int own_idle = 0;
    int databases = 1; // with a slot or in need of one, the asking one included
};

Usage usage_of(const Segment &segment, Oid database) {
    Usage usage;
    for (const WorkerSlot &slot : segment.slots) {
        if (!OidIsValid(slot.database))
            continue;
        ++usage.used;
        if (slot.database != database)
            continue;
        ++usage.own;
        if (slot.run_id == 0 && !slot.leave)
            ++usage.own_idle;
    }
    for (int i = 0; i < segment.entries_used; ++i)
        if (segment.entries[i].demand && segment.entries[i].database != database)
            ++usage.databases;
    return usage;
}

int share_of(const Usage &usage, int max_workers) {
    return std::max(1, std::min(max_workers, max_slots) / usage.databases);
}

int may_add(const Usage &usage, int max_workers) {
    int const limit = std::min(max_workers, max_slots);
    return std::max(0, std::min(limit - usage.used, share_of(usage, max_workers) - usage.own));
}

} // namespace

Segment *create_shared_segment(std::uint64_t generation, bool is_static, std::uint32_t *handle) {
    auto *segment = static_cast<Segment *>(pg::create_segment(sizeof(Segment), handle));
    segment->magic = segment_magic;
    segment->generation = generation;
    SpinLockInit(&segment->mutex);
    segment->launcher_pid = MyProcPid;
    segment->launcher_proc = pg::my_proc_number();
    segment->is_static = is_static;
    for (DatabaseEntry &entry : segment->entries)
        entry.coordinator_proc = -1;
    for (WorkerSlot &slot : segment->slots)
        slot.proc = -1;
    return segment;
}

Segment *attach_shared_segment(const StartTicket &ticket) {
    auto *segment = static_cast<Segment *>(pg::attach_segment(ticket.segment));
    if (!segment || segment->magic != segment_magic || segment->generation != ticket.generation)
        return nullptr;
    return segment;
}

Segment *find_shared_segment() {
    if (attached && !attached->shutting_down)
        return attached;
    const std::optional<pg::Published> published = pg::find_segment(launcher_type);
    if (!published)
        return nullptr;
    if (attached && published->handle == attached_handle && published->generation == attached->generation)
        return attached->shutting_down ? nullptr : attached;
    auto *segment = static_cast<Segment *>(pg::attach_segment(published->handle));
    if (!segment)
        return nullptr;
    if (segment->magic != segment_magic || segment->generation != published->generation || segment->shutting_down) {
        pg::detach_segment(published->handle);
        return nullptr;
    }
    if (attached)
        pg::detach_segment(attached_handle);
    attached = segment;
    attached_handle = published->handle;
    return attached;
}

DatabaseEntry *find_entry(Segment &segment, Oid database) {
    for (int i = 0; i < segment.entries_used; ++i)
        if (segment.entries[i].database == database)
            return &segment.entries[i];
    return nullptr;
}

DatabaseEntry *find_or_add_entry(Segment &segment, Oid database) {
    if (DatabaseEntry *entry = find_entry(segment, database))
        return entry;
    for (int i = 0; i < max_databases; ++i) {
        DatabaseEntry &entry = segment.entries[i];
        if (OidIsValid(entry.database))
            continue;
        entry = DatabaseEntry{};
        entry.database = database;
        entry.coordinator_proc = -1;
        entry.next_due = model::infinity;
        segment.entries_used = std::max(segment.entries_used, i + 1);
        return &entry;
    }
    return nullptr;
}

bool is_forgettable(const DatabaseEntry &entry) {
    return entry.pending == 0 && entry.drops == 0 && !entry.dirty && !entry.prepared && !entry.has_work &&
           entry.coordinator_pid == 0;
}

std::optional<Reservation> reserve_slot(Segment *segment, Oid database, int max_workers) {
    int idle_elsewhere = -1;
    {
        Guard const guard(segment);
        if (segment->shutting_down)
            return std::nullopt;
        if (may_add(usage_of(*segment, database), max_workers) > 0) {
            for (int i = 0; i < max_slots; ++i) {
                WorkerSlot &slot = segment->slots[i];
                if (OidIsValid(slot.database))
                    continue;
                slot = WorkerSlot{};
                slot.database = database;
                slot.token = ++segment->last_token;
                slot.proc = -1;
                return Reservation{i, slot.token};
            }
        }
        if (DatabaseEntry *entry = find_entry(*segment, database))
            entry->demand = true;
        for (WorkerSlot &slot : segment->slots) {
            if (OidIsValid(slot.database) && slot.database != database && slot.run_id == 0 && slot.pid != 0 &&
                !slot.leave) {
                slot.leave = true;
                idle_elsewhere = slot.proc;
                break;
            }
        }
    }
    pg::wake_process(idle_elsewhere);
    return std::nullopt;
}

int available_slots(Segment *segment, Oid database, int max_workers) {
    int to_wake[max_slots];
    int surplus = 0, available = 0;
    {
        Guard const guard(segment);
        Usage const usage = usage_of(*segment, database);
        int const usable = std::clamp(share_of(usage, max_workers) - (usage.own - usage.own_idle), 0, usage.own_idle);
        available = usable + may_add(usage, max_workers);
        // Idle workers above the share would be taken again and again while another database waits for one.
        for (WorkerSlot &slot : segment->slots) {
            if (surplus == usage.own_idle - usable)
                break;
            if (slot.database != database || slot.run_id != 0 || slot.leave)
                continue;
            slot.leave = true;
            to_wake[surplus++] = slot.proc;
        }
    }
    for (int i = 0; i < surplus; ++i)
        pg::wake_process(to_wake[i]);
    return available;
}

void ask_for_room(Segment *segment, Oid database, int max_workers) {
    int to_wake = -1;
    {
        Guard const guard(segment);
        Usage const usage = usage_of(*segment, database);
        if (usage.own > 0 || usage.used < std::min(max_workers, max_slots))
            return;
        WorkerSlot *chosen = nullptr;
        for (WorkerSlot &slot : segment->slots) {
            if (!OidIsValid(slot.database) || slot.pid == 0)
                continue;
            if (slot.leave)
                return;
            if (!chosen || (slot.run_id == 0 && chosen->run_id != 0))
                chosen = &slot;
        }
        if (!chosen)
            return;
        chosen->leave = true;
        to_wake = chosen->proc;
    }
    pg::wake_process(to_wake);
}

void free_slot(Segment *segment, int number, std::uint64_t token) {
    int to_wake[max_slots];
    int count = 0;
    {
        Guard const guard(segment);
        WorkerSlot &slot = segment->slots[number];
        if (slot.token != token || !OidIsValid(slot.database))
            return;
        Oid const database = slot.database;
        bool const unfinished = slot.run_id != 0;
        slot = WorkerSlot{};
        slot.proc = -1;
        for (int i = 0; i < segment->entries_used && count < max_slots; ++i) {
            DatabaseEntry &entry = segment->entries[i];
            if (!OidIsValid(entry.database) || (entry.database != database && !entry.demand))
                continue;
            if (entry.database == database && unfinished)
                entry.dirty = true;
            if (entry.coordinator_proc >= 0)
                to_wake[count++] = entry.coordinator_proc;
            else if (entry.dirty)
                to_wake[count++] = segment->launcher_proc;
        }
    }
    for (int i = 0; i < count; ++i)
        pg::wake_process(to_wake[i]);
}

void wake_database(Segment *segment, Oid database, bool dirty) {
    int proc;
    {
        Guard const guard(segment);
        DatabaseEntry *entry = find_entry(*segment, database);
        if (!entry)
            return;
        if (dirty)
            entry->dirty = true;
        proc = entry->coordinator_proc >= 0 ? entry->coordinator_proc : segment->launcher_proc;
    }
    pg::wake_process(proc);
}

} // namespace mvmanager::scheduler
