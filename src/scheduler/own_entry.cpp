#include "scheduler/own_entry.hpp"

#include "pg/worker.hpp"

#include "pg/postgres.hpp"

extern "C" {
#include "utils/timestamp.h"
}

namespace mvmanager::scheduler {
namespace {

Segment *own_segment = nullptr;
Oid own_database = InvalidOid;

void give_up(DatabaseEntry &entry) {
    entry.coordinator_pid = 0;
    entry.coordinator_proc = -1;
    entry.demand = entry.leave = false;
}

extern "C" void mvm_coordinator_gone(int, Datum) {
    int launcher = -1;
    {
        Guard const guard(own_segment);
        DatabaseEntry *entry = find_entry(*own_segment, own_database);
        if (entry && entry->coordinator_pid == MyProcPid) {
            give_up(*entry);
            // Told to stop is no failure: another may come at once, where it is wanted.
            if (pg::stop_requested())
                entry->ended_well = entry->dirty = true;
            launcher = own_segment->launcher_proc;
        }
    }
    pg::wake_process(launcher);
}

} // namespace

Segment *sign_on(const StartTicket &ticket) {
    Segment *segment = attach_shared_segment(ticket);
    if (!segment)
        return nullptr;
    bool is_first = false;
    OwnEntry(segment, ticket.database).update([&](DatabaseEntry &entry) {
        is_first = entry.coordinator_pid == 0;
        if (is_first) {
            entry.coordinator_pid = MyProcPid;
            entry.coordinator_proc = pg::my_proc_number();
            entry.coordinator_since = GetCurrentTimestamp();
            entry.dirty = false;
        }
    });
    if (!is_first)
        return nullptr;
    own_segment = segment;
    own_database = ticket.database;
    pg::before_exit(mvm_coordinator_gone);
    return segment;
}

bool OwnEntry::take_dirty() {
    bool was_dirty = false;
    update([&](DatabaseEntry &entry) {
        was_dirty = entry.dirty;
        entry.dirty = false;
    });
    return was_dirty;
}

bool OwnEntry::tell_inert_once() {
    bool is_first = false;
    update([&](DatabaseEntry &entry) {
        is_first = !entry.told_inert;
        entry.told_inert = true;
    });
    return is_first;
}

bool OwnEntry::is_asked_to_leave() const {
    bool is_asked = false;
    update([&](DatabaseEntry &entry) { is_asked = entry.leave; });
    return is_asked;
}

bool OwnEntry::sign_off() {
    bool may_go = true;
    update([&](DatabaseEntry &entry) {
        if (entry.dirty) {
            may_go = false;
            return;
        }
        give_up(entry);
        entry.ended_well = true;
    });
    return may_go;
}

} // namespace mvmanager::scheduler
