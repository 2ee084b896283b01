-- The shape of every object: names, arguments with their defaults, results, columns with their types, comments, what a
-- dump carries. What is listed here is promised to users; a change shows up as a failure.
BEGIN;
SELECT no_plan();
SET LOCAL search_path = public;
SET LOCAL intervalstyle = postgres;

CREATE TEMP VIEW member AS
SELECT d.classid, d.objid
  FROM pg_depend d JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid
 WHERE e.extname = 'mvmanager' AND d.deptype = 'e';

-- Functions: in the schema of CREATE EXTENSION without, in mvmanager with it.
CREATE TEMP TABLE expected_function (signature text COLLATE "C");
INSERT INTO expected_function VALUES
    ('mv_adopt(name text, label text DEFAULT NULL::text) -> mvmanager.mv_change'),
    ('mv_adopt_schema(schema text) -> SETOF mvmanager.mv_change'),
    ('mv_apply(name text, definition text, indexes text[] DEFAULT NULL::text[], '
     'label text DEFAULT NULL::text, build text DEFAULT ''auto''::text, promote text DEFAULT ''auto''::text, '
     'dependents text DEFAULT ''keep''::text, rename_columns jsonb DEFAULT NULL::jsonb, '
     'validate text DEFAULT NULL::text, comment text DEFAULT NULL::text, options jsonb DEFAULT NULL::jsonb, '
     'drop_indexes boolean DEFAULT false, with_data boolean DEFAULT true) -> mvmanager.mv_change'),
    ('mv_apply_all(specs jsonb, together boolean DEFAULT false) -> SETOF mvmanager.mv_change'),
    ('mv_cancel(name text, version integer) -> mvmanager.mv_change'),
    ('mv_cancel_run(run bigint) -> boolean'),
    ('mv_create(name text, definition text, indexes text[] DEFAULT ''{}''::text[], '
     'label text DEFAULT NULL::text, build text DEFAULT ''auto''::text, with_data boolean DEFAULT true, '
     'comment text DEFAULT NULL::text, options jsonb DEFAULT NULL::jsonb) -> mvmanager.mv_change'),
    ('mv_definition(name text, version integer DEFAULT NULL::integer, canonical boolean DEFAULT false) -> text'),
    ('mv_dependents(name text) -> TABLE(depth integer, kind text, object text, columns text[], blocks text)'),
    ('mv_diff(name text, from_version integer, to_version integer DEFAULT NULL::integer) -> TABLE(kind text, '
     'item text, before text, after text)'),
    ('mv_drop(name text, cascade boolean DEFAULT false) -> mvmanager.mv_change'),
    ('mv_export(name text DEFAULT NULL::text, format text DEFAULT ''sql''::text, '
     'from_version integer DEFAULT NULL::integer, to_version integer DEFAULT NULL::integer) -> text'),
    ('mv_graph(format text DEFAULT ''mermaid''::text) -> text'),
    ('mv_history(name text) -> TABLE(version integer, label text, hash text, state text, origin text, '
     'author text, created_at timestamp with time zone, promoted_at timestamp with time zone, rows bigint, '
     'bytes bigint, restorable boolean, has_data boolean)'),
    ('mv_lint(sql text) -> TABLE(line integer, rule text, severity text, object text, message text, hint text)'),
    ('mv_next_runs(schedule text, time_zone text DEFAULT NULL::text, count integer DEFAULT 5, '
     'since timestamp with time zone DEFAULT now()) -> SETOF timestamp with time zone'),
    ('mv_pause(name text DEFAULT NULL::text) -> SETOF mvmanager.mv_change'),
    ('mv_plan(name text, definition text DEFAULT NULL::text, indexes text[] DEFAULT NULL::text[], '
     'to_version integer DEFAULT NULL::integer) -> TABLE(step integer, action text, object text, sql text, '
     'lock_mode text, blocks_readers boolean, hazard text)'),
    ('mv_promote(name text, version integer DEFAULT NULL::integer, '
     'label text DEFAULT NULL::text) -> mvmanager.mv_change'),
    ('mv_prune(name text DEFAULT NULL::text, keep integer DEFAULT NULL::integer, '
     'older_than interval DEFAULT NULL::interval) -> SETOF mvmanager.mv_change'),
    ('mv_refresh(name text, strategy text DEFAULT ''auto''::text, predicate text DEFAULT NULL::text, '
     'wait boolean DEFAULT true) -> mvmanager.mv_refresh_result'),
    ('mv_refresh_all(schemas text[] DEFAULT NULL::text[]) -> SETOF mvmanager.mv_refresh_result'),
    ('mv_refresh_async(name text, strategy text DEFAULT ''auto''::text, '
     'predicate text DEFAULT NULL::text) -> bigint'),
    ('mv_release(name text DEFAULT NULL::text, '
     'archives text DEFAULT ''keep''::text) -> SETOF mvmanager.mv_change'),
    ('mv_replace(name text, definition text, indexes text[] DEFAULT NULL::text[], '
     'label text DEFAULT NULL::text, build text DEFAULT ''auto''::text, promote text DEFAULT ''auto''::text, '
     'dependents text DEFAULT ''keep''::text, rename_columns jsonb DEFAULT NULL::jsonb, '
     'validate text DEFAULT NULL::text, comment text DEFAULT NULL::text, options jsonb DEFAULT NULL::jsonb, '
     'drop_indexes boolean DEFAULT false) -> mvmanager.mv_change'),
    ('mv_report(since timestamp with time zone DEFAULT NULL::timestamp with time zone, '
     'until timestamp with time zone DEFAULT NULL::timestamp with time zone) -> text'),
    ('mv_resume(name text DEFAULT NULL::text) -> SETOF mvmanager.mv_change'),
    ('mv_rollback(name text, to_version integer DEFAULT NULL::integer, to_label text DEFAULT NULL::text, '
     'undo_label text DEFAULT NULL::text, data text DEFAULT ''archived''::text) -> mvmanager.mv_change'),
    ('mv_schedule(name text, schedule text, time_zone text DEFAULT NULL::text, '
     'jitter interval DEFAULT NULL::interval, time_window text DEFAULT NULL::text, '
     'settings jsonb DEFAULT NULL::jsonb) -> mvmanager.mv_schedule_result'),
    ('mv_schedule(names text[], schedule text, time_zone text DEFAULT NULL::text, '
     'jitter interval DEFAULT NULL::interval, time_window text DEFAULT NULL::text, '
     'settings jsonb DEFAULT NULL::jsonb) -> SETOF mvmanager.mv_schedule_result'),
    ('mv_unschedule(name text) -> mvmanager.mv_change'),
    ('mv_verify(name text DEFAULT NULL::text) -> TABLE(name text, check_name text, ok boolean, detail text)'),
    ('mv_wait(IN name text DEFAULT NULL::text, IN version integer DEFAULT NULL::integer, '
     'IN label text DEFAULT NULL::text, IN run bigint DEFAULT NULL::bigint, '
     'IN timeout interval DEFAULT ''00:30:00''::interval)'),
    ('mvmanager.before_drop() -> event_trigger'),
    ('mvmanager.due_times(schedule text, time_zone text, since timestamp with time zone, '
     'OUT due_at timestamp with time zone, OUT due_again timestamp with time zone) -> record'),
    ('mvmanager.follow_ddl() -> event_trigger'),
    ('mvmanager.guard_drop() -> event_trigger'),
    ('mvmanager.is_served() -> boolean'),
    ('mvmanager.launcher_pid() -> integer'),
    ('mvmanager.processes(OUT pid integer, OUT kind text, OUT database_oid oid, OUT run_id bigint, '
     'OUT since timestamp with time zone) -> SETOF record'),
    ('mvmanager.refreshes_running(OUT pid integer, OUT relation oid, OUT run_id bigint, OUT strategy text, '
     'OUT phase text, OUT started_at timestamp with time zone, OUT phase_started_at timestamp with time zone, '
     'OUT rows_read bigint, OUT rows_written bigint, OUT rows_estimated bigint, OUT indexes_done bigint, '
     'OUT indexes_total bigint, OUT blocks_done bigint, OUT blocks_total bigint, OUT tuples_done bigint, '
     'OUT tuples_total bigint, OUT polls_for integer) -> SETOF record'),
    ('mvmanager.refuse_change() -> trigger'),
    ('mvmanager.relation_bytes(relation regclass) -> bigint');

CREATE TEMP VIEW actual_function AS
SELECT CASE p.pronamespace WHEN 'mvmanager'::regnamespace THEN 'mvmanager.' ELSE '' END ||
       format('%s(%s)%s', p.proname, pg_get_function_arguments(p.oid), ' -> ' || nullif(pg_get_function_result(p.oid), '')) AS signature
  FROM pg_proc p JOIN member m ON m.classid = 'pg_proc'::regclass AND m.objid = p.oid;
SELECT ok(signature IN (SELECT a.signature FROM actual_function a), signature)
  FROM (SELECT signature FROM expected_function ORDER BY 1) e;
SELECT is_empty('SELECT signature FROM actual_function EXCEPT SELECT signature FROM expected_function', 'no other functions');
SELECT is_empty($$SELECT p.oid::regprocedure FROM pg_proc p JOIN member m ON m.classid = 'pg_proc'::regclass AND m.objid = p.oid
                   WHERE p.pronamespace NOT IN ('public'::regnamespace, 'mvmanager'::regnamespace)$$, 'functions are in two schemas');
SELECT is_empty($$SELECT p.oid::regprocedure FROM pg_proc p JOIN member m ON m.classid = 'pg_proc'::regclass AND m.objid = p.oid
                   WHERE p.prokind <> CASE p.proname WHEN 'mv_wait' THEN 'p' ELSE 'f' END$$, 'mv_wait alone is a procedure');

-- Tables (r), views (v) and composite types (c) of the schema mvmanager.
CREATE TEMP TABLE expected_relation (kind "char", name text COLLATE "C", columns text COLLATE "C");
INSERT INTO expected_relation VALUES
    ('c', 'mv_change',
     'name text, version integer, action text, state text, relation regclass, message text'),
    ('c', 'mv_refresh_result',
     'name text, version integer, strategy text, reason text, rows_inserted bigint, rows_updated bigint, '
     'rows_deleted bigint, rows_total bigint, duration interval, blocked interval, run_id bigint, '
     'wal_bytes bigint'),
    ('c', 'mv_schedule_result',
     'name text, schedule text, time_zone text, next_run_at timestamp with time zone, action text, '
     'is_armed boolean, message text'),
    ('r', 'change',
     'id bigint not null, view_id bigint not null, action text not null, label text, from_version integer, '
     'to_version integer, changed_by text not null, changed_at timestamp with time zone not null'),
    ('r', 'local',
     'only_row boolean not null, database_oid oid not null, armed_at timestamp with time zone not null, '
     'paused boolean not null'),
    ('r', 'run',
     'id bigint not null, view_id bigint not null, version integer, kind text not null, reason text not null, '
     'state text not null, strategy text not null, strategy_used text, strategy_reason text, predicate text, '
     'attempt integer not null, requested_by text not null, scheduled_for timestamp with time zone, '
     'queued_at timestamp with time zone, started_at timestamp with time zone, '
     'finished_at timestamp with time zone, pid integer, generation text, rows_inserted bigint, '
     'rows_updated bigint, rows_deleted bigint, rows_total bigint, blocked interval, wal_bytes bigint, '
     'sqlstate text, message text, staged_name text'),
    ('r', 'schedule',
     'view_id bigint not null, schedule text not null, time_zone text not null, jitter interval, '
     'time_window text, settings jsonb not null, anchor timestamp with time zone not null, '
     'next_due timestamp with time zone, paused boolean not null, suspended text, suspended_reason text, '
     'consecutive_failures integer not null, consecutive_crashes integer not null, '
     'created_at timestamp with time zone not null, changed_at timestamp with time zone not null'),
    ('r', 'version',
     'view_id bigint not null, number integer not null, definition text not null, canonical text not null, '
     'server_major integer not null, columns jsonb not null, indexes jsonb not null, options jsonb not null, '
     'comment text, data_hash bytea not null, metadata_hash bytea not null, parents_hash bytea not null, '
     'owner_name text not null, author text not null, created_at timestamp with time zone not null, '
     'origin text not null, chain_hash bytea not null'),
    ('r', 'version_state',
     'view_id bigint not null, number integer not null, state text not null, relation_schema text, '
     'relation_name text, built_at timestamp with time zone, rows bigint, bytes bigint, error text, '
     'fresh_at timestamp with time zone, promote text not null, dependents text not null, '
     'rename_columns jsonb not null, validate text, family bigint'),
    ('r', 'view',
     'id bigint not null, schema_name text not null, view_name text not null, live_version integer, '
     'settings jsonb not null, refreshes_total bigint not null, failures_total bigint not null, '
     'skipped_total bigint not null, last_refresh_at timestamp with time zone, '
     'created_at timestamp with time zone not null, ended_at timestamp with time zone, ended_how text'),
    ('v', 'progress',
     'schema text, view text, pid integer, run_id bigint, strategy text, phase text, percent numeric, '
     'rows_read bigint, rows_written bigint, rows_estimated bigint, indexes_done bigint, indexes_total bigint, '
     'index_blocks_done bigint, index_blocks_total bigint, index_rows_done bigint, index_rows_total bigint, '
     'blocked_by integer[], phase_started_at timestamp with time zone, started_at timestamp with time zone'),
    ('v', 'runs',
     'run_id bigint, schema text, view text, version integer, kind text, reason text, state text, '
     'strategy text, scheduled_for timestamp with time zone, started_at timestamp with time zone, '
     'finished_at timestamp with time zone, duration interval, blocked interval, rows_inserted bigint, '
     'rows_updated bigint, rows_deleted bigint, rows_total bigint, wal_bytes bigint, strategy_reason text, '
     'sqlstate text, message text, strategy_asked text, predicate text, attempt integer, requested_by text, '
     'queued_at timestamp with time zone, pid integer, view_id bigint'),
    ('v', 'scheduler',
     'database text, is_armed boolean, is_paused boolean, is_served boolean, launcher_pid integer, is_standby boolean'),
    ('v', 'schedules',
     'schema text, view text, schedule text, time_zone text, state text, why text, '
     'due_at timestamp with time zone, jitter interval, time_window text, settings jsonb, '
     'consecutive_failures integer, consecutive_crashes integer, suspended_reason text, '
     'created_at timestamp with time zone, changed_at timestamp with time zone, view_id bigint'),
    ('v', 'status',
     'schema text, view text, live_version integer, populated boolean, '
     'last_refresh_at timestamp with time zone, age_seconds bigint, expected_interval_seconds bigint, '
     'is_late boolean, last_strategy text, last_duration_ms bigint, last_rows bigint, last_state text, '
     'last_error text, refreshes_total bigint, failures_total bigint, skipped_total bigint, '
     'running_pid integer, size_bytes bigint, versions_kept integer, next_run_at timestamp with time zone, '
     'is_armed boolean'),
    ('v', 'versions',
     'schema text, view text, version integer, state text, is_live boolean, origin text, labels text[], '
     'owner text, author text, created_at timestamp with time zone, built_at timestamp with time zone, '
     'rows bigint, bytes bigint, data_in text, error text, comment text, columns jsonb, indexes jsonb, '
     'options jsonb, definition text, canonical text, chain_hash bytea, ended_at timestamp with time zone, '
     'view_id bigint'),
    ('v', 'visible',
     'id bigint, schema_name text, view_name text, ended_at timestamp with time zone, ended_how text, '
     'relation oid, is_populated boolean, owner_name text, is_owner boolean');

CREATE TEMP VIEW actual_relation AS
SELECT c.relkind AS kind, c.relname::text AS name,
       (SELECT string_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod) || CASE WHEN a.attnotnull THEN ' not null' ELSE '' END,
                          ', ' ORDER BY a.attnum)
          FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS columns
  FROM pg_class c
 WHERE c.relnamespace = 'mvmanager'::regnamespace AND c.relkind NOT IN ('i', 'S', 't');
SELECT is(columns_now, columns, format('columns of %s', name))
  FROM (SELECT e.*, a.columns AS columns_now FROM expected_relation e LEFT JOIN actual_relation a ON a.kind = e.kind AND a.name = e.name
         ORDER BY e.kind, e.name) t;
SELECT is_empty('SELECT name FROM actual_relation EXCEPT SELECT name FROM expected_relation', 'no other relations');
SELECT is_empty($$SELECT c.oid::regclass FROM pg_class c WHERE c.relnamespace = 'mvmanager'::regnamespace AND c.relkind IN ('r', 'v', 'S')
                   AND NOT EXISTS (SELECT FROM member m WHERE m.classid = 'pg_class'::regclass AND m.objid = c.oid)$$,
                'all of them belong to the extension');
SELECT hasnt_schema('mvmanager_data', 'the schema of staged and archived rows is not made before it is needed');

-- Comments: on whatever a person can meet in \d.
SELECT isnt(obj_description('mvmanager'::regnamespace, 'pg_namespace'), NULL, 'the schema is explained');
SELECT is_empty($$SELECT p.oid::regprocedure FROM pg_proc p JOIN member m ON m.classid = 'pg_proc'::regclass AND m.objid = p.oid
                   WHERE coalesce(length(obj_description(p.oid, 'pg_proc')), 0) < 40$$, 'every function is explained');
-- The comment of a function explains each of its input arguments, alone or in a list: "schema: ...", "jitter, settings: ...".
CREATE TEMP VIEW explained AS
SELECT p.oid::regprocedure AS function, a.name AS argument, p.prosrc, obj_description(p.oid, 'pg_proc') AS comment
  FROM pg_proc p JOIN member m ON m.classid = 'pg_proc'::regclass AND m.objid = p.oid
  LEFT JOIN LATERAL unnest(p.proargnames) WITH ORDINALITY AS a (name, place) ON a.place <= p.pronargs;
SELECT is_empty($$SELECT function, argument FROM explained
                   WHERE argument IS NOT NULL AND comment !~ format('(^|[ ,;])%s(, \w+)*: ', argument)
                   ORDER BY function::text$$,
                'every input argument is explained by its name');
SELECT cmp_ok(count(argument), '>', 80::bigint, 'and there are such arguments') FROM explained;
SELECT is_empty($$SELECT DISTINCT function FROM explained
                   WHERE function::text LIKE 'mv\_%' AND comment !~ 'Errors: .*[0-9A-Z]{5}|Errors: those of|raises 0A000'$$,
                'every mv_* function says which errors it raises');
SELECT is_empty($$SELECT DISTINCT function FROM explained
                   WHERE (prosrc = 'mvm_not_available') <> (comment ~ 'Not available in this release: raises 0A000')$$,
                'what is not in this release says so, and nothing else does');
SELECT is_empty($$SELECT c.oid::regclass FROM pg_class c WHERE c.relnamespace = 'mvmanager'::regnamespace AND c.relkind IN ('r', 'v')
                   AND obj_description(c.oid, 'pg_class') IS NULL$$, 'every table and view is explained');
SELECT is_empty($$SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
                   WHERE c.relnamespace = 'mvmanager'::regnamespace AND c.relkind = 'v' AND col_description(c.oid, a.attnum) IS NULL$$,
                'every column of a view is explained');
SELECT is_empty($$SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
                   WHERE c.relnamespace = 'mvmanager'::regnamespace AND c.relkind = 'r' AND col_description(c.oid, a.attnum) IS NULL$$,
                'every column of a table is explained');
SELECT is_empty($$SELECT t.oid::regtype FROM pg_type t JOIN member m ON m.classid = 'pg_type'::regclass AND m.objid = t.oid
                    JOIN pg_class c ON c.oid = t.typrelid AND c.relkind = 'c'
                   WHERE obj_description(t.oid, 'pg_type') IS NULL$$, 'every result type is explained');
SELECT is_empty($$SELECT t.tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
                   WHERE c.relnamespace = 'mvmanager'::regnamespace AND NOT t.tgisinternal AND obj_description(t.oid, 'pg_trigger') IS NULL$$,
                'every trigger is explained');
SELECT is_empty($$SELECT t.evtname FROM pg_event_trigger t JOIN member m ON m.classid = 'pg_event_trigger'::regclass AND m.objid = t.oid
                   WHERE obj_description(t.oid, 'pg_event_trigger') IS NULL$$, 'every event trigger is explained');

-- What pg_dump carries: every table but the one that names this database, and the numbers.
SELECT set_eq($$SELECT c.oid::regclass::text FROM pg_extension e CROSS JOIN LATERAL unnest(e.extconfig) AS x (relation)
                  JOIN pg_class c ON c.oid = x.relation WHERE e.extname = 'mvmanager'$$,
              $$SELECT c.oid::regclass::text FROM pg_class c
                 WHERE c.relnamespace = 'mvmanager'::regnamespace AND c.relkind IN ('r', 'S') AND c.relname <> 'local'$$,
              'a dump carries every table and sequence but mvmanager.local');
SELECT is_empty($$SELECT 1 FROM pg_extension e CROSS JOIN LATERAL unnest(e.extcondition) AS x (condition)
                   WHERE e.extname = 'mvmanager' AND x.condition <> ''$$, 'with all their rows');
-- pg_restore --jobs loads these tables in any order.
SELECT is_empty($$SELECT conrelid::regclass, conname FROM pg_constraint WHERE contype = 'f' AND connamespace = 'mvmanager'::regnamespace$$,
                'and no foreign key dictates an order');

SELECT finish();
ROLLBACK;
