// The coordinator's place in shared memory: the entry of its database. One process at a time has it.
#pragma once

#include "scheduler/shmem.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::scheduler {

// Makes this process the coordinator of the ticket's database until it signs off or, however that comes about, exits: then
// the launcher is woken. nullptr where the segment is gone or another process is the coordinator.
Segment *sign_on(const StartTicket &ticket);

class OwnEntry {
public:
    OwnEntry(Segment *segment, Oid database) : segment_(segment), database_(database) {}

    // Calls f(DatabaseEntry &) under the guard, with all that this forbids; not at all where the entry is gone.
    template <typename F> void update(F f) const {
        Guard const guard(segment_);
        if (DatabaseEntry *entry = find_entry(*segment_, database_))
            f(*entry);
    }

    // Whether something was committed since the last call: the catalog must be read after it, not before.
    bool take_dirty();
    // True at the first call in the entry's life.
    bool tell_inert_once();
    bool is_asked_to_leave() const;
    // Gives the place up. False where something was committed since it was last read: that must be read before leaving,
    // and the entry still says so.
    bool sign_off();

private:
    Segment *segment_;
    Oid database_;
};

} // namespace mvmanager::scheduler
