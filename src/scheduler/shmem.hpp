// What the scheduler's processes and the sessions that wake them share.
//
// One segment, made by the launcher and gone with it; no preload needed (pg/segment.hpp). Everything in it is read and
// written under one spinlock, for a few instructions. What must survive a crash is in the catalog instead.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "model/time.hpp"

#include "pg/postgres.hpp"

extern "C" {
#include "storage/s_lock.h"
#include "storage/spin.h"
}

namespace mvmanager::scheduler {

inline constexpr const char *launcher_type = "mvmanager launcher";
inline constexpr const char *coordinator_type = "mvmanager coordinator";
inline constexpr const char *worker_type = "mvmanager worker";

// What a coordinator and a worker are handed at their start.
struct StartTicket {
    std::uint32_t segment = 0;
    std::uint64_t generation = 0;
    Oid database = InvalidOid;
    int slot = -1;           // workers
    std::uint64_t token = 0; // workers: tells this start from a later one in the same slot
};

// A database about which there is anything to know. Free where database is InvalidOid.
struct DatabaseEntry {
    Oid database;
    std::int32_t pending;       // transactions that changed something and have not ended
    std::int32_t drops;         // transactions that are dropping the extension: no starts meanwhile
    std::int32_t failed_starts; // workers in a row that could not connect
    bool dirty;                 // something was committed, or must be looked at: (re-)read the catalog
    bool prepared;              // something was prepared: look once a minute until nothing is prepared any more
    bool has_work;              // it has armed schedules or queued runs
    bool leave;                 // the coordinator is asked to leave as soon as nothing runs
    bool demand;                // runs are due and no slot is free
    bool ended_well;            // how the last coordinator ended
    bool told_inert;            // the log line about schedules that are not armed was written
    std::int32_t coordinator_pid;
    std::int32_t coordinator_proc;
    model::Timestamp coordinator_since;
    model::Timestamp pruned_at; // when the history was last looked through
    model::Timestamp next_due;  // infinity: never
};

// A process that executes runs, or will. Free where database is InvalidOid.
// Without pid: registered, not up yet. run_id 0: idle. taken: the worker has begun with the run.
struct WorkerSlot {
    Oid database;
    std::uint64_t token;
    std::int32_t pid;
    std::int32_t proc;
    std::int64_t run_id;
    std::int64_t view_id;
    Oid owner;
    bool taken;
    bool leave; // asked to end when idle: another database needs the place
    model::Timestamp since;
};

inline constexpr int max_databases = 1024;
inline constexpr int max_slots = 64;

struct Segment {
    std::uint32_t magic;
    std::uint64_t generation;
    slock_t mutex;
    std::int32_t launcher_pid;
    std::int32_t launcher_proc;
    bool is_static;
    bool shutting_down; // the launcher is gone or going: nothing may be added
    std::uint64_t last_token;
    std::int32_t entries_used; // entries [0, entries_used) may be in use
    DatabaseEntry entries[max_databases];
    WorkerSlot slots[max_slots];
};

// Holds the segment's spinlock. Nothing that can raise, allocate or wait may happen inside.
class Guard {
public:
    explicit Guard(Segment *segment) : segment_(segment) { SpinLockAcquire(&segment_->mutex); }
    ~Guard() { SpinLockRelease(&segment_->mutex); }
    Guard(const Guard &) = delete;
    Guard &operator=(const Guard &) = delete;

private:
    Segment *segment_;
};

// The launcher: makes the segment and shows it.
Segment *create_shared_segment(std::uint64_t generation, bool is_static, std::uint32_t *handle);
// A process with a ticket. nullptr where the segment is gone or of another generation.
Segment *attach_shared_segment(const StartTicket &ticket);
// A session: the segment of the living launcher; nullptr where none has published one. Attaches once, and again where the
// launcher is another one.
Segment *find_shared_segment();

// Under the guard.
DatabaseEntry *find_entry(Segment &segment, Oid database);
// nullptr where the table is full.
DatabaseEntry *find_or_add_entry(Segment &segment, Oid database);
bool is_forgettable(const DatabaseEntry &entry);

// Takes the guard itself.
//
// Reserves a free slot for the database, within max_workers and its fair share while others wait: nullopt otherwise, and
// then the coordinators of databases that wait are woken when a slot is given back.
struct Reservation {
    int slot;
    std::uint64_t token;
};
std::optional<Reservation> reserve_slot(Segment *segment, Oid database, int max_workers);
// How many more runs the database could start now: idle workers of its own and slots to be had. While others wait, idle
// workers above its share are asked to leave.
int available_slots(Segment *segment, Oid database, int max_workers);
// For a database that has none while others have all: one worker, an idle one if there is any, leaves after its run.
void ask_for_room(Segment *segment, Oid database, int max_workers);
// Gives a slot back and wakes those who wait for one. Cannot raise.
void free_slot(Segment *segment, int slot, std::uint64_t token);
// Marks the entry and wakes whoever looks after the database. Cannot raise.
void wake_database(Segment *segment, Oid database, bool dirty);

} // namespace mvmanager::scheduler
