#include "settings.hpp"

#include <climits>

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
int diff_memory = -1;
int swap_lock_timeout = 50;
int swap_timeout = 30000;
int keep_archived = 1;
int guard = static_cast<int>(Guard::refuse);

int diff_memory_kilobytes() { return diff_memory > 0 ? diff_memory : maintenance_work_mem; }

namespace {

// Below this a diff would be all temporary files.
constexpr int least_diff_memory = 64;

constexpr config_enum_entry guard_words[] = {{"refuse", static_cast<int>(Guard::refuse), false},
                                             {"warn", static_cast<int>(Guard::warn), false},
                                             {"off", static_cast<int>(Guard::off), false},
                                             {nullptr, 0, false}};

extern "C" bool mvm_check_diff_memory(int *value, void **, GucSource) {
    if (*value != -1 && *value < least_diff_memory)
        *value = least_diff_memory;
    return true;
}

} // namespace

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
    DefineCustomIntVariable("mvmanager.diff_memory", "Sets how much memory a diff may use before it spills to disk.",
                            "-1 means maintenance_work_mem.", &diff_memory, -1, -1, MAX_KILOBYTES, PGC_USERSET,
                            GUC_UNIT_KB, mvm_check_diff_memory, nullptr, nullptr);
    DefineCustomIntVariable("mvmanager.swap_lock_timeout",
                            "Sets how long one attempt to lock a view for a swap may keep readers waiting.", nullptr,
                            &swap_lock_timeout, 50, 1, 60000, PGC_USERSET, GUC_UNIT_MS, nullptr, nullptr, nullptr);
    DefineCustomIntVariable("mvmanager.swap_timeout", "Sets how long a swap tries to lock a view before it gives up.",
                            nullptr, &swap_timeout, 30000, 0, INT_MAX, PGC_USERSET, GUC_UNIT_MS, nullptr, nullptr,
                            nullptr);
    DefineCustomIntVariable("mvmanager.keep_archived", "Sets how many earlier versions of a view keep their rows.",
                            "Their definitions are kept for ever.", &keep_archived, 1, 0, 1000, PGC_USERSET, 0, nullptr,
                            nullptr, nullptr);
    DefineCustomEnumVariable(
        "mvmanager.guard", "Sets what becomes of a command that would drop a managed view without mvmanager.",
        "refuse raises an error, warn and off let it go. In a database that is not armed, refuse warns.", &guard,
        static_cast<int>(Guard::refuse), guard_words, PGC_USERSET, 0, nullptr, nullptr, nullptr);
    MarkGUCPrefixReserved("mvmanager");
}

} // namespace mvmanager::settings
