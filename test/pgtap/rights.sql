-- Who may do what with the objects of the extension.
BEGIN;
SELECT no_plan();
SET LOCAL client_min_messages = warning;

CREATE TEMP VIEW member AS
SELECT d.classid, d.objid
  FROM pg_depend d JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid
 WHERE e.extname = 'mvmanager' AND d.deptype = 'e';
CREATE TEMP VIEW member_function AS
SELECT p.*, p.pronamespace::regnamespace::text AS schema_name
  FROM pg_proc p JOIN member m ON m.classid = 'pg_proc'::regclass AND m.objid = p.oid;
CREATE TEMP VIEW member_relation AS
SELECT c.*, c.relnamespace::regnamespace::text AS schema_name
  FROM pg_class c JOIN member m ON m.classid = 'pg_class'::regclass AND m.objid = c.oid;

-- What the tests below look at is there at all.
SELECT cmp_ok((SELECT count(*) FROM member_function), '>=', 30::bigint, 'the extension has its functions');
SELECT cmp_ok((SELECT count(*) FROM member_relation WHERE relkind = 'r'), '>=', 7::bigint, 'the extension has its tables');

-- Functions.
SELECT is_empty('SELECT oid::regprocedure FROM member_function WHERE prosecdef', 'no function runs with its owner''s rights');
SELECT is_empty($$SELECT oid::regprocedure FROM member_function WHERE schema_name = 'mvmanager' AND proname LIKE 'mv\_%'$$,
                'no mv_* function is in the schema of the tables');
SELECT is_empty($$SELECT oid::regprocedure FROM member_function WHERE schema_name <> 'mvmanager' AND proname NOT LIKE 'mv\_%'$$,
                'only mv_* functions are in the schema chosen at CREATE EXTENSION');
SELECT is_empty($$SELECT oid::regprocedure FROM member_function p
                   WHERE schema_name <> 'mvmanager' AND NOT has_function_privilege('public', oid, 'EXECUTE')$$,
                'everybody may call the mv_* functions: what they do is checked against the view');
SELECT set_eq($$SELECT proname::text FROM member_function
                 WHERE schema_name = 'mvmanager' AND has_function_privilege('public', oid, 'EXECUTE')$$,
              ARRAY['due_times', 'relation_bytes', 'processes', 'launcher_pid', 'is_served', 'refreshes_running'],
              'of the others everybody may call what status views and monitoring need, and nothing else');
SELECT is_empty('SELECT oid::regprocedure FROM member_function WHERE proisstrict', 'no function is STRICT: NULL means keep or decide');
SELECT is_empty($$SELECT oid::regprocedure FROM member_function WHERE provolatile = 'v' AND proparallel = 's' AND schema_name <> 'mvmanager'$$,
                'no function that changes anything runs in a parallel worker');
SELECT is_empty($$SELECT oid::regprocedure FROM member_function WHERE proconfig IS NOT NULL$$, 'no function has settings of its own');
SELECT is_empty($$SELECT p.proname, a.name, k.catdesc
                    FROM member_function p CROSS JOIN LATERAL unnest(p.proargnames) AS a (name)
                    JOIN pg_get_keywords() k ON k.word = a.name
                   WHERE k.catcode IN ('R', 'T')$$, 'no argument or result column is a reserved word');
SELECT is_empty($$SELECT oid::regprocedure FROM member_function
                   WHERE pronargs > 0 AND (proargnames IS NULL OR '' = ANY (proargnames[1:pronargs]))$$,
                'every argument has a name');
SELECT is_empty($$SELECT c.relname, a.attname, k.catdesc
                    FROM member_relation c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
                    JOIN pg_get_keywords() k ON k.word = a.attname
                   WHERE k.catcode IN ('R', 'T')$$, 'no column is a reserved word');

-- Schemas, tables, sequences, views.
SELECT ok(has_schema_privilege('public', 'mvmanager', 'USAGE'), 'everybody may look into the schema mvmanager');
SELECT ok(NOT has_schema_privilege('public', 'mvmanager', 'CREATE'), 'nobody may create in it');
SELECT is_empty($$SELECT c.oid::regclass, a.grantee, a.privilege_type
                    FROM member_relation c CROSS JOIN LATERAL aclexplode(c.relacl) a
                   WHERE c.relkind IN ('r', 'S') AND a.grantee <> c.relowner
                     AND NOT (c.relkind = 'S' AND a.grantee = 0 AND a.privilege_type = 'SELECT')$$,
                'nobody has any privilege on a table or sequence but to read where a sequence stands, as pg_dump does');
SELECT is_empty($$SELECT c.oid::regclass, a.attname FROM member_relation c JOIN pg_attribute a ON a.attrelid = c.oid
                   WHERE a.attacl IS NOT NULL$$, 'nor on a column');
SELECT set_eq($$SELECT c.relname::text, a.grantee = 0, a.privilege_type
                  FROM member_relation c CROSS JOIN LATERAL aclexplode(c.relacl) a
                 WHERE c.relkind = 'v' AND a.grantee <> c.relowner$$,
              $$VALUES ('status', true, 'SELECT'), ('versions', true, 'SELECT'), ('runs', true, 'SELECT'),
                       ('schedules', true, 'SELECT'), ('scheduler', true, 'SELECT'), ('progress', true, 'SELECT')$$,
              'everybody may read the views that show rows by their rights, and do nothing else');
SELECT is_empty($$SELECT oid::regclass FROM member_relation WHERE relkind = 'v'
                   AND NOT coalesce('security_barrier=true' = ANY (reloptions), false)$$, 'every view is a security barrier');
SELECT is_empty($$SELECT oid::regclass FROM member_relation
                   WHERE relkind = 'v' AND 'security_invoker=true' = ANY (reloptions)$$, 'no view reads tables as its reader');
SELECT is_empty($$SELECT c.oid::regclass FROM member_relation c JOIN pg_extension e ON e.extname = 'mvmanager'
                   WHERE c.relowner <> e.extowner$$, 'the extension''s owner owns every table and view');

-- A plain role, however it tries.
CREATE ROLE mvmanager_test_nobody;
CREATE FUNCTION pg_temp.attempt(statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('role', 'mvmanager_test_nobody', true);
    EXECUTE statement;
    PERFORM set_config('role', 'none', true);
    RETURN 'done';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE;
END $$;
SELECT unnest(ARRAY[
       is(pg_temp.attempt(format('SELECT FROM %s', oid::regclass)), '42501', format('a plain role cannot read %s', oid::regclass)),
       is(pg_temp.attempt(format('DELETE FROM %s', oid::regclass)), '42501', format('a plain role cannot delete from %s', oid::regclass)),
       is(pg_temp.attempt(format('TRUNCATE %s', oid::regclass)), '42501', format('a plain role cannot truncate %s', oid::regclass)),
       is(pg_temp.attempt(format('LOCK TABLE %s IN ACCESS SHARE MODE', oid::regclass)), '42501', format('a plain role cannot lock %s', oid::regclass))])
  FROM member_relation WHERE relkind = 'r' ORDER BY relname;
SELECT unnest(ARRAY[
       is(pg_temp.attempt(format('SELECT FROM %s', oid::regclass)), 'done', format('a plain role can read %s', oid::regclass)),
       isnt(pg_temp.attempt(format('DELETE FROM %s', oid::regclass)), 'done', format('a plain role cannot delete from %s', oid::regclass))])
  FROM member_relation WHERE relkind = 'v' AND relname <> 'visible' ORDER BY relname;
SELECT is(pg_temp.attempt('SELECT FROM mvmanager.visible'), '42501', 'a plain role cannot read what the views are built on');

-- Immutable means immutable.
SELECT results_eq($$SELECT c.relname::text COLLATE "default", count(*), bool_and(t.tgenabled = 'A') FROM pg_trigger t JOIN member_relation c ON c.oid = t.tgrelid
                     WHERE NOT t.tgisinternal GROUP BY 1 ORDER BY 1$$,
                  $$VALUES ('change', 2::bigint, true), ('version', 2::bigint, true)$$,
                  'definitions and journal are guarded by triggers that fire in every session');
INSERT INTO mvmanager.view (schema_name, view_name, created_at) VALUES ('s', 'v', now());
INSERT INTO mvmanager.version (view_id, number, definition, canonical, server_major, columns, indexes, options, data_hash,
                               metadata_hash, parents_hash, owner_name, author, created_at, origin, chain_hash)
SELECT id, 1, '', '', 15, '[]', '[]', '{}', '', '', '', '', '', now(), 'created', '' FROM mvmanager.view WHERE schema_name = 's';
INSERT INTO mvmanager.change (view_id, action, changed_by, changed_at)
SELECT id, 'created', '', now() FROM mvmanager.view WHERE schema_name = 's';
SELECT unnest(ARRAY[
       is(setting, set_config('session_replication_role', setting, true), format('as a session of role %s', setting)),
       throws_ok(format('UPDATE mvmanager.%I SET view_id = view_id', t), '55000', NULL, format('no row of %s is changed', t)),
       throws_ok(format('DELETE FROM mvmanager.%I', t), '55000', NULL, format('no row of %s is deleted', t)),
       throws_ok(format('TRUNCATE mvmanager.%I CASCADE', t), '55000', NULL, format('%s is not emptied', t))])
  FROM unnest(ARRAY['origin', 'replica', 'local']) AS setting, unnest(ARRAY['version', 'change']) AS t;
SET LOCAL session_replication_role = origin;

SELECT finish();
ROLLBACK;
