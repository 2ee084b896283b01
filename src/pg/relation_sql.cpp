#include "pg/relation_sql.hpp"

#include "pg/query.hpp"
#include "pg/spi.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::pg {
namespace {

// pg_get_indexdef and its kind qualify every name because search_path is empty around these.
constinit Statement
    indexes_statement("SELECT pg_get_indexdef(i.indexrelid) FROM pg_index i "
                      "JOIN pg_class c ON c.oid = i.indexrelid WHERE i.indrelid = $1 ORDER BY c.relname");
constinit Statement settings_statement(
    "SELECT format('ALTER MATERIALIZED VIEW %s ALTER COLUMN %I SET STATISTICS %s', $1::regclass, a.attname, "
    "a.attstattarget) FROM pg_attribute a WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped "
    "AND a.attstattarget >= 0 "
    "UNION ALL "
    "SELECT format('ALTER MATERIALIZED VIEW %s ALTER COLUMN %I SET STORAGE %s', $1::regclass, a.attname, "
    "CASE a.attstorage WHEN 'p' THEN 'PLAIN' WHEN 'e' THEN 'EXTERNAL' WHEN 'm' THEN 'MAIN' ELSE 'EXTENDED' END) "
    "FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid "
    "WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped AND a.attstorage <> t.typstorage "
    "UNION ALL "
    "SELECT format('ALTER MATERIALIZED VIEW %s ALTER COLUMN %I SET COMPRESSION %s', $1::regclass, a.attname, "
    "CASE a.attcompression WHEN 'l' THEN 'lz4' ELSE 'pglz' END) FROM pg_attribute a "
    "WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped AND a.attcompression <> '' "
    "UNION ALL "
    "SELECT format('ALTER MATERIALIZED VIEW %s ALTER COLUMN %I SET (%I = %L)', $1::regclass, a.attname, o.option_name, "
    "o.option_value) FROM pg_attribute a CROSS JOIN LATERAL pg_options_to_table(a.attoptions) o "
    "WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped AND o.option_name IN ('n_distinct', "
    "'n_distinct_inherited') "
    "UNION ALL "
    "SELECT format('ALTER MATERIALIZED VIEW %s CLUSTER ON %I', $1::regclass, c.relname) FROM pg_index i "
    "JOIN pg_class c ON c.oid = i.indexrelid WHERE i.indrelid = $1 AND i.indisclustered ORDER BY 1");
constinit Statement statistics_statement("SELECT pg_get_statisticsobjdef(s.oid) FROM pg_statistic_ext s "
                                         "WHERE s.stxrelid = $1 ORDER BY s.stxname");
constinit Statement comments_statement(
    "SELECT format('COMMENT ON COLUMN %s.%I IS %L', $1::regclass, a.attname, d.description) FROM pg_description d "
    "JOIN pg_attribute a ON a.attrelid = d.objoid AND a.attnum = d.objsubid "
    "WHERE d.classoid = 'pg_class'::regclass AND d.objoid = $1 AND d.objsubid > 0 "
    "UNION ALL "
    "SELECT format('COMMENT ON INDEX %s IS %L', i.indexrelid::regclass, d.description) FROM pg_description d "
    "JOIN pg_index i ON i.indexrelid = d.objoid WHERE d.classoid = 'pg_class'::regclass AND d.objsubid = 0 "
    "AND i.indrelid = $1 "
    "UNION ALL "
    "SELECT format('COMMENT ON STATISTICS %I.%I IS %L', n.nspname, s.stxname, d.description) FROM pg_description d "
    "JOIN pg_statistic_ext s ON s.oid = d.objoid JOIN pg_namespace n ON n.oid = s.stxnamespace "
    "WHERE d.classoid = 'pg_statistic_ext'::regclass AND s.stxrelid = $1 ORDER BY 1");
constinit Statement owner_statement("SELECT format('ALTER MATERIALIZED VIEW %s OWNER TO %I', $1::regclass, "
                                    "pg_get_userbyid(c.relowner)) FROM pg_class c WHERE c.oid = $1");
constinit Statement grants_statement(
    "SELECT format('GRANT %s ON %s TO %s%s', string_agg(g.privilege_type, ', ' ORDER BY g.privilege_type), "
    "$1::regclass, CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(g.grantee)) END, "
    "CASE WHEN g.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END) "
    "FROM pg_class c CROSS JOIN LATERAL aclexplode(c.relacl) g WHERE c.oid = $1 AND g.grantee <> c.relowner "
    "GROUP BY g.grantee, g.is_grantable ORDER BY 1");
constinit Statement column_grants_statement(
    "SELECT format('GRANT %s (%I) ON %s TO %s%s', g.privilege_type, a.attname, $1::regclass, "
    "CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(g.grantee)) END, "
    "CASE WHEN g.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END) "
    "FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped "
    "CROSS JOIN LATERAL aclexplode(a.attacl) g WHERE c.oid = $1 AND g.grantee <> c.relowner ORDER BY 1");

std::vector<std::string> texts(Spi &spi, Statement &statement, Oid relation) {
    std::vector<std::string> out;
    for (const Row &row : spi.run(statement, {Value::oid(relation)}))
        out.push_back(row.get<std::string>(0));
    return out;
}

} // namespace

RelationSql relation_sql(Oid relation) {
    EmptySearchPath path;
    Spi spi;
    return {.indexes = texts(spi, indexes_statement, relation),
            .settings = texts(spi, settings_statement, relation),
            .statistics = texts(spi, statistics_statement, relation),
            .comments = texts(spi, comments_statement, relation),
            .owner = texts(spi, owner_statement, relation),
            .grants = texts(spi, grants_statement, relation),
            .column_grants = texts(spi, column_grants_statement, relation)};
}

} // namespace mvmanager::pg
