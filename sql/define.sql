-- Creating, reading and dropping managed views.
CREATE SCHEMA def;
SET search_path = def, public;
CREATE TABLE usages (user_id int, at timestamptz, note text COLLATE "C");
INSERT INTO usages SELECT i % 3, '2026-01-01'::timestamptz + i * interval '1 hour', 'n' || i FROM generate_series(1, 10) i;

SELECT * FROM mv_create('daily', 'SELECT user_id, count(*) AS n FROM usages GROUP BY user_id',
    indexes => ARRAY['CREATE UNIQUE INDEX ON daily (user_id)', 'CREATE INDEX daily_n ON def.daily (n DESC) WHERE n > 1'],
    label => 'rev1', comment => 'usage per user', options => '{"fillfactor": 70}', build => 'now');
SELECT * FROM daily ORDER BY user_id;
SELECT indexrelid::regclass, pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid = 'daily'::regclass ORDER BY 1;
SELECT relkind, relispopulated, reloptions, obj_description(oid, 'pg_class') FROM pg_class WHERE oid = 'daily'::regclass;

-- What was written, and what the server makes of it.
SELECT mv_definition('daily'), mv_definition('daily', canonical => true);
SELECT mv_definition('daily', 1) = 'SELECT user_id, count(*) AS n FROM usages GROUP BY user_id' AS as_written;
SELECT columns, indexes, options, comment, owner_name = current_user AS owner, author = session_user AS author, origin
FROM mvmanager.version WHERE view_id = (SELECT id FROM mvmanager.view WHERE schema_name = 'def' AND view_name = 'daily');

-- A run is recorded for the first fill.
SELECT r.kind, r.state, r.version FROM mvmanager.run r JOIN mvmanager.view v ON v.id = r.view_id WHERE v.schema_name = 'def';

-- Every form of a query.
SELECT action FROM mv_create('f_values', 'VALUES (1, ''a''), (2, ''b'')', build => 'now');
SELECT action FROM mv_create('f_table', 'TABLE usages;', build => 'now');
SELECT action FROM mv_create('f_with', E'WITH RECURSIVE t(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM t WHERE i < 5)\n-- five rows\nSELECT * FROM t', build => 'now');
SELECT action FROM mv_create('f_setop', '(SELECT 1 AS a UNION ALL SELECT 2) EXCEPT SELECT 2 ORDER BY a', build => 'now');
SELECT action FROM mv_create('f_none', 'SELECT FROM usages', build => 'now');
SELECT action FROM mv_create('f_alias', 'SELECT old.user_id FROM usages old, usages new WHERE old.at = new.at', build => 'now');
SELECT (SELECT count(*) FROM f_values) AS f_values, (SELECT count(*) FROM f_table) AS f_table, (SELECT count(*) FROM f_with) AS f_with,
       (SELECT count(*) FROM f_setop) AS f_setop, (SELECT count(*) FROM f_none) AS f_none, (SELECT count(*) FROM f_alias) AS f_alias;
SELECT mv_definition('f_table'), mv_definition('f_values', canonical => true);
-- The same text is the same definition, whatever its form.
SELECT v.view_name, (mv_apply('def.' || v.view_name, mv_definition('def.' || v.view_name))).action
FROM mvmanager.view v WHERE v.schema_name = 'def' ORDER BY v.view_name COLLATE "C";
-- And so is the canonical text, under any search_path.
SET search_path = public;
SELECT v.view_name, (mv_apply('def.' || v.view_name, mv_definition('def.' || v.view_name, canonical => true))).action
FROM mvmanager.view v WHERE v.schema_name = 'def' ORDER BY v.view_name COLLATE "C";
SET search_path = def, public;

-- Without rows.
SELECT action, state, message FROM mv_create('empty', 'SELECT 1 AS a', with_data => false);
SELECT relispopulated FROM pg_class WHERE oid = 'empty'::regclass;
SELECT count(*) FROM mvmanager.run r JOIN mvmanager.view v ON v.id = r.view_id WHERE v.view_name = 'empty';
SELECT action FROM mv_create('toasted', 'SELECT note, user_id FROM usages', options => '{"toast.autovacuum_enabled": false, "autovacuum_enabled": true}', build => 'now');
SELECT options FROM mvmanager.version x JOIN mvmanager.view v ON v.id = x.view_id WHERE v.view_name = 'toasted';
SELECT action FROM mv_apply('toasted', mv_definition('toasted'), options => '{"toast.autovacuum_enabled": false}');
SELECT action FROM mv_apply('empty', 'SELECT 1 AS a', options => '{"toast.autovacuum_enabled": false}');
SELECT action, message FROM mv_create('now_and_here', 'SELECT 1 AS a', build => 'now');

-- In the caller's transaction: GRANT and COMMENT at once, and nothing left after a rollback.
BEGIN;
SELECT action FROM mv_create('gone', 'SELECT 1 AS a', build => 'now');
GRANT SELECT ON gone TO PUBLIC;
ROLLBACK;
SELECT to_regclass('gone'), count(*) FROM mvmanager.view WHERE view_name = 'gone';

-- Dependents, and dropping with them or not at all.
CREATE VIEW on_daily AS SELECT n FROM daily;
CREATE FUNCTION takes_row(daily) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE TABLE has_column (id int, x daily);
SELECT action FROM mv_create('second', 'SELECT * FROM on_daily', build => 'now');
SELECT * FROM mv_dependents('daily');
SELECT mv_drop('daily');
SELECT to_regclass('daily') IS NOT NULL AS still_there;
SET client_min_messages = warning;
SELECT name, version, action, state, relation, message FROM mv_drop('daily', cascade => true);
RESET client_min_messages;
SELECT to_regclass('daily'), to_regclass('second'), to_regclass('on_daily');
SELECT attname FROM pg_attribute WHERE attrelid = 'has_column'::regclass AND attnum > 0 AND NOT attisdropped;
SELECT view_name, ended_how FROM mvmanager.view WHERE schema_name = 'def' AND ended_at IS NOT NULL ORDER BY id;

-- An index on whole rows belongs to the view, though it depends on the row type; a rule on a table is not the table.
SELECT action FROM mv_create('rows_of', 'SELECT user_id, note FROM usages', indexes => ARRAY['CREATE INDEX ON rows_of ((rows_of.*))'], build => 'now');
CREATE TABLE with_rule (id int);
CREATE VIEW on_table AS SELECT * FROM with_rule;
CREATE RULE looks AS ON INSERT TO with_rule DO ALSO SELECT * FROM rows_of;
SELECT depth, kind, object FROM mv_dependents('rows_of');
DROP RULE looks ON with_rule;
SELECT action, message FROM mv_drop('rows_of');

-- The same name again is another view, at version 1.
SELECT action, version FROM mv_create('daily', 'SELECT 1 AS one', build => 'now');
SELECT count(*) AS views, count(DISTINCT id) AS ids FROM mvmanager.view WHERE schema_name = 'def' AND view_name = 'daily';
SELECT version, label, state, origin, author = session_user AS author, restorable, has_data, rows, bytes > 0 AS bytes,
       length(hash) AS hash, created_at <= clock_timestamp() AND promoted_at >= created_at AS times FROM mv_history('daily');
SELECT rows, bytes, has_data FROM mv_history('empty');

-- A view that reads another one, and two dropped where no event trigger tells mvmanager.
SELECT action FROM mv_create('above', 'SELECT one + 1 AS two FROM daily', build => 'now');
SET session_replication_role = replica;
DROP MATERIALIZED VIEW f_none, f_with;
RESET session_replication_role;
SELECT mv_definition('f_none');
SELECT mv_drop('f_none');
SELECT check_name, ok, detail FROM mv_verify('f_none') WHERE check_name = 'relation';
SELECT name, action, relation, message FROM mv_release('f_none');
SELECT action, version FROM mv_create('f_with', 'SELECT 2 AS b', build => 'now');
SELECT ended_how FROM mvmanager.view WHERE schema_name = 'def' AND view_name = 'f_with' ORDER BY id;

-- A megabyte, byte for byte.
SELECT action FROM mv_create('big', 'SELECT ' || quote_literal(repeat('äb''c', 200000)) || '::text AS t /* ' || repeat('x', 100000) || ' */', build => 'now');
SELECT octet_length(mv_definition('big')) AS bytes,
       mv_definition('big') = 'SELECT ' || quote_literal(repeat('äb''c', 200000)) || '::text AS t /* ' || repeat('x', 100000) || ' */' AS same,
       (SELECT t = repeat('äb''c', 200000) FROM big) AS rows_same;
SELECT action FROM mv_apply('big', mv_definition('big'));

SELECT bool_and(ok) AS all_ok, count(*) FILTER (WHERE check_name = 'chain') AS chains FROM mv_verify() WHERE name LIKE 'def.%' OR name IS NULL;
SET client_min_messages = warning;
SET mvmanager.guard = off;
DROP SCHEMA def CASCADE;
SELECT count(*) AS left_over FROM mv_release() WHERE name LIKE 'def.%';
