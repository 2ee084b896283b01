#include "catalog/data_relations.hpp"

#include "catalog/scope.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::catalog::data_relations {
namespace {

// One statement each, so that a relation and the row that names it are seen together or not at all.
constinit pg::Statement
    orphans_statement("SELECT substring(c.relname FROM '_([0-9]{1,18})$')::bigint, c.relname::text FROM pg_class c "
                      "JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'mvmanager_data' "
                      "AND c.relkind IN ('m', 'r') AND c.relname ~ '__[vr][0-9a-f]+_[0-9]{1,18}$' "
                      "AND NOT EXISTS (SELECT FROM mvmanager.version_state s JOIN mvmanager.view v ON v.id = s.view_id "
                      "WHERE s.relation_schema = 'mvmanager_data' AND s.relation_name = c.relname::text "
                      "AND v.ended_how IS DISTINCT FROM 'dropped') "
                      "AND NOT EXISTS (SELECT FROM mvmanager.run r WHERE r.staged_name = c.relname::text) ORDER BY 2");
constinit pg::Statement
    missing_statement("SELECT s.number, s.state, s.relation_schema, s.relation_name FROM mvmanager.version_state s "
                      "WHERE s.view_id = $1 AND s.state IN ('ready', 'archived') AND s.relation_name IS NOT NULL "
                      "AND NOT EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
                      "WHERE n.nspname = s.relation_schema AND c.relname = s.relation_name) ORDER BY s.number");

} // namespace

std::vector<Orphan> orphans() {
    Scope scope;
    std::vector<Orphan> out;
    for (const pg::Row &row : scope.spi().run(orphans_statement))
        out.push_back({row.get<std::int64_t>(0), row.get<std::string>(1)});
    return out;
}

std::vector<Missing> missing(std::int64_t view_id) {
    Scope scope;
    std::vector<Missing> out;
    for (const pg::Row &row : scope.spi().run(missing_statement, {pg::Value::int8(view_id)}))
        out.push_back(
            {row.get<std::int32_t>(0), row.get<std::string>(1), row.get<std::string>(2), row.get<std::string>(3)});
    return out;
}

} // namespace mvmanager::catalog::data_relations
