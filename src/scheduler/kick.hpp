// What a session does so that the scheduler knows at once what it committed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "pg/postgres.hpp"

namespace mvmanager::scheduler {

enum class LauncherState {
    running,
    started,    // by this call; it is gone after a restart of the server
    restarting, // preloaded, and for the moment not there
};

// Makes sure that there is a launcher. Raises 53400 where no background worker slot is free, 55000 where it does not come
// up; nothing is changed then.
LauncherState require_launcher();
// Its process id, where it is there.
std::optional<int> launcher_pid();

// The coordinator of this database reads its catalog again when this transaction commits. Call it before changing the
// catalog. What happens at the end of the transaction sets flags and latches only.
void wake_at_commit();

// Ends the processes of this database, for DROP EXTENSION, and keeps new ones away until the end of the transaction; then,
// whatever came of it, the database is looked at again. Waits at most five seconds. Returns how many are left.
int stop_processes_for_drop();

// What is running now in the cluster.
struct Process {
    int pid = 0;
    std::string kind; // launcher, coordinator, worker
    Oid database = InvalidOid;
    std::optional<std::int64_t> run_id;
    std::optional<std::int64_t> since;
};
std::vector<Process> processes();

} // namespace mvmanager::scheduler
