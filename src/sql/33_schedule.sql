
CREATE FUNCTION mv_schedule(
    name         text,
    schedule     text,
    time_zone    text DEFAULT NULL,
    jitter       interval DEFAULT NULL,
    time_window  text DEFAULT NULL,
    settings     jsonb DEFAULT NULL
) RETURNS mvmanager.mv_schedule_result
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'mvm_schedule';
COMMENT ON FUNCTION mv_schedule(text, text, text, interval, text, jsonb) IS
'Refreshes a managed materialized view by itself from the commit on, or changes when. name: the view, as regclass reads it. schedule: cron with five fields (''*/5 * * * *'') or six (seconds first), names, ranges, steps and lists, L for the last day of the month, @hourly and its kind; or an interval (''30 seconds'', ''10 minutes''). time_zone: in which cron texts are read; NULL keeps the one the schedule has, at first the configured TimeZone of the server or database. jitter, time_window, settings: not available in this release (0A000); leave them NULL. Returns one row, action "scheduled", or "unchanged" for the same call again. Without shared_preload_libraries the first call starts the launcher, which is gone after a restart of the server. In a restored or copied database schedules are inert until mv_resume(). For the owner and members of its role. Errors: 22023 a text that is no schedule (with the position) or never due, or an unknown time zone, 0A000 a kind that is not available, 22004 no name or schedule, 42602 a name that cannot be read, 42P01 no such view, 42809 not a materialized view, 42704 not managed, or dropped outside mvmanager, 42501 not the owner, 53400 no background worker slot is free, 25006 standby or read-only transaction.';

CREATE FUNCTION mv_schedule(
    names        text[],
    schedule     text,
    time_zone    text DEFAULT NULL,
    jitter       interval DEFAULT NULL,
    time_window  text DEFAULT NULL,
    settings     jsonb DEFAULT NULL
) RETURNS SETOF mvmanager.mv_schedule_result
LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 20
AS 'MODULE_PATHNAME', 'mvm_schedule_all';
COMMENT ON FUNCTION mv_schedule(text[], text, text, interval, text, jsonb) IS
'The same schedule for several managed materialized views, all or none. names: the views, each as regclass reads it. schedule, time_zone, jitter, time_window, settings: as for one view, with the same meaning of NULL. Returns one row per name, in order. Errors: those of mv_schedule for one view; any of them undoes the whole call.';

CREATE FUNCTION mv_unschedule(name text) RETURNS mvmanager.mv_change
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'mvm_unschedule';
COMMENT ON FUNCTION mv_unschedule(text) IS
'Removes the schedule of a managed materialized view; a run that has begun goes on. name: the view, as regclass reads it. Returns one row, action "unscheduled", or "unchanged" where it has none. For the owner and members of its role. Errors: 22004 no name, 42602 a name that cannot be read, 42P01 no such view, 42809 not a materialized view, 42704 not managed, or dropped outside mvmanager, 42501 not the owner, 25006 standby or read-only transaction.';

CREATE FUNCTION mv_pause(name text DEFAULT NULL) RETURNS SETOF mvmanager.mv_change
LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 1
AS 'MODULE_PATHNAME', 'mvm_pause';
COMMENT ON FUNCTION mv_pause(text) IS
'Stops schedules from starting runs; a run that has begun goes on, and mv_refresh and mv_refresh_async still work. name: the view, as regclass reads it; NULL: every schedule of this database. Returns one row, action "paused" or "unchanged". For the owner of the view and members of its role; without name for the owners of the database and of the extension. Errors: 42602 a name that cannot be read, 42P01 no such view, 42809 not a materialized view, 42704 not managed or without a schedule, 42501 not allowed, 25006 standby or read-only transaction.';

CREATE FUNCTION mv_resume(name text DEFAULT NULL) RETURNS SETOF mvmanager.mv_change
LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 1
AS 'MODULE_PATHNAME', 'mvm_resume';
COMMENT ON FUNCTION mv_resume(text) IS
'Ends a pause. name: the view, as regclass reads it: its suspension after failures or crashes ends too, and its counters start again; what was missed is made up by one run. With NULL it lets the schedules of this database run here (action armed), after a restore or a copy, and ends the pause of the whole database; views paused by name stay paused. Starts the launcher where there is none. Returns one row, action "resumed", "armed" or "unchanged". For the owner of the view and members of its role; without name for the owners of the database and of the extension. Errors: 42602 a name that cannot be read, 42P01 no such view, 42809 not a materialized view, 42704 not managed or without a schedule, 42501 not allowed, 53400 no background worker slot is free, 25006 standby or read-only transaction.';

CREATE FUNCTION mv_next_runs(
    schedule   text,
    time_zone  text DEFAULT NULL,
    count      integer DEFAULT 5,
    since      timestamptz DEFAULT now()
) RETURNS SETOF timestamptz
LANGUAGE C STABLE PARALLEL SAFE ROWS 5
AS 'MODULE_PATHNAME', 'mvm_next_runs';
COMMENT ON FUNCTION mv_next_runs(text, text, integer, timestamptz) IS
'When a schedule would be due. schedule: as for mv_schedule. time_zone: in which cron texts are read; NULL is the configured TimeZone of the server or database. count: how many due times, 0 to 10000; NULL is 5. since: the first one lies after it, and intervals are counted from it; NULL is now. Returns the due times, earliest first. Works on a standby too. Errors: 22004 no schedule, 22023 a text that is no schedule (with the position), an unknown time zone or an argument out of range, 0A000 a kind without due times.';

CREATE FUNCTION mv_refresh_async(
    name       text,
    strategy   text DEFAULT 'auto',
    predicate  text DEFAULT NULL
) RETURNS bigint
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'mvm_refresh_async';
COMMENT ON FUNCTION mv_refresh_async(text, text, text) IS
'Lets the worker refresh a managed materialized view once, after the commit. name: the view, as regclass reads it. strategy: auto (the default, also for NULL), native or concurrently, as for mv_refresh; with diff, swap, partial or incremental the run fails with 0A000 in this release. predicate: for strategy partial only; NULL: the whole view. Returns the id of the run, for CALL mv_wait(run => ...) and mvmanager.runs. A pause does not hold it back. In a restored or copied database it stays queued until mv_resume(). For the owner, members of its role, and from PostgreSQL 17 on who has MAINTAIN. Errors: 22004 no name, 42602 a name that cannot be read, 42P01 no such view, 42809 not a materialized view, 42704 not managed, or dropped outside mvmanager, 42501 not allowed, 22023 unknown strategy or a predicate that does not fit, 53400 no background worker slot is free, 25006 standby or read-only transaction.';

CREATE PROCEDURE mv_wait(
    name     text DEFAULT NULL,
    version  integer DEFAULT NULL,
    label    text DEFAULT NULL,
    run      bigint DEFAULT NULL,
    timeout  interval DEFAULT '30 min'
)
LANGUAGE C
AS 'MODULE_PATHNAME', 'mvm_wait';
COMMENT ON PROCEDURE mv_wait(text, integer, text, bigint, interval) IS
'Waits until runs have ended, or a version is there, without holding a snapshot or a lock. name: the view, as regclass reads it: for all its runs that are queued or running now, and for the version that is on its way; NULL where run is given. version, label: a version of the view by its number or the label that led to it: until it is live, or, promoted by hand, ready; one that was superseded is not waited for. run: id of one run, as mv_refresh_async returns it; NULL where name is given. timeout: how long to wait at most, 30 minutes unless told, never NULL. Must be called outside a transaction block. For who may refresh the view. Errors: that of a run that failed, with its SQLSTATE; 57014 a run that was cancelled, or the timeout; 55000 a run that was lost, crashed or skipped, a version that failed, or what nobody would execute; 2D000 inside a transaction block; 22023 neither a view nor a run, or both, or version and label; 22004 no timeout; 42602 a name that cannot be read, 42P01 no such view, 42809 not a materialized view, 42704 not managed, or no such run, version or label, 42501 not allowed.';
