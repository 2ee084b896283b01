// mvmanager.run: one row per execution, queued or finished.
//
// States: queued -> running -> succeeded | failed | skipped | cancelled | crashed | lost; a manual call writes one row,
// already succeeded, in the transaction of its work.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace mvmanager::catalog::runs {

// What a refresh did. Counts that the strategy cannot know are nullopt, never 0 or a guess. Times are TimestampTz
// microseconds, blocked is microseconds.
struct Work {
    std::string strategy_used;
    std::string strategy_reason;
    std::int64_t started_at = 0;
    std::int64_t finished_at = 0;
    std::int64_t blocked = 0;
    std::optional<std::int64_t> rows_inserted, rows_updated, rows_deleted, rows_total;
    std::optional<std::int64_t> wal_bytes;
};

// What is executed: a refresh of the view, or the build (and promotion) of one of its versions.
enum class Kind { refresh, build };
enum class Reason { manual, schedule, async, retry, external };

struct NewRun {
    std::int64_t view_id = 0;
    std::optional<int> version;
    Kind kind = Kind::refresh;
    Reason reason = Reason::manual;
    std::string strategy = "auto";
    std::optional<std::string> predicate;
    std::optional<std::int64_t> scheduled_for;
    int attempt = 1;
    std::string requested_by; // role name
};

struct Run {
    std::int64_t id = 0;
    std::int64_t view_id = 0;
    std::optional<int> version;
    Kind kind = Kind::refresh;
    Reason reason = Reason::schedule;
    std::string state;
    std::string strategy;
    std::optional<std::string> predicate;
    std::optional<std::int64_t> scheduled_for, queued_at, started_at;
    std::optional<int> pid;
    std::optional<std::string> generation;
    std::string requested_by;
    std::optional<std::string> sqlstate, message;
};

// A finished run of a call. Returns its id.
std::int64_t add_succeeded(const NewRun &run, const Work &work);
// A REFRESH MATERIALIZED VIEW that somebody typed. How many rows it changed and how long it waited is not known.
void add_external(std::int64_t view_id, std::optional<int> version, const std::string &strategy,
                  const std::string &requested_by, std::int64_t started_at, std::int64_t finished_at);
// A run for the worker: state queued (mv_refresh_async).
std::int64_t add_queued(const NewRun &run);
// A run the coordinator is about to hand to a worker: state running, with the server's generation, no pid yet.
std::int64_t add_running(const NewRun &run, const std::string &generation);
// queued -> running. False when the row is no longer queued (cancelled meanwhile).
bool claim_queued(std::int64_t id, const std::string &generation);
// running -> queued, for a run that no worker has begun. False when one has.
bool requeue(std::int64_t id);
// The worker notes that it is at work.
void note_started(std::int64_t id, int pid, std::int64_t started_at);

// The run fills a relation of that name in mvmanager_data: committed with the relation itself, so that whatever ends the
// run, somebody knows what is left of it.
void note_staged(std::int64_t id, const std::string &name);
// It is dropped, in the same transaction.
void forget_staged(std::int64_t id);
struct Staged {
    std::int64_t run_id = 0;
    std::int64_t view_id = 0;
    std::string name;
};
// All that was noted and not forgotten, of one view or of every one.
std::vector<Staged> staged(std::optional<std::int64_t> view_id);

// running -> succeeded, in the transaction of the work.
void finish_succeeded(std::int64_t id, int version, const Work &work);
// queued or running -> failed, skipped, cancelled, crashed or lost. `state` is one of these. False where the run had ended.
bool finish_otherwise(std::int64_t id, const std::string &state, const std::string &sqlstate,
                      const std::string &message);

// Builds of the version that wait in the queue end with that state; what runs goes on.
void end_queued_builds(std::int64_t view_id, int version, const std::string &state, const std::string &message);
// The build of the version that runs now, if one does.
std::optional<Run> running_build(std::int64_t view_id, int version);

// Builds that nobody has in hand: of versions that are wanted and have no open run. Each with how its last attempts ended.
struct IdleBuild {
    std::int64_t view_id = 0;
    int version = 0;
    int attempts = 0; // runs so far
    int crashes = 0;  // of them, those at the end that crashed
    int failures = 0; // of them, those at the end that failed
    std::optional<std::int64_t> last_finished_at;
    std::string requested_by;
};
std::vector<IdleBuild> idle_builds();
// Builds that run for a version that was superseded or cancelled, or whose view is managed no more.
std::vector<std::int64_t> unwanted_builds();

std::optional<Run> get(std::int64_t id);
std::vector<Run> queued();
std::vector<Run> running();
// Deletes finished runs older than the given time that left nothing behind, at most `limit`; returns how many.
std::int64_t prune(std::int64_t finished_before, int limit);

} // namespace mvmanager::catalog::runs
