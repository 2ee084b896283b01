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
    "r.started_at, r.pid, r.generation, r.requested_by, r.sqlstate, r.message"

constinit pg::Statement insert_succeeded(
    "INSERT INTO mvmanager.run (view_id, version, kind, reason, state, strategy, predicate, requested_by, pid, "
    "    strategy_used, strategy_reason, started_at, finished_at, blocked, rows_inserted, rows_updated, rows_deleted, "
    "    rows_total, wal_bytes) "
    "VALUES ($1, $2, 'refresh', $3, 'succeeded', $4, $5, $6, pg_backend_pid(), $7, $8, $9, $10, $11, $12, $13, $14, "
    "    $15, $16) RETURNING id");
constinit pg::Statement insert_open(
    "INSERT INTO mvmanager.run (view_id, version, kind, reason, state, strategy, predicate, requested_by, attempt, "
    "    scheduled_for, queued_at, generation) "
    "VALUES ($1, $2, 'refresh', $3, $4, $5, $6, $7, $8, $9, "
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
    delete_finished("DELETE FROM mvmanager.run WHERE id IN (SELECT r.id FROM mvmanager.run r "
                    "WHERE r.finished_at < $1 AND r.staged_name IS NULL ORDER BY r.finished_at LIMIT $2)");

std::int64_t insert(const NewRun &run, const char *state, const std::optional<std::string> &generation) {
    Scope scope;
    return scope.spi()
        .run(insert_open,
             {Value::int8(run.view_id), Value::int4(run.version), Value::text(to_text(run.reason)), Value::text(state),
              Value::text(run.strategy), Value::text(run.predicate), Value::text(run.requested_by),
              Value::int4(run.attempt), Value::timestamptz(run.scheduled_for), Value::text(generation)})[0]
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
              Value::int8(work.rows_total), Value::int8(work.wal_bytes)})[0]
        .get<std::int64_t>(0);
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
