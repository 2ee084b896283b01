-- mv_apply: create, alter in place, or nothing.
CREATE SCHEMA ap;
SET search_path = ap, public;
CREATE TABLE t (id int, note text, old int);
INSERT INTO t SELECT i, 'n' || i, i FROM generate_series(1, 5) i;

SELECT * FROM mv_apply('v', 'SELECT id, lower(note) AS note FROM t', indexes => ARRAY['CREATE UNIQUE INDEX ON v (id)'], label => 'one', build => 'now');
SELECT version, action, message FROM mv_apply('v', 'SELECT id, lower(note) AS note FROM t', indexes => ARRAY['CREATE UNIQUE INDEX ON v (id)'], label => 'one', build => 'now');
-- Written otherwise, the same: spaces, comments, qualification, and an index as the server prints it.
SELECT version, action FROM mv_apply('v', E'select t.id,\n  lower(t.note) note -- a comment\nfrom ap.t;');
SELECT version, action FROM mv_apply('v', 'SELECT id, lower(note) AS note FROM t', indexes => ARRAY['CREATE UNIQUE INDEX v_id_idx ON ap.v USING btree (id)']);
SELECT version, action FROM mv_apply('v', 'SELECT id, lower(note) AS note FROM t', indexes => '{}');
SELECT count(*) AS versions FROM mv_history('v');
SELECT action, label, from_version, to_version FROM mvmanager.change c JOIN mvmanager.view w ON w.id = c.view_id WHERE w.schema_name = 'ap' ORDER BY c.id;

-- A new label that changes nothing is written down, once.
SELECT action FROM mv_apply('v', 'SELECT id, lower(note) AS note FROM t', label => 'two');
SELECT action FROM mv_apply('v', 'SELECT id, lower(note) AS note FROM t', label => 'two');
SELECT action, label, from_version, to_version FROM mvmanager.change c JOIN mvmanager.view w ON w.id = c.view_id WHERE w.schema_name = 'ap' ORDER BY c.id;

-- Unchanged takes no lock on the view.
BEGIN;
SELECT action FROM mv_apply('v', 'SELECT id, lower(note) AS note FROM t', indexes => ARRAY['CREATE UNIQUE INDEX ON v (id)']);
SELECT mode FROM pg_locks WHERE relation = 'v'::regclass AND pid = pg_backend_pid();
ROLLBACK;

-- Indexes come, and go only when asked to.
SELECT version, action, message FROM mv_apply('v', 'SELECT id, lower(note) AS note FROM t',
    indexes => ARRAY['CREATE UNIQUE INDEX ON v (id)', 'CREATE INDEX IF NOT EXISTS v_note ON v (note text_pattern_ops) INCLUDE (id) WHERE id > 0']);
SELECT version, action, message FROM mv_apply('v', 'SELECT id, lower(note) AS note FROM t', indexes => ARRAY['CREATE UNIQUE INDEX ON v (id)']);
SELECT version, action, message FROM mv_apply('v', 'SELECT id, lower(note) AS note FROM t', indexes => ARRAY['CREATE UNIQUE INDEX ON v (id)'], drop_indexes => true);
SELECT indexrelid::regclass FROM pg_index WHERE indrelid = 'v'::regclass;
-- The same name for another index.
SELECT mv_apply('v', 'SELECT id, lower(note) AS note FROM t', indexes => ARRAY['CREATE INDEX v_id_idx ON v (id, note)']);
SELECT version, action, message FROM mv_apply('v', 'SELECT id, lower(note) AS note FROM t', indexes => ARRAY['CREATE INDEX v_id_idx ON v (id, note)'], drop_indexes => true);
SELECT version, action, message FROM mv_apply('v', 'SELECT id, lower(note) AS note FROM t', indexes => ARRAY['CREATE INDEX v_id_idx ON v (id, note)'], drop_indexes => true);

-- An index made by hand is left alone, until the list names it.
CREATE INDEX by_hand ON v (note);
SELECT version, action, message FROM mv_apply('v', 'SELECT id, lower(note) AS note FROM t', indexes => ARRAY['CREATE INDEX v_id_idx ON v (id, note)'], drop_indexes => true);
SELECT version, action, message FROM mv_apply('v', 'SELECT id, lower(note) AS note FROM t', indexes => ARRAY['CREATE INDEX v_id_idx ON v (id, note)', 'CREATE INDEX by_hand ON v (note)']);
SELECT version, action, message FROM mv_apply('v', 'SELECT id, lower(note) AS note FROM t', indexes => ARRAY['CREATE INDEX v_id_idx ON v (id, note)'], drop_indexes => true);

-- Options and comment.
SELECT version, action, message FROM mv_apply('v', 'SELECT id, lower(note) AS note FROM t', options => '{"fillfactor": 50, "autovacuum_enabled": "off"}', comment => 'first');
SELECT version, action, message FROM mv_apply('v', 'SELECT id, lower(note) AS note FROM t', options => '{"reloptions": {"fillfactor": 50}}', comment => 'first');
SELECT version, action, message FROM mv_apply('v', 'SELECT id, lower(note) AS note FROM t', options => '{"fillfactor": null}', comment => '');
SELECT reloptions, obj_description(oid, 'pg_class') FROM pg_class WHERE oid = 'v'::regclass;
SELECT version, action FROM mv_apply('v', 'SELECT id, lower(note) AS note FROM t', options => '{"tablespace": "pg_default", "access_method": "heap"}');
SELECT mv_apply('v', 'SELECT id, lower(note) AS note FROM t', options => '{"tablespace": "pg_global"}');
SELECT mv_apply('v', 'SELECT id, lower(note) AS note FROM t', options => '{"tablespace": "nowhere"}');

SELECT version, label, state, origin, restorable, has_data FROM mv_history('v');
SELECT check_name, ok FROM mv_verify('v');

-- A changed definition, a label that means something else, a view that would read itself.
SELECT mv_apply('v', 'SELECT id, upper(note) AS note FROM t');
SELECT mv_apply('v', 'SELECT id, lower(note) AS notes FROM t');
SELECT mv_apply('v', 'SELECT id, lower(note)::varchar AS note FROM t');
SELECT mv_apply('v', 'SELECT id, upper(note) AS note FROM t', label => 'one');
CREATE VIEW w AS SELECT id, note FROM v;
SELECT action FROM mv_create('x', 'SELECT * FROM w', build => 'now');
CREATE VIEW y AS SELECT * FROM x;
SELECT mv_apply('v', 'SELECT id, note FROM y');
SELECT mv_apply('v', 'SELECT id, note FROM v');

-- An adopted view whose index the author wrote shorter than the server prints it.
CREATE MATERIALIZED VIEW z AS SELECT id, note::varchar(20) AS note FROM t;
CREATE INDEX z_lower ON z (lower(note)) WHERE note <> '';
SELECT action FROM mv_adopt('z');
SELECT version, action FROM mv_apply('z', 'SELECT id, note::varchar(20) AS note FROM t', indexes => ARRAY['CREATE INDEX z_lower ON z (lower(note)) WHERE note <> '''''], drop_indexes => true);
SELECT version, action FROM mv_apply('z', 'SELECT id, note::varchar(20) AS note FROM t', indexes => ARRAY['CREATE INDEX ON z (lower(note)) WHERE note <> '''''], drop_indexes => true);

-- Also where the caller may not create temporary tables.
BEGIN;
CREATE ROLE regress_mv_no_temporary;
GRANT CREATE, USAGE ON SCHEMA ap TO regress_mv_no_temporary;
DO $$ BEGIN EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database()); END $$;
SET LOCAL ROLE regress_mv_no_temporary;
CREATE MATERIALIZED VIEW plain AS SELECT 1 AS id, 'x'::varchar(20) AS note;
CREATE INDEX plain_lower ON plain (lower(note)) WHERE note <> '';
SELECT action FROM mv_adopt('plain');
SELECT action, message FROM mv_apply('plain', 'SELECT 1 AS id, ''x''::varchar(20) AS note', indexes => ARRAY['CREATE INDEX ON plain (lower(note)) WHERE note <> ''''']);
SELECT relname FROM pg_class WHERE relname LIKE 'plain%' AND relnamespace = 'ap'::regnamespace ORDER BY relname COLLATE "C";
ROLLBACK;

-- An index altered by hand is what it is now, not what was registered.
SELECT action FROM mv_create('by_hand_view', 'SELECT id, note FROM t', indexes => ARRAY['CREATE INDEX filled ON by_hand_view (id)'], build => 'now');
ALTER INDEX filled SET (fillfactor = 50);
SELECT mv_apply('by_hand_view', 'SELECT id, note FROM t', indexes => ARRAY['CREATE INDEX filled ON by_hand_view (id)']);
SELECT action, message FROM mv_apply('by_hand_view', 'SELECT id, note FROM t', indexes => ARRAY['CREATE INDEX filled ON by_hand_view (id) WITH (fillfactor = 50)']);
SELECT action, message FROM mv_apply('by_hand_view', 'SELECT id, note FROM t', indexes => ARRAY['CREATE INDEX filled ON by_hand_view (id) WITH (fillfactor = 50)']);
SELECT count(*) FROM mv_verify('by_hand_view') WHERE NOT ok;
SELECT action, message FROM mv_apply('by_hand_view', 'SELECT id, note FROM t', indexes => ARRAY['CREATE INDEX filled ON by_hand_view (id)'], drop_indexes => true);
SELECT action FROM mv_drop('by_hand_view');

-- Columns of the later arms of a set operation have names that nobody sees; the server prints them in two ways.
CREATE MATERIALIZED VIEW arms AS
    SELECT 'first' AS kind, max(id) AS n FROM t
    UNION ALL (SELECT 'second', NULL UNION SELECT s.k, min(id) FROM t, (SELECT 'a' AS k UNION ALL SELECT 'b') s GROUP BY s.k ORDER BY 1 LIMIT 3)
    EXCEPT SELECT 'third', 3;
SELECT action FROM mv_adopt('arms');
SELECT action FROM mv_apply('arms', mv_definition('arms'));
SELECT action FROM mv_apply('arms', mv_definition('arms', canonical => true));
SELECT action FROM mv_create('unnamed', 'SELECT ''a'' AS kind UNION ALL SELECT NULL UNION ALL SELECT ''b''', build => 'now');
SELECT action FROM mv_apply('unnamed', mv_definition('unnamed', canonical => true));
SELECT action FROM mv_apply('unnamed', 'SELECT ''a'' AS kind UNION ALL SELECT NULL AS x UNION ALL SELECT ''b'' AS y');
SELECT mv_apply('unnamed', 'SELECT ''a'' AS sort UNION ALL SELECT NULL UNION ALL SELECT ''b''');

-- Renamed columns count as what they are called now.
ALTER MATERIALIZED VIEW z RENAME COLUMN note TO remark;
SELECT action FROM mv_apply('z', 'SELECT id, note::varchar(20) AS remark FROM t');
SELECT mv_apply('z', 'SELECT id, note::varchar(20) AS note FROM t');

-- A table that is not managed, and one that is no view.
CREATE MATERIALIZED VIEW wild AS SELECT 1 AS a;
SELECT mv_apply('wild', 'SELECT 1 AS a');
SELECT mv_apply('t', 'SELECT 1 AS a');
SELECT mv_apply('v', 'SELECT 1 AS a', build => 'later');
SELECT mv_apply('v', 'SELECT 1 AS a', promote => 'never');
SELECT mv_apply('v', 'SELECT 1 AS a', dependents => 'drop');

SET client_min_messages = warning;
SELECT count(*) FROM mv_release(archives => 'drop') WHERE name LIKE 'ap.%';
DROP SCHEMA ap CASCADE;
