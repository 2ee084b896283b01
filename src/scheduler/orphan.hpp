// What becomes of a run whose row says running while no process stands for it any more.
#pragma once

#include <string>

#include "catalog/runs.hpp"

namespace mvmanager::scheduler {

// The names of the time a coordinator lives in: which server, and which launcher of it. Run rows carry the second.
struct Generation {
    std::string server;   // timeline and start of the postmaster
    std::string launcher; // the same and the launcher's life
};

// Writes the run's end and what follows from it. REQUIRES a transaction, and that nobody holds the run's lock. Does its
// work in a subtransaction and raises nothing: what cannot be finished now is logged and found again at the next sweep.
//
//     generation in the row      no worker took it              a worker took it
//     this launcher              cancelled, due again (*)       lost, due again
//     earlier one, same server   crashed                        crashed; two in a row suspend the schedule
//     another server             lost, due again                lost, due again
//
// (*) A run that was asked for by name goes back into the queue instead. "Due again" is for runs of a schedule: once,
// however many due times passed.
void finish_orphan(const catalog::runs::Run &run, const Generation &now);

} // namespace mvmanager::scheduler
