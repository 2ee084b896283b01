-- mv_plan: what a change would do, and that looking does nothing.
CREATE SCHEMA pl;
SET search_path = pl, public;
CREATE TABLE t (id int, note text, n int);
INSERT INTO t SELECT i, 'n' || i, i FROM generate_series(1, 5) i;
CREATE TABLE other (id int);

-- Names of relations beside a view end in its id; from 16 on the server prints columns of a single table without its name.
CREATE FUNCTION plan(name text, definition text DEFAULT NULL, indexes text[] DEFAULT NULL, to_version int DEFAULT NULL)
RETURNS TABLE (step int, action text, object text, lock_mode text, blocks boolean, sql text, hazard text) LANGUAGE sql AS $$
    SELECT step, action, regexp_replace(object, '(__v\d+)_\d+', '\1_ID'), lock_mode, blocks_readers,
           regexp_replace(regexp_replace(regexp_replace(sql, '(__v\d+)_\d+', '\1_ID'), '\s+', ' ', 'g'), '\mt\.', '', 'g'), hazard
      FROM mv_plan($1, $2, $3, $4)
$$;
\pset null -

-- Everything that a plan could leave.
CREATE FUNCTION traces() RETURNS text LANGUAGE sql AS $$
    SELECT concat_ws(' ', (SELECT count(*) FROM mvmanager.version), (SELECT count(*) FROM mvmanager.version_state),
                     (SELECT md5(string_agg(s::text, '|' ORDER BY s::text)) FROM mvmanager.version_state s),
                     (SELECT count(*) FROM mvmanager.change), (SELECT count(*) FROM mvmanager.run),
                     (SELECT count(*) FROM pg_class), (SELECT count(*) FROM pg_attribute), (SELECT count(*) FROM pg_depend),
                     (SELECT md5(string_agg(concat(oid, relname, relfilenode), '|' ORDER BY oid)) FROM pg_class WHERE relnamespace = 'pl'::regnamespace))
$$;

-- A view that is not there yet.
SELECT * FROM plan('v', 'SELECT id, note FROM t',
    ARRAY['CREATE UNIQUE INDEX ON v (id)', 'CREATE INDEX by_note ON v (note text_pattern_ops) TABLESPACE pg_default WHERE id > 0']);
SELECT to_regclass('pl.v') AS made;
SELECT * FROM mv_plan('v');
SELECT * FROM mv_plan('v', 'SELECT nothing FROM t');
SELECT * FROM mv_plan('v', 'SELECT id FROM t', ARRAY['CREATE INDEX ON other (id)']);
SELECT * FROM mv_plan('v', 'SELECT id FROM t', ARRAY['CREATE INDEX other ON v (id)']);
SELECT * FROM mv_plan('t', 'SELECT id FROM t');
SELECT * FROM mv_plan('mvmanager.v', 'SELECT id FROM t');
SELECT action, message FROM mv_apply('v', 'SELECT id, note FROM t', ARRAY['CREATE UNIQUE INDEX ON v (id)'], build => 'now');
SELECT * FROM mv_plan('v');
SELECT * FROM mv_plan('v', 'SELECT id FROM t', to_version => 1);
SELECT * FROM mv_plan('v', '');
SELECT * FROM mv_plan(NULL);

SELECT traces() AS before \gset

-- Nothing; indexes; a list that leaves one out.
SELECT * FROM plan('v', 'select id, note from t');
SELECT * FROM plan('v', indexes => ARRAY['CREATE UNIQUE INDEX ON v (id)', 'CREATE INDEX by_note ON v (note) INCLUDE (id)']);
SELECT * FROM plan('v', 'SELECT id, note FROM t', '{}');

-- The same columns, one more, another type, one less.
SELECT * FROM plan('v', 'SELECT id, upper(note) AS note FROM t', ARRAY['CREATE UNIQUE INDEX ON v (id)', 'CREATE INDEX by_note ON v (note)']);
SELECT * FROM plan('v', 'SELECT *, 1 AS extra FROM t JOIN other USING (id)');
SELECT * FROM mv_plan('v', 'SELECT id FROM v');

-- Locks that looking takes are given back, and nothing is left.
BEGIN;
SELECT count(*) FROM mv_plan('v', 'SELECT id, note, n FROM t', ARRAY['CREATE INDEX ON v (n)']);
SELECT relation::regclass, mode FROM pg_locks WHERE pid = pg_backend_pid() AND relation IN ('t'::regclass, 'v'::regclass);
SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid() AND mode = 'AccessExclusiveLock';
COMMIT;
SELECT :'before' = traces() AS nothing_changed;

-- Who uses columns that change.
CREATE ROLE regress_plan;
GRANT USAGE, CREATE ON SCHEMA pl TO regress_plan;
GRANT SELECT ON v TO regress_plan;
CREATE VIEW uses_id AS SELECT id FROM v;
CREATE VIEW uses_note AS SELECT note FROM v;
CREATE VIEW uses_row AS SELECT v AS whole FROM v;
CREATE VIEW counts AS SELECT count(*) AS rows FROM v;
CREATE MATERIALIZED VIEW sums AS SELECT sum(id) AS total FROM v;
CREATE VIEW of_sums AS SELECT total FROM sums;
CREATE FUNCTION newest() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT max(id) FROM v; END;
SET ROLE regress_plan;
CREATE VIEW theirs AS SELECT id FROM v;
RESET ROLE;
SELECT depth, kind, object, columns, blocks FROM mv_dependents('v');
SELECT traces() AS before \gset
SELECT * FROM plan('v', 'SELECT id::bigint AS id, note FROM t', '{}');
SELECT action, object, hazard FROM plan('v', 'SELECT id FROM t');
-- An append is in nobody's way.
SELECT action, object, hazard FROM plan('v', 'SELECT id, note, n FROM t') WHERE action IN ('refuse', 'recreate', 'blocked', 'lock', 'add column');
CREATE TABLE stores (of_v v);
SELECT action, object, hazard FROM plan('v', 'SELECT id, note::varchar AS note FROM t') WHERE action IN ('refuse', 'recreate', 'blocked');
DROP TABLE stores;
SELECT :'before' = traces() AS nothing_changed;

-- What was planned is what happens.
SELECT mv_apply('v', 'SELECT id::bigint AS id, note FROM t', build => 'now');
DROP VIEW theirs, uses_row;
SELECT action, object FROM plan('v', 'SELECT id::bigint AS id, note FROM t') WHERE action IN ('refuse', 'recreate');
SELECT version, action, state FROM mv_apply('v', 'SELECT id::bigint AS id, note FROM t', dependents => 'recreate', build => 'now');
SELECT pg_typeof(total) FROM of_sums;

-- Rollback: with the rows that are kept; what was recreated on the way is recreated on the way back.
SELECT * FROM plan('v');
SELECT action, object FROM plan('v', to_version => 1) EXCEPT SELECT action, object FROM plan('v');
SELECT * FROM plan('v', to_version => 2);
SELECT * FROM mv_plan('v', to_version => 3);
-- Without them.
SELECT version, action FROM mv_prune('v', keep => 0);
SELECT action, object, sql FROM plan('v');
-- Not any more; something in the way.
SELECT version, action FROM mv_apply('v', 'SELECT id::bigint AS id, note, n FROM t', build => 'now');
CREATE VIEW uses_n AS SELECT n FROM v;
SELECT action, object, hazard FROM plan('v') WHERE action IN ('refuse', 'blocked', 'change columns');
DROP VIEW uses_n;
SET mvmanager.keep_archived = 0;
SELECT action, object FROM plan('v') WHERE action = 'drop archive';
RESET mvmanager.keep_archived;

-- Indexes, options and comment only.
SELECT version, action FROM mv_apply('v', 'SELECT id::bigint AS id, note, n FROM t', ARRAY['CREATE INDEX by_n ON v (n)'],
    comment => 'it''s', options => '{"fillfactor": 50}', build => 'now', drop_indexes => true);
SELECT * FROM plan('v');

-- A version that waits is given up, or is it already.
SELECT version, action, state FROM mv_apply('v', 'SELECT id::bigint AS id, note, n + 1 AS n FROM t', promote => 'manual', build => 'now');
SELECT action, object, hazard FROM plan('v', 'SELECT id::bigint AS id, note, n FROM t');
SELECT action, object, hazard FROM plan('v', 'SELECT id::bigint AS id, note, n + 1 AS n FROM t') LIMIT 2;
SELECT action, object, hazard FROM plan('v');
SELECT action, object, hazard FROM plan('v', to_version => 5);
SELECT action FROM mv_cancel('v', 5);

-- A version that can no longer be built.
ALTER TABLE t RENAME COLUMN note TO remark;
SELECT action, object, hazard LIKE 'it can no longer be built: column %note% does not exist' AS is_told FROM plan('v', to_version => 1);
ALTER TABLE t RENAME COLUMN remark TO note;
-- Registered under another owner: only by its number.
ALTER MATERIALIZED VIEW v OWNER TO regress_plan;
SELECT action, object, hazard LIKE 'it was registered under another owner, %' AS is_told FROM plan('v');
\set VERBOSITY terse
SELECT action FROM mv_rollback('v');
\set VERBOSITY default
SELECT action, object FROM plan('v', to_version => 3);
ALTER MATERIALIZED VIEW v OWNER TO CURRENT_USER;

-- No rows, nothing to fill.
SELECT action FROM mv_create('e', 'SELECT id FROM t', with_data => false);
SELECT action, object FROM plan('e', 'SELECT id, n FROM t');

-- For the owner.
SET ROLE regress_plan;
SELECT * FROM mv_plan('v', 'SELECT 1 AS id');
SELECT * FROM mv_plan('public.new', 'SELECT 1 AS id');
RESET ROLE;

\pset null ''
SET client_min_messages = warning;
SELECT count(*) FROM mv_release(archives => 'drop') WHERE name LIKE 'pl.%';
DROP SCHEMA pl CASCADE;
DROP ROLE regress_plan;
