
-- What a person reads. The views belong to the extension's owner and are security barriers: a row is shown only to
-- whoever may see the materialized view it is about, and what could quote its data only to members of its owner.

CREATE FUNCTION mvmanager.due_times(
    schedule       text,
    time_zone      text,
    since          timestamptz,
    OUT due_at     timestamptz,
    OUT due_again  timestamptz
) RETURNS record
LANGUAGE C STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'mvm_due_times';
COMMENT ON FUNCTION mvmanager.due_times(text, text, timestamptz) IS
'The next two times at which a schedule is due. schedule: its text. time_zone: in which it is read. since: due_at is the first time after it, due_again the one after that. NULLs where an argument is NULL, where the text or the zone cannot be read by this server, or where the clock alone does not say. Raises nothing.';

CREATE FUNCTION mvmanager.relation_bytes(
    relation  regclass
) RETURNS bigint
LANGUAGE C VOLATILE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'mvm_relation_bytes';
COMMENT ON FUNCTION mvmanager.relation_bytes(regclass) IS
'Bytes of a relation with its indexes and TOAST table, as pg_total_relation_size, without ever waiting. relation: its OID. Returns NULL while another session has it locked exclusively or waits to, and where it does not exist.';

CREATE VIEW mvmanager.scheduler WITH (security_barrier) AS
SELECT b.datname::text AS database,
       coalesce(o.database_oid = b.oid, false) AS is_armed,
       coalesce(o.paused, false) AS is_paused,
       mvmanager.is_served() AS is_served,
       (SELECT min(l.pid)
          FROM pg_catalog.pg_locks l
         WHERE l.locktype = 'advisory' AND l.objsubid = 27907 AND l.database = 0 AND l.granted) AS launcher_pid,
       pg_catalog.pg_is_in_recovery() AS is_standby
  FROM pg_catalog.pg_database b
  LEFT JOIN mvmanager.local o ON true
 WHERE b.datname = current_database();
COMMENT ON VIEW mvmanager.scheduler IS 'One row: whether schedules of this database are run, and if not, why not.';
COMMENT ON COLUMN mvmanager.scheduler.database IS 'This database.';
COMMENT ON COLUMN mvmanager.scheduler.is_armed IS 'Whether it runs its schedules. False in a restored dump and in a copy of a database until mv_resume().';
COMMENT ON COLUMN mvmanager.scheduler.is_paused IS 'Whether mv_pause() without a name stopped all of them.';
COMMENT ON COLUMN mvmanager.scheduler.is_served IS 'Whether the settings let it: mvmanager.scheduler is on, and mvmanager.databases is empty or names this database.';
COMMENT ON COLUMN mvmanager.scheduler.launcher_pid IS 'The process of this server that starts what is due, in any database; NULL where none runs.';
COMMENT ON COLUMN mvmanager.scheduler.is_standby IS 'Whether this server is a standby, where nothing is run.';

CREATE VIEW mvmanager.visible WITH (security_barrier) AS
SELECT m.id,
       m.schema_name,
       m.view_name,
       m.ended_at,
       m.ended_how,
       m.relation,
       m.is_populated,
       m.owner_name,
       m.is_owner
  FROM (SELECT v.id, v.schema_name, v.view_name, v.ended_at, v.ended_how,
               c.oid AS relation, c.relispopulated AS is_populated, c.relacl,
               CASE WHEN c.oid IS NOT NULL THEN pg_catalog.pg_get_userbyid(c.relowner)::text
                    ELSE (SELECT d.owner_name FROM mvmanager.version d WHERE d.view_id = v.id
                           ORDER BY d.number DESC LIMIT 1) END AS owner_name,
               CASE WHEN c.oid IS NOT NULL THEN pg_catalog.pg_has_role(c.relowner, 'USAGE')
                    ELSE coalesce((SELECT pg_catalog.pg_has_role(r.oid, 'USAGE')
                                     FROM mvmanager.version d
                                     LEFT JOIN pg_catalog.pg_roles r ON r.rolname = d.owner_name::name
                                    WHERE d.view_id = v.id
                                    ORDER BY d.number DESC LIMIT 1),
                                  (SELECT u.rolsuper FROM pg_catalog.pg_roles u WHERE u.rolname = current_user)) END AS is_owner
          FROM mvmanager.view v
          LEFT JOIN (pg_catalog.pg_namespace n JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relkind = 'm')
            ON n.nspname = v.schema_name::name AND c.relname = v.view_name::name AND v.ended_at IS NULL) m
 WHERE m.is_owner
    OR (SELECT pg_catalog.pg_has_role('pg_read_all_stats', 'USAGE'))
    OR pg_catalog.has_table_privilege(m.relation, 'SELECT')
    OR pg_catalog.has_any_column_privilege(m.relation, 'SELECT')
    OR EXISTS (SELECT FROM pg_catalog.aclexplode(m.relacl) a
                WHERE a.grantee = 0 OR pg_catalog.pg_has_role(a.grantee, 'USAGE'));
COMMENT ON VIEW mvmanager.visible IS
'The managed views, ended ones too, that the current user may see: by any privilege on the materialized view, by membership in the role that owns it (that last owned it, where it is gone or no longer managed), or by membership in pg_read_all_stats. What the other views are built on.';
COMMENT ON COLUMN mvmanager.visible.id IS 'Identity of the managed view.';
COMMENT ON COLUMN mvmanager.visible.schema_name IS 'Schema of the view.';
COMMENT ON COLUMN mvmanager.visible.view_name IS 'Name of the view.';
COMMENT ON COLUMN mvmanager.visible.ended_at IS 'When the view was dropped or released; NULL while it is managed.';
COMMENT ON COLUMN mvmanager.visible.ended_how IS 'dropped or released.';
COMMENT ON COLUMN mvmanager.visible.relation IS 'OID of the materialized view; NULL where it is no longer managed, or is gone.';
COMMENT ON COLUMN mvmanager.visible.is_populated IS 'Whether the materialized view can be queried.';
COMMENT ON COLUMN mvmanager.visible.owner_name IS 'Owner of the materialized view; where it is gone or no longer managed, the last one recorded.';
COMMENT ON COLUMN mvmanager.visible.is_owner IS 'Whether the current user is a member of the owner.';

CREATE VIEW mvmanager.status WITH (security_barrier) AS
SELECT m.schema_name AS schema,
       m.view_name AS view,
       v.live_version,
       m.is_populated AS populated,
       v.last_refresh_at,
       CASE WHEN v.last_refresh_at IS NOT NULL
            THEN greatest(extract(epoch FROM now() - v.last_refresh_at), 0)::bigint END AS age_seconds,
       extract(epoch FROM d.due_again - d.due_at)::bigint AS expected_interval_seconds,
       CASE WHEN s.suspended = 'invalid' THEN true
            ELSE d.due_at + coalesce(s.jitter, '0') + greatest(2 * (done.finished_at - done.started_at), '1 minute') < now()
       END AS is_late,
       done.strategy_used AS last_strategy,
       round(extract(epoch FROM done.finished_at - done.started_at) * 1000)::bigint AS last_duration_ms,
       done.rows_total AS last_rows,
       newest.state AS last_state,
       CASE WHEN m.is_owner AND newest.state <> 'succeeded' THEN concat_ws(': ', newest.sqlstate, newest.message) END AS last_error,
       v.refreshes_total,
       v.failures_total,
       v.skipped_total,
       busy.pid AS running_pid,
       mvmanager.relation_bytes(m.relation::regclass) AS size_bytes,
       kept.versions::integer AS versions_kept,
       CASE WHEN here.is_armed AND here.is_served AND NOT here.is_paused AND here.launcher_pid IS NOT NULL
             AND NOT s.paused AND s.suspended IS NULL
            THEN s.next_due END AS next_run_at,
       here.is_armed
  FROM mvmanager.visible m
  JOIN mvmanager.view v ON v.id = m.id
  LEFT JOIN mvmanager.schedule s ON s.view_id = m.id
  LEFT JOIN LATERAL mvmanager.due_times(s.schedule, s.time_zone, greatest(v.last_refresh_at, s.changed_at)) d ON true
  LEFT JOIN LATERAL (SELECT r.strategy_used, r.started_at, r.finished_at, r.rows_total
                       FROM mvmanager.run r
                      WHERE r.view_id = m.id AND r.state = 'succeeded'
                      ORDER BY r.id DESC LIMIT 1) done ON true
  LEFT JOIN LATERAL (SELECT r.state, r.sqlstate, r.message
                       FROM mvmanager.run r
                      WHERE r.view_id = m.id AND r.state NOT IN ('queued', 'running')
                      ORDER BY r.id DESC LIMIT 1) newest ON true
  LEFT JOIN LATERAL (SELECT count(*) AS versions
                       FROM mvmanager.version_state t
                      WHERE t.view_id = m.id AND t.state IN ('ready', 'live', 'archived')) kept ON true
  LEFT JOIN (SELECT (l.classid::bigint << 32) + l.objid::bigint AS view_id, min(l.pid) AS pid
               FROM pg_catalog.pg_locks l
              WHERE l.locktype = 'advisory' AND l.objsubid = 27905 AND l.granted
                AND l.database = (SELECT b.oid FROM pg_catalog.pg_database b WHERE b.datname = current_database())
              GROUP BY 1) busy ON busy.view_id = m.id
 CROSS JOIN mvmanager.scheduler here
 WHERE m.ended_at IS NULL
 ORDER BY m.schema_name, m.view_name;
COMMENT ON VIEW mvmanager.status IS
'One row per managed view, for people and for every exporter: how fresh it is, how its last run went, what it costs and when it is due. Never waits for a lock, and works on a standby.';
COMMENT ON COLUMN mvmanager.status.schema IS 'Schema of the view.';
COMMENT ON COLUMN mvmanager.status.view IS 'Name of the view.';
COMMENT ON COLUMN mvmanager.status.live_version IS 'Number of the version whose definition it shows.';
COMMENT ON COLUMN mvmanager.status.populated IS 'Whether it can be queried. NULL where the materialized view was dropped behind mvmanager''s back.';
COMMENT ON COLUMN mvmanager.status.last_refresh_at IS 'Its rows are those of this moment: when the last committed refresh began. NULL before the first.';
COMMENT ON COLUMN mvmanager.status.age_seconds IS 'Seconds since then.';
COMMENT ON COLUMN mvmanager.status.expected_interval_seconds IS 'Seconds between the two times at which its schedule is due after the last refresh. NULL without a schedule that follows the clock.';
COMMENT ON COLUMN mvmanager.status.is_late IS 'True where a refresh was due and none that began since has succeeded, a minute (or twice the last duration, if that is longer) after the due time; also where it is paused, suspended or not armed. NULL without a schedule that follows the clock.';
COMMENT ON COLUMN mvmanager.status.last_strategy IS 'Strategy of the last refresh that succeeded.';
COMMENT ON COLUMN mvmanager.status.last_duration_ms IS 'Milliseconds it took, waiting for locks included.';
COMMENT ON COLUMN mvmanager.status.last_rows IS 'Rows of the view after it; NULL where the strategy cannot know.';
COMMENT ON COLUMN mvmanager.status.last_state IS 'State of the newest finished run: succeeded, failed, skipped, cancelled, crashed or lost.';
COMMENT ON COLUMN mvmanager.status.last_error IS 'SQLSTATE and message of that run where it did not succeed. Shown to members of the owner.';
COMMENT ON COLUMN mvmanager.status.refreshes_total IS 'Refreshes that succeeded since the view is managed.';
COMMENT ON COLUMN mvmanager.status.failures_total IS 'Refreshes by the worker that failed or crashed since then, and views that failed in a committed mv_refresh_all.';
COMMENT ON COLUMN mvmanager.status.skipped_total IS 'Runs that were due but skipped since then, and views that mv_refresh_all skipped because one they read failed.';
COMMENT ON COLUMN mvmanager.status.running_pid IS 'Process that refreshes or replaces it now, a worker or a session; NULL where none does on this server.';
COMMENT ON COLUMN mvmanager.status.size_bytes IS 'Bytes of the view with its indexes and TOAST table. NULL while it is locked exclusively.';
COMMENT ON COLUMN mvmanager.status.versions_kept IS 'Versions whose rows exist: the live one, archived ones, and one that is ready to be promoted.';
COMMENT ON COLUMN mvmanager.status.next_run_at IS 'When the schedule starts it next. NULL where nothing will: no schedule, paused, suspended, not armed, no launcher running, a standby.';
COMMENT ON COLUMN mvmanager.status.is_armed IS 'Whether this database runs its schedules. False in a restored dump and in a copy of the database until mv_resume().';

CREATE VIEW mvmanager.versions WITH (security_barrier) AS
SELECT m.schema_name AS schema,
       m.view_name AS view,
       d.number AS version,
       t.state,
       d.number = v.live_version AND m.ended_at IS NULL AS is_live,
       d.origin,
       j.labels,
       d.owner_name AS owner,
       d.author,
       d.created_at,
       t.built_at,
       t.rows,
       t.bytes,
       t.relation_schema || '.' || t.relation_name AS data_in,
       CASE WHEN m.is_owner THEN t.error END AS error,
       d.comment,
       d.columns,
       CASE WHEN m.is_owner THEN d.indexes END AS indexes,
       d.options,
       CASE WHEN m.is_owner THEN d.definition END AS definition,
       CASE WHEN m.is_owner THEN d.canonical END AS canonical,
       d.chain_hash,
       m.ended_at,
       m.id AS view_id
  FROM mvmanager.visible m
  JOIN mvmanager.view v ON v.id = m.id
  JOIN mvmanager.version d ON d.view_id = m.id
  LEFT JOIN mvmanager.version_state t ON t.view_id = d.view_id AND t.number = d.number
  LEFT JOIN LATERAL (SELECT array_agg(c.label ORDER BY c.id) AS labels
                       FROM mvmanager.change c
                      WHERE c.view_id = d.view_id AND c.to_version = d.number AND c.label IS NOT NULL) j ON true
 ORDER BY m.schema_name, m.view_name, m.id, d.number;
COMMENT ON VIEW mvmanager.versions IS
'Every definition every managed view ever had, those of dropped and released views too. Definitions are shown to members of the owner.';
COMMENT ON COLUMN mvmanager.versions.schema IS 'Schema of the view.';
COMMENT ON COLUMN mvmanager.versions.view IS 'Name of the view.';
COMMENT ON COLUMN mvmanager.versions.version IS 'Number of the version, counted from 1 for each view.';
COMMENT ON COLUMN mvmanager.versions.state IS 'queued, building, ready, live, archived, pruned, skipped, failed or cancelled.';
COMMENT ON COLUMN mvmanager.versions.is_live IS 'Whether the view shows this version now.';
COMMENT ON COLUMN mvmanager.versions.origin IS 'How it came: created, adopted, replaced, altered, or external (changed without mvmanager).';
COMMENT ON COLUMN mvmanager.versions.labels IS 'Labels of the calls that led to it, oldest first.';
COMMENT ON COLUMN mvmanager.versions.owner IS 'Owner of the view when the version was registered.';
COMMENT ON COLUMN mvmanager.versions.author IS 'Session user who registered it.';
COMMENT ON COLUMN mvmanager.versions.created_at IS 'When it was registered.';
COMMENT ON COLUMN mvmanager.versions.built_at IS 'When its rows were first there.';
COMMENT ON COLUMN mvmanager.versions.rows IS 'Rows it had then.';
COMMENT ON COLUMN mvmanager.versions.bytes IS 'Bytes it had then.';
COMMENT ON COLUMN mvmanager.versions.data_in IS 'Relation that holds the rows of a staged or archived version.';
COMMENT ON COLUMN mvmanager.versions.error IS 'Why its build failed. Shown to members of the owner.';
COMMENT ON COLUMN mvmanager.versions.comment IS 'Comment on the view that came with it.';
COMMENT ON COLUMN mvmanager.versions.columns IS 'Its columns, as an array of {"name", "type", "collation"}.';
COMMENT ON COLUMN mvmanager.versions.indexes IS 'Its indexes, as an array of {"name", "written", "canonical"}. Shown to members of the owner.';
COMMENT ON COLUMN mvmanager.versions.options IS 'Its storage options, tablespace and access method, where they are not the default.';
COMMENT ON COLUMN mvmanager.versions.definition IS 'The query as its author wrote it. Shown to members of the owner.';
COMMENT ON COLUMN mvmanager.versions.canonical IS 'The query with every name qualified. Shown to members of the owner.';
COMMENT ON COLUMN mvmanager.versions.chain_hash IS 'SHA-256 over this version and the chain hash of the one before: keep the newest elsewhere to notice any edit of the history.';
COMMENT ON COLUMN mvmanager.versions.ended_at IS 'When the view was dropped or released; NULL while it is managed.';
COMMENT ON COLUMN mvmanager.versions.view_id IS 'Identity of the view; the same name created again is another one.';

CREATE VIEW mvmanager.runs WITH (security_barrier) AS
SELECT r.id AS run_id,
       m.schema_name AS schema,
       m.view_name AS view,
       r.version,
       r.kind,
       r.reason,
       r.state,
       coalesce(r.strategy_used, r.strategy) AS strategy,
       r.scheduled_for,
       r.started_at,
       r.finished_at,
       r.finished_at - r.started_at AS duration,
       r.blocked,
       r.rows_inserted,
       r.rows_updated,
       r.rows_deleted,
       r.rows_total,
       r.wal_bytes,
       r.strategy_reason,
       r.sqlstate,
       CASE WHEN m.is_owner THEN r.message END AS message,
       r.strategy AS strategy_asked,
       CASE WHEN m.is_owner THEN r.predicate END AS predicate,
       r.attempt,
       r.requested_by,
       r.queued_at,
       r.pid,
       m.id AS view_id
  FROM mvmanager.run r
  JOIN mvmanager.visible m ON m.id = r.view_id
 ORDER BY r.id DESC;
COMMENT ON VIEW mvmanager.runs IS
'Every execution of a refresh or a build, newest first: queued, running and finished, those of dropped and released views too. Finished ones are kept for mvmanager.keep_runs days. A manual call that failed is not here: its caller has the error.';
COMMENT ON COLUMN mvmanager.runs.run_id IS 'What mv_refresh_async returned, and mv_wait and mv_cancel_run take.';
COMMENT ON COLUMN mvmanager.runs.schema IS 'Schema of the view.';
COMMENT ON COLUMN mvmanager.runs.view IS 'Name of the view.';
COMMENT ON COLUMN mvmanager.runs.version IS 'Version of the view that was refreshed or built.';
COMMENT ON COLUMN mvmanager.runs.kind IS 'refresh or build.';
COMMENT ON COLUMN mvmanager.runs.reason IS 'Why it ran: manual, schedule, async, retry or external.';
COMMENT ON COLUMN mvmanager.runs.state IS 'queued, running, succeeded, failed, skipped, cancelled, crashed (its process or the server died) or lost (it ran on a server that is no longer this one).';
COMMENT ON COLUMN mvmanager.runs.strategy IS 'Strategy that was taken; while none is chosen yet, the one asked for.';
COMMENT ON COLUMN mvmanager.runs.scheduled_for IS 'Due time that a scheduled run answers.';
COMMENT ON COLUMN mvmanager.runs.started_at IS 'When the work began.';
COMMENT ON COLUMN mvmanager.runs.finished_at IS 'When it ended.';
COMMENT ON COLUMN mvmanager.runs.duration IS 'How long it took, waiting for locks included.';
COMMENT ON COLUMN mvmanager.runs.blocked IS 'How much of that it waited for locks.';
COMMENT ON COLUMN mvmanager.runs.rows_inserted IS 'Rows inserted; NULL where the strategy cannot know.';
COMMENT ON COLUMN mvmanager.runs.rows_updated IS 'Rows updated; NULL where the strategy cannot know.';
COMMENT ON COLUMN mvmanager.runs.rows_deleted IS 'Rows deleted; NULL where the strategy cannot know.';
COMMENT ON COLUMN mvmanager.runs.rows_total IS 'Rows of the view afterwards; NULL where the strategy cannot know.';
COMMENT ON COLUMN mvmanager.runs.wal_bytes IS 'Bytes of WAL written.';
COMMENT ON COLUMN mvmanager.runs.strategy_reason IS 'Why the strategy was taken, as a sentence.';
COMMENT ON COLUMN mvmanager.runs.sqlstate IS 'SQLSTATE of the error that ended it.';
COMMENT ON COLUMN mvmanager.runs.message IS 'Message of that error. Shown to members of the owner.';
COMMENT ON COLUMN mvmanager.runs.strategy_asked IS 'Strategy that was asked for.';
COMMENT ON COLUMN mvmanager.runs.predicate IS 'Predicate of a partial refresh. Shown to members of the owner.';
COMMENT ON COLUMN mvmanager.runs.attempt IS 'Which attempt it was, counted from 1.';
COMMENT ON COLUMN mvmanager.runs.requested_by IS 'Session user who asked for it, or who made the schedule.';
COMMENT ON COLUMN mvmanager.runs.queued_at IS 'When it was asked for.';
COMMENT ON COLUMN mvmanager.runs.pid IS 'Process that ran it.';
COMMENT ON COLUMN mvmanager.runs.view_id IS 'Identity of the view; the same name created again is another one.';

CREATE VIEW mvmanager.schedules WITH (security_barrier) AS
SELECT m.schema_name AS schema,
       m.view_name AS view,
       s.schedule,
       s.time_zone,
       CASE WHEN NOT here.is_armed THEN 'not armed'
            WHEN s.suspended IS NOT NULL THEN 'suspended'
            WHEN s.paused OR here.is_paused THEN 'paused'
            WHEN here.is_standby THEN 'standby'
            WHEN NOT here.is_served THEN 'off'
            WHEN here.launcher_pid IS NULL THEN 'no launcher'
            ELSE 'active' END AS state,
       CASE WHEN NOT here.is_armed THEN 'this database is a copy: SELECT mv_resume() arms it'
            WHEN s.suspended = 'failures' THEN concat(s.consecutive_failures, ' failures in a row')
            WHEN s.suspended = 'crashes' THEN concat(s.consecutive_crashes, ' crashes in a row')
            WHEN s.suspended IS NOT NULL THEN 'the schedule cannot be read here'
            WHEN s.paused THEN 'by mv_pause() of this view'
            WHEN here.is_paused THEN 'by mv_pause() of all views'
            WHEN here.is_standby THEN 'nothing is run on a standby; a promotion starts it'
            WHEN NOT here.is_served THEN 'mvmanager.scheduler is off, or mvmanager.databases leaves this database out'
            WHEN here.launcher_pid IS NULL THEN 'the next mv_schedule() or mv_resume() starts it; shared_preload_libraries keeps it' END AS why,
       s.next_due AS due_at,
       s.jitter,
       s.time_window,
       s.settings,
       s.consecutive_failures,
       s.consecutive_crashes,
       CASE WHEN m.is_owner THEN s.suspended_reason END AS suspended_reason,
       s.created_at,
       s.changed_at,
       m.id AS view_id
  FROM mvmanager.schedule s
  JOIN mvmanager.visible m ON m.id = s.view_id
 CROSS JOIN mvmanager.scheduler here
 ORDER BY m.schema_name, m.view_name;
COMMENT ON VIEW mvmanager.schedules IS 'When each managed view is due, and whether anything keeps it from being run.';
COMMENT ON COLUMN mvmanager.schedules.schema IS 'Schema of the view.';
COMMENT ON COLUMN mvmanager.schedules.view IS 'Name of the view.';
COMMENT ON COLUMN mvmanager.schedules.schedule IS 'The schedule as written.';
COMMENT ON COLUMN mvmanager.schedules.time_zone IS 'Time zone in which it is read.';
COMMENT ON COLUMN mvmanager.schedules.state IS 'active, or what keeps it from being run: not armed, suspended, paused, standby, off, no launcher.';
COMMENT ON COLUMN mvmanager.schedules.why IS 'The reason for a state other than active.';
COMMENT ON COLUMN mvmanager.schedules.due_at IS 'When the next run is due, whether or not anything keeps it from being run.';
COMMENT ON COLUMN mvmanager.schedules.jitter IS 'Up to this much later each run starts, always as much for this view.';
COMMENT ON COLUMN mvmanager.schedules.time_window IS 'Times of the week in which runs may start.';
COMMENT ON COLUMN mvmanager.schedules.settings IS 'Settings that its runs use.';
COMMENT ON COLUMN mvmanager.schedules.consecutive_failures IS 'Runs that failed since the last one that succeeded.';
COMMENT ON COLUMN mvmanager.schedules.consecutive_crashes IS 'Runs that crashed since the last one that did not.';
COMMENT ON COLUMN mvmanager.schedules.suspended_reason IS 'The last error of a suspended schedule. Shown to members of the owner.';
COMMENT ON COLUMN mvmanager.schedules.created_at IS 'When the view was first scheduled.';
COMMENT ON COLUMN mvmanager.schedules.changed_at IS 'When the schedule was last changed.';
COMMENT ON COLUMN mvmanager.schedules.view_id IS 'Identity of the view.';

GRANT SELECT ON mvmanager.status, mvmanager.versions, mvmanager.runs, mvmanager.schedules, mvmanager.scheduler TO PUBLIC;
