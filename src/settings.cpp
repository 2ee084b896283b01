#include "settings.hpp"

#include "pg/postgres.hpp"

extern "C" {
#include "utils/guc.h"
}

namespace mvmanager::settings {

bool scheduler = true;
int max_workers = 2;
char *databases = nullptr;
int keep_runs = 30;
int suspend_after = 10;

void define() {
    DefineCustomBoolVariable("mvmanager.scheduler", "Runs scheduled and queued refreshes.",
                             "Turned off, nothing is started; what is due waits.", &scheduler, true, PGC_SIGHUP, 0,
                             nullptr, nullptr, nullptr);
    DefineCustomIntVariable("mvmanager.max_workers", "Sets how many runs may execute at the same time in the cluster.",
                            "Each takes one of max_worker_processes.", &max_workers, 2, 1, 64, PGC_SIGHUP, 0, nullptr,
                            nullptr, nullptr);
    DefineCustomStringVariable("mvmanager.databases", "Lists the databases whose schedules run.",
                               "Names separated by commas; empty means every database with armed schedules.",
                               &databases, "", PGC_SIGHUP, GUC_LIST_INPUT, nullptr, nullptr, nullptr);
    DefineCustomIntVariable("mvmanager.keep_runs", "Sets for how many days finished runs are kept in mvmanager.run.",
                            "Zero keeps them for ever.", &keep_runs, 30, 0, 36500, PGC_SIGHUP, 0, nullptr, nullptr,
                            nullptr);
    DefineCustomIntVariable("mvmanager.suspend_after", "Sets after how many failures in a row a schedule is suspended.",
                            "Zero never suspends. mv_resume() starts it again.", &suspend_after, 10, 0, 100000,
                            PGC_SIGHUP, 0, nullptr, nullptr, nullptr);
    MarkGUCPrefixReserved("mvmanager");
}

} // namespace mvmanager::settings
