// The coordinators that the launcher started: at most one for a database, and a pause after each failure in a row.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "pg/worker.hpp"
#include "scheduler/clock.hpp"
#include "scheduler/shmem.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::scheduler {

class Coordinators {
public:
    // The ticket is what each is handed, with its database.
    Coordinators(Segment *segment, const StartTicket &ticket, const Clock &clock)
        : segment_(segment), ticket_(ticket), clock_(clock) {}

    bool is_there(Oid database) const;
    int count() const { return static_cast<int>(children_.size()); }
    std::vector<Oid> databases() const;
    // There are as many as leave room for the workers they need.
    bool are_full() const { return count() >= most(); }
    static int most();

    // Starts one. REQUIRES that none is there. Does nothing where the table of databases is full. False where the server
    // has no place for another process; the first refusal in a row is logged.
    bool start(Oid database);
    // Takes out those that ended and clears their marks in shared memory. What was left half done is to be looked at again.
    void collect_ended();

    // When to try again after failures, monotonic; 0: now. For one database, and after the server refused a process.
    std::int64_t retry_at(Oid database) const;
    std::int64_t retry_at() const { return shortage_.retry_at; }

private:
    struct Child {
        Oid database;
        pg::WorkerHandle handle;
    };
    // Failures in a row.
    struct Trouble {
        int failures = 0;
        std::int64_t retry_at = 0; // monotonic
    };

    void note_ended(Oid database);
    void back_off(Trouble &trouble, std::int64_t longest) const;

    Segment *segment_;
    StartTicket ticket_;
    const Clock &clock_;
    std::vector<Child> children_;
    std::unordered_map<Oid, Trouble> trouble_; // to keep one
    Trouble shortage_;                         // to start any
};

} // namespace mvmanager::scheduler
