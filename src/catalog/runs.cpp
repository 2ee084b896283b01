#include "catalog/runs.hpp"

#include <array>

#include "catalog/scope.hpp"
#include "pg/error.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::catalog::runs {
namespace {

using pg::Value;

constexpr std::array<const char *, 5> reason_names = {"manual", "schedule", "async", "retry", "external"};

const char *to_text(Reason reason) { return reason_names[static_cast<std::size_t>(reason)]; }

const char *to_text(Kind kind) { return kind == Kind::build ? "build" : "refresh"; }

Reason reason_from(const std::string &text) {
    for (std::size_t i = 0; i < reason_names.size(); ++i)
        if (text == reason_names[i])
            return static_cast<Reason>(i);
    throw pg::Error(pg::sqlstate::internal_error, "unexpected reason \"{}\" in mvmanager.run", text);
}

Run from_row(const pg::Row &row) {
    return {
        .id = row.get<std::int64_t>(0),
        .view_id = row.get<std::int64_t>(1),
        .version = row.get_optional<std::int32_t>(2),
        .kind = row.get<std::string>(15) == "build" ? Kind::build : Kind::refresh,
        .reason = reason_from(row.get<std::string>(3)),
        .state = row.get<std::string>(4),
        .strategy = row.get<std::string>(5),
        .predicate = row.get_optional<std::string>(6),
        .scheduled_for = row.get_optional<std::int64_t>(7),
        .queued_at = row.get_optional<std::int64_t>(8),
        .started_at = row.get_optional<std::int64_t>(9),
        .pid = row.get_optional<std::int32_t>(10),
        .generation = row.get_optional<std::string>(11),
        .requested_by = row.get<std::string>(12),
        .sqlstate = row.get_optional<std::string>(13),
        .message = row.get_optional<std::string>(14),
    };
}

#define RUN_COLUMNS                                                                                                    \
    "r.id, r.view_id, r.version, r.reason, r.state, r.strategy, r.predicate, r.scheduled_for, r.queued_at, "           \
    "r.started_at, r.pid, r.generation, r.requested_by, r.sqlstate, r.message, r.kind"

constinit pg::Statement insert_succeeded(
    "INSERT INTO mvmanager.run (view_id, version, kind, reason, state, strategy, predicate, requested_by, pid, "
    "    strategy_used, strategy_reason, started_at, finished_at, blocked, rows_inserted, rows_updated, rows_deleted, "
    "    rows_total, wal_bytes) "
    "VALUES ($1, $2, $17, $3, 'succeeded', $4, $5, $6, pg_backend_pid(), $7, $8, $9, $10, $11, $12, $13, $14, "
    "    $15, $16) RETURNING id");
constinit pg::Statement insert_external(
    "INSERT INTO mvmanager.run (view_id, version, kind, reason, state, strategy, requested_by, pid, strategy_used, "
    "    strategy_reason, started_at, finished_at) "
    "VALUES ($1, $2, 'refresh', 'external', 'succeeded', $3, $4, pg_backend_pid(), $3, "
    "    'REFRESH MATERIALIZED VIEW was run by hand', $5, $6)");
constinit pg::Statement insert_open(
    "INSERT INTO mvmanager.run (view_id, version, kind, reason, state, strategy, predicate, requested_by, attempt, "
    "    scheduled_for, queued_at, generation) "
    "VALUES ($1, $2, $11, $3, $4, $5, $6, $7, $8, $9, "
    "    CASE WHEN $4 = 'queued' THEN clock_timestamp() END, $10) RETURNING id");
constinit pg::Statement
    update_claimed("UPDATE mvmanager.run SET state = 'running', generation = $2 WHERE id = $1 AND state = 'queued'");
constinit pg::Statement update_requeued("UPDATE mvmanager.run SET state = 'queued', generation = NULL "
                                        "WHERE id = $1 AND state = 'running' AND pid IS NULL");
constinit pg::Statement
    update_started("UPDATE mvmanager.run SET pid = $2, started_at = $3 WHERE id = $1 AND state = 'running'");
constinit pg::Statement update_succeeded(
    "UPDATE mvmanager.run SET state = 'succeeded', version = $2, strategy_used = $3, strategy_reason = $4, "
    "    started_at = coalesce(started_at, $5), finished_at = $6, blocked = $7, rows_inserted = $8, "
    "    rows_updated = $9, rows_deleted = $10, rows_total = $11, wal_bytes = $12 "
    "WHERE id = $1 AND state = 'running'");
constinit pg::Statement update_otherwise(
    "UPDATE mvmanager.run SET state = $2, sqlstate = $3, message = $4, finished_at = clock_timestamp() "
    "WHERE id = $1 AND state IN ('queued', 'running')");
constinit pg::Statement update_staged("UPDATE mvmanager.run SET staged_name = $2 WHERE id = $1 AND state = 'running'");
constinit pg::Statement update_forgotten("UPDATE mvmanager.run SET staged_name = NULL WHERE id = $1");
constinit pg::Statement
    select_staged("SELECT r.id, r.view_id, r.staged_name FROM mvmanager.run r "
                  "WHERE r.staged_name IS NOT NULL AND ($1 IS NULL OR r.view_id = $1) ORDER BY r.id");
constinit pg::Statement select_one("SELECT " RUN_COLUMNS " FROM mvmanager.run r WHERE r.id = $1");
constinit pg::Statement select_queued("SELECT " RUN_COLUMNS
                                      " FROM mvmanager.run r WHERE r.state = 'queued' ORDER BY r.id");
constinit pg::Statement select_running("SELECT " RUN_COLUMNS
                                       " FROM mvmanager.run r WHERE r.state = 'running' ORDER BY r.id");
constinit pg::Statement
    update_unwanted("UPDATE mvmanager.run SET state = $3, message = $4, finished_at = clock_timestamp() "
                    "WHERE view_id = $1 AND version = $2 AND kind = 'build' AND state = 'queued'");
constinit pg::Statement select_running_build("SELECT " RUN_COLUMNS
                                             " FROM mvmanager.run r WHERE r.view_id = $1 AND r.version = $2 "
                                             "AND r.kind = 'build' AND r.state = 'running' ORDER BY r.id DESC LIMIT 1");
// A streak is counted from the last run that ended in another way.
constinit pg::Statement select_idle_builds(
    "SELECT s.view_id, s.number, l.attempts, l.crashes, l.failures, l.finished_at, coalesce(l.requested_by, '') "
    "FROM mvmanager.version_state s "
    "JOIN mvmanager.view v ON v.id = s.view_id AND v.ended_at IS NULL "
    "CROSS JOIN LATERAL (SELECT count(*)::integer AS attempts, "
    "    (count(*) FILTER (WHERE r.id > coalesce(o.crash_base, 0) AND r.state = 'crashed'))::integer AS crashes, "
    "    (count(*) FILTER (WHERE r.id > coalesce(o.failure_base, 0) AND r.state = 'failed'))::integer AS failures, "
    "    max(r.finished_at) AS finished_at, max(r.requested_by) AS requested_by "
    "    FROM (SELECT max(q.id) FILTER (WHERE q.state <> 'crashed') AS crash_base, "
    "              max(q.id) FILTER (WHERE q.state <> 'failed') AS failure_base FROM mvmanager.run q "
    "          WHERE q.view_id = s.view_id AND q.version = s.number AND q.kind = 'build') o "
    "    LEFT JOIN mvmanager.run r ON r.view_id = s.view_id AND r.version = s.number AND r.kind = 'build') l "
    "WHERE (s.state IN ('queued', 'building') OR s.state = 'ready' AND (s.promote = 'auto' "
    // What waits for mv_promote is kept as fresh as what is live.
    "    OR v.last_refresh_at > s.fresh_at)) "
    "AND NOT EXISTS (SELECT 1 FROM mvmanager.run r WHERE r.view_id = s.view_id AND r.version = s.number "
    "    AND r.kind = 'build' AND r.state IN ('queued', 'running')) "
    // A member that is ready waits for the others of its family.
    "AND NOT (s.state = 'ready' AND s.family IS NOT NULL AND EXISTS (SELECT 1 FROM mvmanager.version_state m "
    "    WHERE m.family = s.family AND m.state IN ('queued', 'building'))) "
    "ORDER BY s.view_id, s.number");
constinit pg::Statement select_unwanted_builds(
    "SELECT r.id FROM mvmanager.run r JOIN mvmanager.view v ON v.id = r.view_id "
    "JOIN mvmanager.version_state s ON s.view_id = r.view_id AND s.number = r.version "
    "WHERE r.kind = 'build' AND r.state = 'running' "
    "AND (s.state IN ('skipped', 'cancelled', 'failed') OR v.ended_at IS NOT NULL) ORDER BY r.id");
constinit pg::Statement
    delete_finished("DELETE FROM mvmanager.run WHERE id IN (SELECT r.id FROM mvmanager.run r "
                    "WHERE r.finished_at < $1 AND r.staged_name IS NULL ORDER BY r.finished_at LIMIT $2)");

std::int64_t insert(const NewRun &run, const char *state, const std::optional<std::string> &generation) {
    Scope scope;
    return scope.spi()
        .run(insert_open,
             {Value::int8(run.view_id), Value::int4(run.version), Value::text(to_text(run.reason)), Value::text(state),
              Value::text(run.strategy), Value::text(run.predicate), Value::text(run.requested_by),
              Value::int4(run.attempt), Value::timestamptz(run.scheduled_for), Value::text(generation),
              Value::text(to_text(run.kind))})[0]
        .get<std::int64_t>(0);
}

std::vector<Run> select(pg::Statement &statement) {
    Scope scope;
    std::vector<Run> found;
    for (const pg::Row row : scope.spi().run(statement))
        found.push_back(from_row(row));
    return found;
}

// A row that is not there in the expected state means that somebody else finished it: the caller's transaction, with
// the new rows in it, must not commit beside that.
void expect_one(const pg::Rows &rows, std::int64_t id) {
    if (rows.processed() != 1)
        throw pg::Error(pg::sqlstate::wrong_state, "run {} is no longer running", id);
}

} // namespace

std::int64_t add_succeeded(const NewRun &run, const Work &work) {
    Scope scope;
    return scope.spi()
        .run(insert_succeeded,
             {Value::int8(run.view_id), Value::int4(run.version), Value::text(to_text(run.reason)),
              Value::text(run.strategy), Value::text(run.predicate), Value::text(run.requested_by),
              Value::text(work.strategy_used), Value::text(work.strategy_reason), Value::timestamptz(work.started_at),
              Value::timestamptz(work.finished_at), Value::interval_from_microseconds(work.blocked),
              Value::int8(work.rows_inserted), Value::int8(work.rows_updated), Value::int8(work.rows_deleted),
              Value::int8(work.rows_total), Value::int8(work.wal_bytes), Value::text(to_text(run.kind))})[0]
        .get<std::int64_t>(0);
}

void add_external(std::int64_t view_id, std::optional<int> version, const std::string &strategy,
                  const std::string &requested_by, std::int64_t started_at, std::int64_t finished_at) {
    Scope scope;
    scope.spi().run(insert_external,
                    {Value::int8(view_id), Value::int4(version), Value::text(strategy), Value::text(requested_by),
                     Value::timestamptz(started_at), Value::timestamptz(finished_at)});
}

std::int64_t add_queued(const NewRun &run) { return insert(run, "queued", std::nullopt); }

std::int64_t add_running(const NewRun &run, const std::string &generation) {
    return insert(run, "running", generation);
}

bool claim_queued(std::int64_t id, const std::string &generation) {
    Scope scope;
    return scope.spi().run(update_claimed, {Value::int8(id), Value::text(generation)}).processed() == 1;
}

bool requeue(std::int64_t id) {
    Scope scope;
    return scope.spi().run(update_requeued, {Value::int8(id)}).processed() == 1;
}

void note_started(std::int64_t id, int pid, std::int64_t started_at) {
    Scope scope;
    expect_one(scope.spi().run(update_started, {Value::int8(id), Value::int4(pid), Value::timestamptz(started_at)}),
               id);
}

void note_staged(std::int64_t id, const std::string &name) {
    Scope scope;
    expect_one(scope.spi().run(update_staged, {Value::int8(id), Value::text(name)}), id);
}

void forget_staged(std::int64_t id) {
    Scope scope;
    scope.spi().run(update_forgotten, {Value::int8(id)});
}

std::vector<Staged> staged(std::optional<std::int64_t> view_id) {
    Scope scope;
    std::vector<Staged> found;
    for (const pg::Row row : scope.spi().run(select_staged, {Value::int8(view_id)}))
        found.push_back({row.get<std::int64_t>(0), row.get<std::int64_t>(1), row.get<std::string>(2)});
    return found;
}

void finish_succeeded(std::int64_t id, int version, const Work &work) {
    Scope scope;
    expect_one(
        scope.spi().run(update_succeeded,
                        {Value::int8(id), Value::int4(version), Value::text(work.strategy_used),
                         Value::text(work.strategy_reason), Value::timestamptz(work.started_at),
                         Value::timestamptz(work.finished_at), Value::interval_from_microseconds(work.blocked),
                         Value::int8(work.rows_inserted), Value::int8(work.rows_updated),
                         Value::int8(work.rows_deleted), Value::int8(work.rows_total), Value::int8(work.wal_bytes)}),
        id);
}

bool finish_otherwise(std::int64_t id, const std::string &state, const std::string &sqlstate,
                      const std::string &message) {
    Scope scope;
    return scope.spi()
               .run(update_otherwise,
                    {Value::int8(id), Value::text(state), Value::text_or_null(sqlstate), Value::text_or_null(message)})
               .processed() == 1;
}

void end_queued_builds(std::int64_t view_id, int version, const std::string &state, const std::string &message) {
    Scope scope;
    scope.spi().run(update_unwanted,
                    {Value::int8(view_id), Value::int4(version), Value::text(state), Value::text(message)});
}

std::optional<Run> running_build(std::int64_t view_id, int version) {
    Scope scope;
    const pg::Rows rows = scope.spi().run(select_running_build, {Value::int8(view_id), Value::int4(version)});
    return rows.empty() ? std::nullopt : std::optional(from_row(rows[0]));
}

std::vector<IdleBuild> idle_builds() {
    Scope scope;
    std::vector<IdleBuild> found;
    for (const pg::Row row : scope.spi().run(select_idle_builds))
        found.push_back({row.get<std::int64_t>(0), row.get<std::int32_t>(1), row.get<std::int32_t>(2),
                         row.get<std::int32_t>(3), row.get<std::int32_t>(4), row.get_optional<std::int64_t>(5),
                         row.get<std::string>(6)});
    return found;
}

std::vector<std::int64_t> unwanted_builds() {
    Scope scope;
    std::vector<std::int64_t> found;
    for (const pg::Row row : scope.spi().run(select_unwanted_builds))
        found.push_back(row.get<std::int64_t>(0));
    return found;
}

std::optional<Run> get(std::int64_t id) {
    Scope scope;
    const pg::Rows rows = scope.spi().run(select_one, {Value::int8(id)});
    return rows.empty() ? std::nullopt : std::optional(from_row(rows[0]));
}

std::vector<Run> queued() { return select(select_queued); }
std::vector<Run> running() { return select(select_running); }

std::int64_t prune(std::int64_t finished_before, int limit) {
    Scope scope;
    return static_cast<std::int64_t>(
        scope.spi().run(delete_finished, {Value::timestamptz(finished_before), Value::int4(limit)}).processed());
}

} // namespace mvmanager::catalog::runs
