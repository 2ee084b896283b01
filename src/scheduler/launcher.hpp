// One process for the whole cluster. It is connected to no database, knows for each when something is due there, and
// starts a coordinator shortly before. Everything else is the coordinators' (coordinator.cpp).
#pragma once

#include <optional>

#include "pg/postgres.hpp"

namespace mvmanager::scheduler {

// For _PG_init: the launcher as a static background worker, where the library is being preloaded.
void register_static_launcher();
bool is_preloaded();

// A launcher without preload; it ends by itself when nothing is left to do, and with the server. False where
// max_worker_processes leaves no place.
bool start_dynamic_launcher();

} // namespace mvmanager::scheduler
