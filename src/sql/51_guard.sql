
-- Managed views are not dropped in passing, and what is done to them by hand is followed. Neither fires where
-- session_replication_role is replica: what a replication apply does was decided elsewhere.
CREATE FUNCTION mvmanager.guard_drop() RETURNS event_trigger
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'mvm_guard_drop';
COMMENT ON FUNCTION mvmanager.guard_drop() IS
'Event trigger function: refuses a command that dropped a managed view, or rows that mvmanager keeps of one, without mvmanager (2BP01), or lets it go and ends the view in the catalog, as mvmanager.guard says. Errors: 0A000 not called by an event trigger.';
REVOKE ALL ON FUNCTION mvmanager.guard_drop() FROM PUBLIC;

CREATE EVENT TRIGGER mvmanager_guard_drop ON sql_drop
    EXECUTE FUNCTION mvmanager.guard_drop();
COMMENT ON EVENT TRIGGER mvmanager_guard_drop IS
'Keeps managed views from being dropped by other commands than mv_drop; see the setting mvmanager.guard.';

CREATE FUNCTION mvmanager.follow_ddl() RETURNS event_trigger
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'mvm_follow_ddl';
COMMENT ON FUNCTION mvmanager.follow_ddl() IS
'Event trigger function: changes the catalog with what was done to a managed view by hand: its name, schema, owner, columns, names of its indexes, and REFRESH MATERIALIZED VIEW, recorded as a run of reason external. Errors: 55000 a REFRESH of the rows of an earlier version, 0A000 not called by an event trigger.';
REVOKE ALL ON FUNCTION mvmanager.follow_ddl() FROM PUBLIC;

CREATE EVENT TRIGGER mvmanager_follow_ddl ON ddl_command_end
    WHEN TAG IN ('ALTER MATERIALIZED VIEW', 'ALTER TABLE', 'ALTER INDEX', 'ALTER SCHEMA', 'ALTER EXTENSION',
                 'REFRESH MATERIALIZED VIEW')
    EXECUTE FUNCTION mvmanager.follow_ddl();
COMMENT ON EVENT TRIGGER mvmanager_follow_ddl IS
'Keeps the catalog true to what is done to managed views by hand.';
