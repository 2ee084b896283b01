// Every mvmanager.* setting, in one place. None needs a restart: the library may be loaded late.
#pragma once

namespace mvmanager::settings {

// mvmanager.scheduler: whether scheduled and queued runs are started at all. SIGHUP.
extern bool scheduler;
// mvmanager.max_workers: runs at the same time in the whole cluster. SIGHUP.
extern int max_workers;
// mvmanager.databases: comma-separated names of the databases whose schedules run; empty means all. SIGHUP.
extern char *databases;
// mvmanager.keep_runs: days for which finished runs stay in mvmanager.run; 0 keeps them for ever. SIGHUP.
extern int keep_runs;
// mvmanager.suspend_after: failures in a row after which a schedule is suspended; 0 never. SIGHUP.
extern int suspend_after;

// Called once from _PG_init.
void define();

} // namespace mvmanager::settings
