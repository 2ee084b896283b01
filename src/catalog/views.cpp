#include "catalog/views.hpp"

#include "catalog/scope.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::catalog::views {
namespace {

#define VIEW_COLUMNS "v.id, v.schema_name, v.view_name, v.live_version, v.ended_at IS NOT NULL, v.last_refresh_at"

constinit pg::Statement find_statement("SELECT " VIEW_COLUMNS " FROM mvmanager.view v "
                                       "WHERE v.schema_name = $1 AND v.view_name = $2 AND v.ended_at IS NULL");
constinit pg::Statement get_statement("SELECT " VIEW_COLUMNS " FROM mvmanager.view v WHERE v.id = $1");
// A view of that name that was dropped after the release ends its claim to the name.
constinit pg::Statement
    released_statement("SELECT " VIEW_COLUMNS " FROM mvmanager.view v WHERE v.ended_how = 'released' AND v.id = "
                       "(SELECT max(w.id) FROM mvmanager.view w WHERE w.schema_name = $1 AND w.view_name = $2)");
constinit pg::Statement all_statement("SELECT " VIEW_COLUMNS " FROM mvmanager.view v "
                                      "WHERE v.ended_at IS NULL AND ($1 IS NULL OR v.schema_name = ANY ($1)) "
                                      "ORDER BY v.schema_name COLLATE \"C\", v.view_name COLLATE \"C\"");
constinit pg::Statement
    add_statement("INSERT INTO mvmanager.view (schema_name, view_name, created_at) VALUES ($1, $2, clock_timestamp()) "
                  "ON CONFLICT (schema_name, view_name) WHERE ended_at IS NULL DO NOTHING RETURNING id");
constinit pg::Statement set_live_statement("UPDATE mvmanager.view SET live_version = $2 WHERE id = $1");
constinit pg::Statement end_statement(
    "UPDATE mvmanager.view SET ended_at = clock_timestamp(), ended_how = $2 WHERE id = $1 AND ended_at IS NULL");
constinit pg::Statement unschedule_statement("DELETE FROM mvmanager.schedule WHERE view_id = $1");
constinit pg::Statement
    cancel_statement("UPDATE mvmanager.run SET state = 'cancelled', finished_at = clock_timestamp(), "
                     "message = 'the view is no longer managed' WHERE view_id = $1 AND state = 'queued'");
constinit pg::Statement reopen_statement(
    "UPDATE mvmanager.view SET ended_at = NULL, ended_how = NULL WHERE id = $1 AND ended_how = 'released'");
constinit pg::Statement refreshed_statement("UPDATE mvmanager.view SET last_refresh_at = $2 WHERE id = $1");
constinit pg::Statement count_statement(
    "UPDATE mvmanager.view SET refreshes_total = refreshes_total + ($2 = 0)::integer, "
    "failures_total = failures_total + ($2 = 1)::integer, skipped_total = skipped_total + ($2 = 2)::integer, "
    "last_refresh_at = coalesce($3, last_refresh_at) WHERE id = $1");

View view_of(const pg::Row &row) {
    return {row.get<std::int64_t>(0),
            {row.get<std::string>(1), row.get<std::string>(2)},
            row.get_optional<std::int32_t>(3),
            row.get<bool>(4),
            row.get_optional<std::int64_t>(5)};
}

std::optional<View> first_of(const pg::Rows &rows) {
    if (rows.empty())
        return std::nullopt;
    return view_of(rows[0]);
}

} // namespace

std::optional<View> find(const pg::QualifiedName &name) {
    Scope scope;
    return first_of(scope.spi().run(find_statement, {pg::Value::text(name.schema), pg::Value::text(name.name)}));
}

std::optional<View> get(std::int64_t id) {
    Scope scope;
    return first_of(scope.spi().run(get_statement, {pg::Value::int8(id)}));
}

std::optional<View> find_released(const pg::QualifiedName &name) {
    Scope scope;
    return first_of(scope.spi().run(released_statement, {pg::Value::text(name.schema), pg::Value::text(name.name)}));
}

std::vector<View> all(const std::optional<std::vector<std::string>> &schemas) {
    Scope scope;
    std::vector<View> views;
    for (const pg::Row &row : scope.spi().run(all_statement, {pg::Value::text_array(schemas)}))
        views.push_back(view_of(row));
    return views;
}

View require(const pg::QualifiedName &name) {
    if (auto view = find(name))
        return *view;
    throw pg::Error(pg::sqlstate::undefined_object, "materialized view \"{}\" is not managed", name.quoted())
        .hint("Call mv_adopt({}) to take it over.", pg::quote_literal(name.quoted()));
}

std::int64_t add(const pg::QualifiedName &name) {
    Scope scope;
    const pg::Rows rows = scope.spi().run(add_statement, {pg::Value::text(name.schema), pg::Value::text(name.name)});
    if (rows.empty())
        throw pg::Error(pg::sqlstate::duplicate_object, "materialized view \"{}\" is already managed", name.quoted());
    return rows[0].get<std::int64_t>(0);
}

void set_live(std::int64_t id, int version) {
    Scope scope;
    scope.spi().run(set_live_statement, {pg::Value::int8(id), pg::Value::int4(version)});
}

void end(std::int64_t id, Ended how) {
    Scope scope;
    const char *word = how == Ended::dropped ? "dropped" : "released";
    scope.spi().run(unschedule_statement, {pg::Value::int8(id)});
    scope.spi().run(cancel_statement, {pg::Value::int8(id)});
    scope.spi().run(end_statement, {pg::Value::int8(id), pg::Value::text(word)});
}

void reopen(std::int64_t id) {
    Scope scope;
    scope.spi().run(reopen_statement, {pg::Value::int8(id)});
}

void set_refreshed_at(std::int64_t id, std::optional<std::int64_t> when) {
    Scope scope;
    scope.spi().run(refreshed_statement, {pg::Value::int8(id), pg::Value::timestamptz(when)});
}

void count(std::int64_t id, Outcome outcome, std::optional<std::int64_t> refreshed_at) {
    Scope scope;
    scope.spi().run(count_statement, {pg::Value::int8(id), pg::Value::int4(static_cast<std::int32_t>(outcome)),
                                      pg::Value::timestamptz(refreshed_at)});
}

} // namespace mvmanager::catalog::views
