#include "catalog/schedules.hpp"

#include <array>

#include "catalog/scope.hpp"
#include "pg/error.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::catalog::schedules {
namespace {

using pg::Value;

constexpr std::array<const char *, 3> suspended_names = {"failures", "crashes", "invalid"};

std::optional<Suspended> suspended_from(const std::optional<std::string> &text) {
    if (!text)
        return std::nullopt;
    for (std::size_t i = 0; i < suspended_names.size(); ++i)
        if (*text == suspended_names[i])
            return static_cast<Suspended>(i);
    throw pg::Error(pg::sqlstate::internal_error, "unexpected suspension \"{}\" in mvmanager.schedule", *text);
}

#define SCHEDULE_COLUMNS                                                                                               \
    "s.view_id, s.schedule, s.time_zone, s.anchor, s.next_due, s.paused, s.suspended, s.suspended_reason, "            \
    "s.consecutive_failures, s.consecutive_crashes"

Schedule from_row(const pg::Row &row) {
    return {
        .view_id = row.get<std::int64_t>(0),
        .text = row.get<std::string>(1),
        .time_zone = row.get<std::string>(2),
        .anchor = row.get<std::int64_t>(3),
        .next_due = row.get_optional<std::int64_t>(4),
        .paused = row.get<bool>(5),
        .suspended = suspended_from(row.get_optional<std::string>(6)),
        .suspended_reason = row.get_optional<std::string>(7),
        .consecutive_failures = row.get<std::int32_t>(8),
        .consecutive_crashes = row.get<std::int32_t>(9),
    };
}

constinit pg::Statement select_one("SELECT " SCHEDULE_COLUMNS " FROM mvmanager.schedule s WHERE s.view_id = $1");
constinit pg::Statement select_all(
    "SELECT " SCHEDULE_COLUMNS ", v.schema_name, v.view_name, c.relowner FROM mvmanager.schedule s "
    "JOIN mvmanager.view v ON v.id = s.view_id AND v.ended_at IS NULL "
    "LEFT JOIN pg_catalog.pg_namespace n ON n.nspname = v.schema_name "
    "LEFT JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = v.view_name AND c.relkind = 'm' "
    "ORDER BY s.view_id");
constinit pg::Statement select_any("SELECT EXISTS (SELECT FROM mvmanager.schedule)");
constinit pg::Statement
    upsert("INSERT INTO mvmanager.schedule (view_id, schedule, time_zone, anchor, next_due, created_at, changed_at) "
           "VALUES ($1, $2, $3, $4, $5, now(), now()) "
           "ON CONFLICT (view_id) DO UPDATE SET schedule = $2, time_zone = $3, anchor = $4, next_due = $5, "
           "    suspended = NULL, suspended_reason = NULL, consecutive_failures = 0, consecutive_crashes = 0, "
           "    changed_at = now()");
constinit pg::Statement delete_one("DELETE FROM mvmanager.schedule WHERE view_id = $1");
constinit pg::Statement
    update_paused("UPDATE mvmanager.schedule SET paused = true, changed_at = now() WHERE view_id = $1 AND NOT paused");
constinit pg::Statement
    update_resumed("UPDATE mvmanager.schedule SET paused = false, suspended = NULL, suspended_reason = NULL, "
                   "    consecutive_failures = 0, consecutive_crashes = 0, next_due = $2, changed_at = now() "
                   "WHERE view_id = $1 AND (paused OR suspended IS NOT NULL)");
constinit pg::Statement update_due(
    "UPDATE mvmanager.schedule SET next_due = $4 WHERE view_id = (SELECT s.view_id FROM mvmanager.schedule s "
    "    WHERE s.view_id = $1 AND s.schedule = $2 AND s.time_zone = $3 AND NOT s.paused AND s.suspended IS NULL "
    "    FOR NO KEY UPDATE SKIP LOCKED)");
constinit pg::Statement update_due_now(
    "UPDATE mvmanager.schedule SET next_due = $2 WHERE view_id = $1 AND (next_due IS NULL OR next_due > $2)");
constinit pg::Statement
    update_suspended("UPDATE mvmanager.schedule SET suspended = $2, suspended_reason = $3 WHERE view_id = $1");
constinit pg::Statement
    update_succeeded("UPDATE mvmanager.schedule SET consecutive_failures = 0, consecutive_crashes = 0 "
                     "WHERE view_id = $1 AND (consecutive_failures > 0 OR consecutive_crashes > 0)");
constinit pg::Statement update_failed(
    "UPDATE mvmanager.schedule SET consecutive_failures = consecutive_failures + 1, consecutive_crashes = 0 "
    "WHERE view_id = $1 RETURNING consecutive_failures");
constinit pg::Statement update_crashed(
    "UPDATE mvmanager.schedule SET consecutive_failures = consecutive_failures + 1, "
    "    consecutive_crashes = consecutive_crashes + 1 WHERE view_id = $1 RETURNING consecutive_crashes");
constinit pg::Statement
    select_prepared("SELECT EXISTS (SELECT FROM pg_catalog.pg_prepared_xacts WHERE database = current_database())");
constinit pg::Statement select_readings(
    "WITH RECURSIVE managed AS (SELECT v.id, c.oid FROM mvmanager.view v "
    "    JOIN pg_catalog.pg_namespace n ON n.nspname = v.schema_name "
    "    JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = v.view_name AND c.relkind = 'm' "
    "    WHERE v.ended_at IS NULL), "
    "reads AS MATERIALIZED (SELECT DISTINCT r.ev_class AS reader, d.refobjid AS source FROM pg_catalog.pg_rewrite r "
    "    JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND d.objid = r.oid "
    "    AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid <> r.ev_class "
    "    JOIN pg_catalog.pg_class c ON c.oid = d.refobjid AND c.relkind IN ('m', 'v') AND c.oid >= 16384), "
    "walk (id, source) AS (SELECT m.id, r.source FROM managed m JOIN reads r ON r.reader = m.oid "
    "    UNION SELECT w.id, r.source FROM walk w JOIN pg_catalog.pg_class c ON c.oid = w.source AND c.relkind = 'v' "
    "    JOIN reads r ON r.reader = w.source) "
    "SELECT w.id, m.id FROM walk w JOIN managed m ON m.oid = w.source WHERE m.id <> w.id");
// The configuration files are read as the extension's owner, a superuser. Nobody is told more than a time zone's name.
constinit pg::Statement select_time_zone(
    "SELECT coalesce("
    "    (SELECT substr(c, strpos(c, '=') + 1) FROM pg_catalog.pg_db_role_setting s "
    "        JOIN pg_catalog.pg_database d ON d.oid = s.setdatabase, unnest(s.setconfig) c "
    "        WHERE d.datname = current_database() AND s.setrole = 0 AND lower(split_part(c, '=', 1)) = 'timezone'), "
    "    (SELECT reset_val FROM pg_catalog.pg_settings WHERE name = 'TimeZone' AND source = 'command line'), "
    "    (SELECT setting FROM pg_catalog.pg_file_settings WHERE lower(name) = 'timezone' AND applied "
    "        ORDER BY seqno DESC LIMIT 1), "
    "    (SELECT boot_val FROM pg_catalog.pg_settings WHERE name = 'TimeZone'))");

int counted(pg::Statement &statement, std::int64_t view_id) {
    Scope scope;
    const pg::Rows rows = scope.spi().run(statement, {Value::int8(view_id)});
    return rows.empty() ? 0 : rows[0].get<std::int32_t>(0);
}

} // namespace

std::optional<Schedule> get(std::int64_t view_id) {
    Scope scope;
    const pg::Rows rows = scope.spi().run(select_one, {Value::int8(view_id)});
    return rows.empty() ? std::nullopt : std::optional(from_row(rows[0]));
}

std::vector<Entry> all() {
    Scope scope;
    const pg::Rows rows = scope.spi().run(select_all);
    std::vector<Entry> found;
    found.reserve(rows.size());
    for (const pg::Row row : rows)
        found.push_back({from_row(row),
                         {row.get<std::string>(10), row.get<std::string>(11)},
                         row.get_optional<Oid>(12).value_or(InvalidOid)});
    return found;
}

bool any() {
    Scope scope;
    return scope.spi().run(select_any)[0].get<bool>(0);
}

void put(std::int64_t view_id, const std::string &text, const std::string &time_zone, std::int64_t anchor,
         std::optional<std::int64_t> next_due) {
    Scope scope;
    scope.spi().run(upsert, {Value::int8(view_id), Value::text(text), Value::text(time_zone),
                             Value::timestamptz(anchor), Value::timestamptz(next_due)});
}

bool remove(std::int64_t view_id) {
    Scope scope;
    return scope.spi().run(delete_one, {Value::int8(view_id)}).processed() > 0;
}

bool pause(std::int64_t view_id) {
    Scope scope;
    return scope.spi().run(update_paused, {Value::int8(view_id)}).processed() > 0;
}

bool resume(std::int64_t view_id, std::optional<std::int64_t> next_due) {
    Scope scope;
    return scope.spi().run(update_resumed, {Value::int8(view_id), Value::timestamptz(next_due)}).processed() > 0;
}

bool advance(const Schedule &schedule, std::optional<std::int64_t> next_due) {
    Scope scope;
    return scope.spi()
               .run(update_due, {Value::int8(schedule.view_id), Value::text(schedule.text),
                                 Value::text(schedule.time_zone), Value::timestamptz(next_due)})
               .processed() == 1;
}

void make_due(std::int64_t view_id, std::int64_t when) {
    Scope scope;
    scope.spi().run(update_due_now, {Value::int8(view_id), Value::timestamptz(when)});
}

void suspend(std::int64_t view_id, Suspended why, const std::string &reason) {
    Scope scope;
    scope.spi().run(update_suspended,
                    {Value::int8(view_id), Value::text(suspended_names[static_cast<int>(why)]), Value::text(reason)});
}

void note_succeeded(std::int64_t view_id) {
    Scope scope;
    scope.spi().run(update_succeeded, {Value::int8(view_id)});
}

int note_failed(std::int64_t view_id) { return counted(update_failed, view_id); }
int note_crashed(std::int64_t view_id) { return counted(update_crashed, view_id); }

bool anything_prepared() {
    Scope scope;
    return scope.spi().run(select_prepared)[0].get<bool>(0);
}

std::vector<Reading> readings() {
    Scope scope;
    std::vector<Reading> found;
    for (const pg::Row row : scope.spi().run(select_readings))
        found.push_back({row.get<std::int64_t>(0), row.get<std::int64_t>(1)});
    return found;
}

std::string configured_time_zone() {
    Scope scope;
    return scope.spi().run(select_time_zone)[0].get<std::string>(0);
}

} // namespace mvmanager::catalog::schedules
