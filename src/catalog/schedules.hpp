// mvmanager.schedule: when runs of a managed view are due. At most one row per view.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "pg/relation.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::catalog::schedules {

// Why mvmanager itself stopped a schedule. mv_resume() clears it.
enum class Suspended { failures, crashes, invalid };

struct Schedule {
    std::int64_t view_id = 0;
    std::string text;
    std::string time_zone;
    std::int64_t anchor = 0;
    std::optional<std::int64_t> next_due; // nullopt: not known from the clock alone
    bool paused = false;
    std::optional<Suspended> suspended;
    std::optional<std::string> suspended_reason;
    int consecutive_failures = 0;
    int consecutive_crashes = 0;
};

// A schedule with what the scheduler needs to know about its view.
struct Entry {
    Schedule schedule;
    pg::QualifiedName view;
    Oid owner = InvalidOid; // of the relation; InvalidOid where no materialized view of that name exists
};

std::optional<Schedule> get(std::int64_t view_id);
// Every schedule of a view that has not ended.
std::vector<Entry> all();
// Whether any schedule exists.
bool any();

// Makes or replaces the schedule. A replaced one keeps `paused`; suspension and counters start anew.
void put(std::int64_t view_id, const std::string &text, const std::string &time_zone, std::int64_t anchor,
         std::optional<std::int64_t> next_due);
// False where there was none.
bool remove(std::int64_t view_id);

// False where the row already said so.
bool pause(std::int64_t view_id);
// Ends pause and suspension and clears the counters. False where there was nothing to end.
bool resume(std::int64_t view_id, std::optional<std::int64_t> next_due);
// Moves the due time. False, and nothing is waited for, where the row is being changed by another transaction, is held, or
// no longer has the text and zone that the due time was computed from.
bool advance(const Schedule &schedule, std::optional<std::int64_t> next_due);
// Due at once again: its run was stopped from outside.
void make_due(std::int64_t view_id, std::int64_t when);

void suspend(std::int64_t view_id, Suspended why, const std::string &reason);
void note_succeeded(std::int64_t view_id);
// Adds one and returns the number of failures (crashes) in a row; 0 where the view has no schedule.
int note_failed(std::int64_t view_id);
int note_crashed(std::int64_t view_id);

// Whether a prepared transaction of this database exists, which may hold a change that nobody will tell of.
bool anything_prepared();

// Which managed views a managed view reads, directly or through ordinary views.
struct Reading {
    std::int64_t reader = 0;
    std::int64_t read = 0;
};
std::vector<Reading> readings();

// The time zone that the server is configured with: ALTER DATABASE, then command line, then the configuration files;
// never that of the session, its role or its client.
std::string configured_time_zone();

} // namespace mvmanager::catalog::schedules
