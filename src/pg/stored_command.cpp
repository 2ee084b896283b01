#include "pg/stored_command.hpp"

#include <string_view>

#include "pg/own_ddl.hpp"
#include "pg/query.hpp"
#include "pg/security.hpp"
#include "pg/spi.hpp"

#include "pg/postgres.hpp"

extern "C" {
#include "catalog/objectaddress.h"
#include "catalog/pg_attrdef.h"
#include "catalog/pg_class.h"
#include "catalog/pg_policy.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_rewrite.h"
#include "catalog/pg_statistic_ext.h"
#include "utils/lsyscache.h"
#include "utils/ruleutils.h"
}

namespace mvmanager::pg {
namespace {

constinit Statement default_statement(
    "SELECT pg_catalog.format('ALTER TABLE %s ALTER COLUMN %I ', d.adrelid::pg_catalog.regclass, a.attname), "
    "pg_catalog.pg_get_expr(d.adbin, d.adrelid) FROM pg_catalog.pg_attrdef d JOIN pg_catalog.pg_attribute a "
    "ON a.attrelid = d.adrelid AND a.attnum = d.adnum WHERE d.oid = $1");
constinit Statement
    rule_statement("SELECT pg_catalog.pg_get_ruledef(r.oid), c.relowner, c.oid FROM pg_catalog.pg_rewrite r "
                   "JOIN pg_catalog.pg_class c ON c.oid = r.ev_class WHERE r.oid = $1 AND r.rulename <> '_RETURN'");
constinit Statement function_statement(
    "SELECT pg_catalog.pg_get_functiondef(p.oid), p.proowner, 0::pg_catalog.oid FROM pg_catalog.pg_proc p "
    "WHERE p.oid = $1 AND p.prosqlbody IS NOT NULL");
constinit Statement policy_statement(
    "SELECT pg_catalog.format('ALTER POLICY %I ON %s%s%s', p.polname, p.polrelid::pg_catalog.regclass, "
    "' USING (' || pg_catalog.pg_get_expr(p.polqual, p.polrelid) || ')', "
    "' WITH CHECK (' || pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid) || ')'), c.relowner, c.oid "
    "FROM pg_catalog.pg_policy p JOIN pg_catalog.pg_class c ON c.oid = p.polrelid WHERE p.oid = $1");
constinit Statement comment_statement(
    "SELECT pg_catalog.format('COMMENT ON %s %s IS %L', CASE WHEN d.classoid = 'pg_catalog.pg_class'::regclass "
    "THEN 'INDEX' ELSE 'STATISTICS' END, i.identity, d.description) FROM pg_catalog.pg_description d, "
    "pg_catalog.pg_identify_object(d.classoid, d.objoid, 0) i WHERE d.classoid = $1 AND d.objoid = $2 AND d.objsubid = "
    "0");
constinit Statement index_details_statement(
    "SELECT pg_catalog.format('ALTER INDEX %s ALTER COLUMN %s SET STATISTICS %s', i.identity, a.attnum, "
    "a.attstattarget) "
    "FROM pg_catalog.pg_identify_object('pg_catalog.pg_class'::regclass, $1, 0) i, pg_catalog.pg_attribute a "
    "WHERE a.attrelid = $1 AND a.attstattarget >= 0 "
    "UNION ALL SELECT pg_catalog.format('ALTER MATERIALIZED VIEW %s CLUSTER ON %I', x.indrelid::pg_catalog.regclass, "
    "c.relname) FROM pg_catalog.pg_index x JOIN pg_catalog.pg_class c ON c.oid = x.indexrelid "
    "WHERE x.indexrelid = $1 AND x.indisclustered "
    "UNION ALL SELECT pg_catalog.format('ALTER INDEX %s DEPENDS ON EXTENSION %I', i.identity, e.extname) "
    "FROM pg_catalog.pg_identify_object('pg_catalog.pg_class'::regclass, $1, 0) i, pg_catalog.pg_depend d "
    "JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid WHERE d.classid = 'pg_catalog.pg_class'::regclass "
    "AND d.objid = $1 AND d.refclassid = 'pg_catalog.pg_extension'::regclass AND d.deptype = 'x'");
constinit Statement statistics_target_statement(
    "SELECT pg_catalog.format('ALTER STATISTICS %s SET STATISTICS %s', i.identity, s.stxstattarget) "
    "FROM pg_catalog.pg_identify_object('pg_catalog.pg_statistic_ext'::regclass, $1, 0) i, pg_catalog.pg_statistic_ext "
    "s "
    "WHERE s.oid = $1 AND s.stxstattarget >= 0");
constinit Statement identity_statement("SELECT o.identity FROM pg_catalog.pg_identify_object($1, $2, 0) o");

Statement *statement_of(Oid class_id) {
    switch (class_id) {
    case RewriteRelationId:
        return &rule_statement;
    case ProcedureRelationId:
        return &function_statement;
    case PolicyRelationId:
        return &policy_statement;
    default:
        return nullptr;
    }
}

IndexCommand default_command(Oid object) {
    EmptySearchPath path;
    Spi spi;
    const Rows rows = spi.run(default_statement, {Value::oid(object)});
    auto const column = rows[0].get<std::string>(0);
    return {.drop = {column + "DROP DEFAULT"}, .create = {column + "SET DEFAULT " + rows[0].get<std::string>(1)}};
}

} // namespace

std::optional<StoredCommand> stored_command(Oid class_id, Oid object) {
    Statement *statement = statement_of(class_id);
    if (!statement)
        return std::nullopt;
    EmptySearchPath path;
    Spi spi;
    const Rows rows = spi.run(*statement, {Value::oid(object)});
    if (rows.empty() || rows[0].is_null(0))
        return std::nullopt;
    StoredCommand out{rows[0].get<std::string>(0), rows[0].get<Oid>(1), rows[0].get<Oid>(2)};
    constexpr std::string_view create_rule = "CREATE RULE ";
    if (class_id == RewriteRelationId && out.text.starts_with(create_rule))
        out.text = "CREATE OR REPLACE RULE " + out.text.substr(create_rule.size());
    return out;
}

IndexCommand index_command(Oid class_id, Oid object) {
    if (class_id == AttrDefaultRelationId)
        return default_command(object);
    bool const is_index = class_id == RelationRelationId;
    EmptySearchPath path;
    Spi spi;
    std::string const identity =
        spi.run(identity_statement, {Value::oid(class_id), Value::oid(object)})[0].get<std::string>(0);
    IndexCommand out;
    out.drop.push_back((is_index ? "DROP INDEX " : "DROP STATISTICS ") + identity);
    out.create.emplace_back(
        call([&] { return is_index ? pg_get_indexdef_string(object) : pg_get_statisticsobjdef_string(object); }));
    for (const Row &row :
         spi.run(is_index ? index_details_statement : statistics_target_statement, {Value::oid(object)}))
        out.create.push_back(row.get<std::string>(0));
    for (const Row &row : spi.run(comment_statement, {Value::oid(class_id), Value::oid(object)}))
        out.create.push_back(row.get<std::string>(0));
    return out;
}

void run_as(Oid role, const std::vector<std::string> &commands) {
    if (commands.empty())
        return;
    OwnDdl const own;
    SecurityScope const as_role(role, RunAs::view_owner);
    Spi spi;
    for (const std::string &command : commands)
        spi.run_text(command);
}

std::string description_of(Oid class_id, Oid object, int column) {
    EmptySearchPath path;
    return call([&] {
        ObjectAddress address;
        ObjectAddressSubSet(address, class_id, object, column);
        char *description = getObjectDescription(&address, true);
        return description ? description : pstrdup("");
    });
}

} // namespace mvmanager::pg
