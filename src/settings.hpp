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

// mvmanager.diff_memory: kilobytes a diff may use for what it remembers of rows; -1: maintenance_work_mem. USERSET.
extern int diff_memory;
// mvmanager.swap_lock_timeout: milliseconds one attempt for the lock of a swap may queue, and readers behind it. USERSET.
extern int swap_lock_timeout;
// mvmanager.swap_timeout: milliseconds after which a swap gives up. USERSET.
extern int swap_timeout;

// mvmanager.keep_archived: how many earlier versions of a view keep their rows. USERSET.
extern int keep_archived;
// mvmanager.guard: what becomes of a DROP of a managed view that mvmanager did not ask for. USERSET: it protects from
// accidents, not from the owner.
enum class Guard : int { refuse, warn, off };
extern int guard; // a Guard

// Kilobytes, with the default resolved.
int diff_memory_kilobytes();

// Called once from _PG_init.
void define();

} // namespace mvmanager::settings
