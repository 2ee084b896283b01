#include "catalog/local.hpp"

#include "catalog/scope.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::catalog::local {
namespace {

constinit pg::Statement select_row("SELECT l.database_oid, l.paused FROM mvmanager.local l");
constinit pg::Statement
    upsert("INSERT INTO mvmanager.local AS l (database_oid, armed_at) VALUES ($1, now()) "
           "ON CONFLICT (only_row) DO UPDATE SET database_oid = $1, armed_at = now(), paused = false "
           "WHERE l.database_oid <> $1 OR l.paused");
constinit pg::Statement
    update_paused("UPDATE mvmanager.local SET paused = true WHERE database_oid = $1 AND NOT paused");

} // namespace

std::optional<Local> get() {
    Scope scope;
    const pg::Rows rows = scope.spi().run(select_row);
    if (rows.empty())
        return std::nullopt;
    return Local{rows[0].get<Oid>(0), rows[0].get<bool>(1)};
}

bool is_armed() {
    const std::optional<Local> row = get();
    return row && row->database == MyDatabaseId;
}

bool arm() {
    Scope scope;
    return scope.spi().run(upsert, {pg::Value::oid(MyDatabaseId)}).processed() > 0;
}

bool pause() {
    Scope scope;
    return scope.spi().run(update_paused, {pg::Value::oid(MyDatabaseId)}).processed() > 0;
}

} // namespace mvmanager::catalog::local
