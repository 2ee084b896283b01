
CREATE FUNCTION mvmanager.processes(
    OUT pid            integer,
    OUT kind           text,
    OUT database_oid   oid,
    OUT run_id         bigint,
    OUT since          timestamptz
) RETURNS SETOF record
LANGUAGE C VOLATILE PARALLEL RESTRICTED ROWS 4
AS 'MODULE_PATHNAME', 'mvm_processes';
COMMENT ON FUNCTION mvmanager.processes() IS
'The processes of mvmanager in this cluster: pid; kind (launcher, coordinator, worker); OID of the database; id of the run that a worker executes, NULL while it has none; since when it does what it does. Empty where the launcher is not running.';

CREATE FUNCTION mvmanager.launcher_pid() RETURNS integer
LANGUAGE C VOLATILE PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'mvm_launcher_pid';
COMMENT ON FUNCTION mvmanager.launcher_pid() IS
'Process id of the launcher; NULL where it is not running, so that nothing is executed in the background.';

CREATE FUNCTION mvmanager.is_served() RETURNS boolean
LANGUAGE C STABLE PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'mvm_is_served';
COMMENT ON FUNCTION mvmanager.is_served() IS
'Whether the settings let schedules of this database run: mvmanager.scheduler is on, and mvmanager.databases is empty or names it.';

-- The worker may hold locks that DROP EXTENSION waits for, for as long as a refresh takes: it makes way first.
CREATE FUNCTION mvmanager.before_drop() RETURNS event_trigger
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'mvm_before_drop';
COMMENT ON FUNCTION mvmanager.before_drop() IS
'Event trigger function: ends the processes of mvmanager in this database before a command drops the extension. Rolled back, they come again. Errors: 0A000 not called by an event trigger.';
REVOKE ALL ON FUNCTION mvmanager.before_drop() FROM PUBLIC;

CREATE EVENT TRIGGER mvmanager_before_drop ON ddl_command_start
    WHEN TAG IN ('DROP EXTENSION', 'DROP SCHEMA', 'DROP OWNED')
    EXECUTE FUNCTION mvmanager.before_drop();
COMMENT ON EVENT TRIGGER mvmanager_before_drop IS
'Ends the processes of mvmanager in this database before the extension is dropped.';
