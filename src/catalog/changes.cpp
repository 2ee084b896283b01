#include "catalog/changes.hpp"

#include "catalog/scope.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::catalog::changes {
namespace {

#define CHANGE_COLUMNS "c.id, c.view_id, c.action, c.label, c.from_version, c.to_version, c.changed_by, c.changed_at"

constinit pg::Statement add_statement(
    "INSERT INTO mvmanager.change (view_id, action, label, from_version, to_version, changed_by, changed_at) "
    "VALUES ($1, $2, $3, $4, $5, session_user, clock_timestamp())");
constinit pg::Statement label_statement("SELECT " CHANGE_COLUMNS " FROM mvmanager.change c "
                                        "WHERE c.view_id = $1 AND c.label = $2 ORDER BY c.id DESC LIMIT 1");
constinit pg::Statement all_statement("SELECT " CHANGE_COLUMNS " FROM mvmanager.change c "
                                      "WHERE c.view_id = $1 ORDER BY c.id");

Change change_of(const pg::Row &row) {
    return {.id = row.get<std::int64_t>(0),
            .view_id = row.get<std::int64_t>(1),
            .action = row.get<std::string>(2),
            .label = row.get_optional<std::string>(3),
            .from_version = row.get_optional<std::int32_t>(4),
            .to_version = row.get_optional<std::int32_t>(5),
            .changed_by = row.get<std::string>(6),
            .changed_at = row.get<std::int64_t>(7)};
}

} // namespace

void add(std::int64_t view_id, const std::string &action, const std::optional<std::string> &label,
         std::optional<int> from_version, std::optional<int> to_version) {
    Scope scope;
    scope.spi().run(add_statement, {pg::Value::int8(view_id), pg::Value::text(action), pg::Value::text(label),
                                    pg::Value::int4(from_version), pg::Value::int4(to_version)});
}

std::optional<Change> find_label(std::int64_t view_id, const std::string &label) {
    Scope scope;
    const pg::Rows rows = scope.spi().run(label_statement, {pg::Value::int8(view_id), pg::Value::text(label)});
    if (rows.empty())
        return std::nullopt;
    return change_of(rows[0]);
}

std::vector<Change> all(std::int64_t view_id) {
    Scope scope;
    std::vector<Change> changes;
    for (const pg::Row &row : scope.spi().run(all_statement, {pg::Value::int8(view_id)}))
        changes.push_back(change_of(row));
    return changes;
}

} // namespace mvmanager::catalog::changes
