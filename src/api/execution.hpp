// Whether somebody executes what is queued in this database.
#pragma once

namespace mvmanager::api {

// A queued run would be started at once: the database is armed and not paused, and the launcher is there.
bool is_executing();

// Arms a database in which nothing was ever scheduled, makes sure of the launcher, and wakes the coordinator at commit. Call
// it before queueing a run. A copied or restored database stays as it is, with a NOTICE.
// Raises 53400 where no background worker slot is free.
void require_execution();

} // namespace mvmanager::api
