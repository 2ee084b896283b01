#include "catalog/names.hpp"

#include "catalog/scope.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::catalog::names {
namespace {

constinit pg::Statement
    rename_statement("UPDATE mvmanager.view SET schema_name = $2, view_name = $3 WHERE id = $1 AND ended_at IS NULL");

#define RELATION_COLUMNS                                                                                               \
    "s.relation_schema, s.relation_name, v.id, v.schema_name, v.view_name, s.number, s.state "                         \
    "FROM mvmanager.version_state s JOIN mvmanager.view v ON v.id = s.view_id AND v.ended_at IS NULL "                 \
    "WHERE s.relation_name IS NOT NULL AND s.state IN ('queued', 'building', 'ready', 'archived') "

constinit pg::Statement find_statement("SELECT " RELATION_COLUMNS
                                       "AND s.relation_schema = $1 AND s.relation_name = $2");
constinit pg::Statement all_statement("SELECT " RELATION_COLUMNS "AND v.id = $1 ORDER BY s.number");
constinit pg::Statement
    rename_relation_statement("UPDATE mvmanager.version_state SET relation_schema = $3, relation_name = $4 "
                              "WHERE relation_schema = $1 AND relation_name = $2");
constinit pg::Statement
    rename_schema_statement("UPDATE mvmanager.version_state SET relation_schema = $2 WHERE relation_schema = $1");
constinit pg::Statement
    since_statement("SELECT to_char(v.created_at, 'YYYY-MM-DD') FROM mvmanager.view v WHERE v.id = $1");

VersionRelation relation_of(const pg::Row &row) {
    return {.name = {row.get<std::string>(0), row.get<std::string>(1)},
            .view_id = row.get<std::int64_t>(2),
            .view = {row.get<std::string>(3), row.get<std::string>(4)},
            .number = row.get<std::int32_t>(5),
            .state = row.get<std::string>(6)};
}

} // namespace

void rename_view(std::int64_t view_id, const pg::QualifiedName &now) {
    Scope scope;
    scope.spi().run(rename_statement,
                    {pg::Value::int8(view_id), pg::Value::text(now.schema), pg::Value::text(now.name)});
}

std::optional<VersionRelation> find_version_relation(const pg::QualifiedName &name) {
    Scope scope;
    const pg::Rows rows = scope.spi().run(find_statement, {pg::Value::text(name.schema), pg::Value::text(name.name)});
    if (rows.empty())
        return std::nullopt;
    return relation_of(rows[0]);
}

std::vector<VersionRelation> version_relations(std::int64_t view_id) {
    Scope scope;
    std::vector<VersionRelation> found;
    for (const pg::Row &row : scope.spi().run(all_statement, {pg::Value::int8(view_id)}))
        found.push_back(relation_of(row));
    return found;
}

void rename_version_relation(const pg::QualifiedName &before, const pg::QualifiedName &now) {
    Scope scope;
    scope.spi().run(rename_relation_statement, {pg::Value::text(before.schema), pg::Value::text(before.name),
                                                pg::Value::text(now.schema), pg::Value::text(now.name)});
}

void rename_schema_of_version_relations(const std::string &before, const std::string &now) {
    Scope scope;
    scope.spi().run(rename_schema_statement, {pg::Value::text(before), pg::Value::text(now)});
}

std::string managed_since(std::int64_t view_id) {
    Scope scope;
    const pg::Rows rows = scope.spi().run(since_statement, {pg::Value::int8(view_id)});
    return rows.empty() ? std::string() : rows[0].get<std::string>(0);
}

} // namespace mvmanager::catalog::names
