#include "pg/row_type.hpp"

#include "pg/query.hpp"
#include "pg/spi.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::pg {
namespace {

constinit Statement storing_statement(
    "WITH RECURSIVE types AS (SELECT c.reltype AS oid FROM pg_catalog.pg_class c WHERE c.oid = $1 "
    "UNION SELECT CASE WHEN d.classid = 'pg_catalog.pg_type'::regclass THEN d.objid ELSE c.reltype END "
    "FROM types t JOIN pg_catalog.pg_depend d ON d.refclassid = 'pg_catalog.pg_type'::regclass AND d.refobjid = t.oid "
    "LEFT JOIN pg_catalog.pg_class c ON d.classid = 'pg_catalog.pg_class'::regclass AND c.oid = d.objid "
    "WHERE d.classid = 'pg_catalog.pg_type'::regclass OR (c.relkind IN ('v', 'c') AND d.objsubid > 0)) "
    "SELECT DISTINCT d.objid, c.relowner, d.objsubid FROM types t JOIN pg_catalog.pg_depend d "
    "ON d.refclassid = 'pg_catalog.pg_type'::regclass AND d.refobjid = t.oid "
    "AND d.classid = 'pg_catalog.pg_class'::regclass AND d.objsubid > 0 "
    "JOIN pg_catalog.pg_class c ON c.oid = d.objid AND c.relkind IN ('r', 'm', 'p') ORDER BY 1, 3");

} // namespace

std::vector<RowColumn> columns_storing_rows(Oid relation) {
    EmptySearchPath path;
    Spi spi;
    std::vector<RowColumn> out;
    for (const Row &row : spi.run(storing_statement, {Value::oid(relation)}))
        out.push_back({row.get<Oid>(0), row.get<Oid>(1), row.get<std::int32_t>(2)});
    return out;
}

} // namespace mvmanager::pg
