#include "scheduler/launcher.hpp"
#include "settings.hpp"

#include "pg/postgres.hpp"

extern "C" {
#if PG_VERSION_NUM >= 180000
PG_MODULE_MAGIC_EXT(.name = "mvmanager", .version = MVMANAGER_VERSION);
#else
PG_MODULE_MAGIC;
#endif

PGDLLEXPORT void _PG_init(void);
}

void _PG_init(void) {
    mvmanager::settings::define();
    mvmanager::scheduler::register_static_launcher();
}
