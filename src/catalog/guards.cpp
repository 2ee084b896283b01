#include "catalog/guards.hpp"

#include "catalog/scope.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::catalog::guards {
namespace {

// tgtype: 27 is BEFORE UPDATE OR DELETE FOR EACH ROW, 34 is BEFORE TRUNCATE FOR EACH STATEMENT.
constinit pg::Statement guards_statement(
    "SELECT e.table_name, e.trigger_name, EXISTS (SELECT FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid "
    "JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace "
    "WHERE n.nspname = 'mvmanager' AND c.relname = e.table_name AND t.tgname = e.trigger_name AND t.tgenabled = 'A' "
    "AND t.tgtype = e.trigger_type AND t.tgqual IS NULL AND p.pronamespace = n.oid AND p.proname = 'refuse_change' "
    "AND p.probin LIKE '%mvmanager') "
    "FROM (VALUES ('version', 'version_rows', 27), ('version', 'version_table', 34), "
    "('change', 'change_rows', 27), ('change', 'change_table', 34)) e (table_name, trigger_name, trigger_type)");

constinit pg::Statement event_triggers_statement(
    "SELECT e.trigger_name, EXISTS (SELECT FROM pg_event_trigger t JOIN pg_proc p ON p.oid = t.evtfoid "
    "JOIN pg_namespace n ON n.oid = p.pronamespace "
    "WHERE t.evtname = e.trigger_name AND t.evtevent = e.event AND t.evtenabled IN ('O', 'A') "
    "AND n.nspname = 'mvmanager' AND p.proname = e.function_name AND p.probin LIKE '%mvmanager') "
    "FROM (VALUES ('mvmanager_guard_drop', 'sql_drop', 'guard_drop'), "
    "('mvmanager_follow_ddl', 'ddl_command_end', 'follow_ddl')) e (trigger_name, event, function_name)");

} // namespace

std::vector<EventTrigger> event_triggers() {
    Scope scope;
    std::vector<EventTrigger> triggers;
    for (const pg::Row &row : scope.spi().run(event_triggers_statement))
        triggers.push_back({row.get<std::string>(0), row.get<bool>(1)});
    return triggers;
}

std::vector<Guard> all() {
    Scope scope;
    std::vector<Guard> guards;
    for (const pg::Row &row : scope.spi().run(guards_statement))
        guards.push_back({row.get<std::string>(0), row.get<std::string>(1), row.get<bool>(2)});
    return guards;
}

} // namespace mvmanager::catalog::guards
