// mvmanager.local: the one row that is not dumped. It names the database whose schedules run, so that a restored dump and
// a database made from a template are inert until mv_resume().
#pragma once

#include <optional>

#include "pg/postgres.hpp"

namespace mvmanager::catalog::local {

struct Local {
    Oid database = InvalidOid;
    bool paused = false; // mv_pause() for the whole database
};

std::optional<Local> get();
// True where schedules and queued runs of this database are executed by the worker (when it is not paused).
bool is_armed();
// Names this database and ends a pause of the whole of it. False where both was so already.
bool arm();
// False where the row already said so, or where nothing is armed.
bool pause();

} // namespace mvmanager::catalog::local
