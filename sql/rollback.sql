-- mv_rollback, mv_prune: earlier versions made live again, with the rows they had or built anew; labels as a migration uses them.
CREATE SCHEMA rb;
SET search_path = rb, public;
-- No worker in this database, whatever ran before.
CREATE TEMPORARY TABLE local_before AS SELECT * FROM mvmanager.local;
DELETE FROM mvmanager.local;

-- What is in the view against what its query returns now, as images: missing from the view, too much in it, rows of each.
CREATE FUNCTION differences(view regclass) RETURNS TABLE (missing bigint, extra bigint, in_view bigint, in_query bigint)
LANGUAGE plpgsql SET extra_float_digits = 3 AS $$
BEGIN
    RETURN QUERY EXECUTE format($q$
        WITH v AS (SELECT view_row::text COLLATE "C" AS image FROM %s view_row),
             q AS (SELECT query_row::text COLLATE "C" AS image FROM (%s) query_row)
        SELECT (SELECT count(*) FROM (SELECT image FROM q EXCEPT ALL SELECT image FROM v) m),
               (SELECT count(*) FROM (SELECT image FROM v EXCEPT ALL SELECT image FROM q) e),
               (SELECT count(*) FROM v), (SELECT count(*) FROM q)$q$,
        view, rtrim(pg_get_viewdef(view), ';'));
END $$;
CREATE FUNCTION versions(view text) RETURNS TABLE (version int, label text, state text, origin text, rows bigint, restorable bool, has_data bool)
LANGUAGE sql BEGIN ATOMIC
    SELECT h.version, h.label, h.state, h.origin, h.rows, h.restorable, h.has_data FROM mv_history(view) h ORDER BY h.version;
END;
CREATE FUNCTION journal(view text) RETURNS TABLE (action text, label text, from_version int, to_version int) LANGUAGE sql BEGIN ATOMIC
    SELECT c.action, c.label, c.from_version, c.to_version FROM mvmanager.change c JOIN mvmanager.view w ON w.id = c.view_id
     WHERE w.schema_name = 'rb' AND w.view_name = journal.view ORDER BY c.id;
END;
CREATE FUNCTION columns_of(view regclass) RETURNS text LANGUAGE sql AS
$$ SELECT string_agg(attname || ' ' || format_type(atttypid, atttypmod), ', ' ORDER BY attnum) FROM pg_attribute WHERE attrelid = view AND attnum > 0 $$;
CREATE FUNCTION indexes_of(view regclass) RETURNS text LANGUAGE sql AS
$$ SELECT string_agg(indexrelid::regclass::text, ', ' ORDER BY indexrelid::regclass::text COLLATE "C") FROM pg_index WHERE indrelid = view AND indisvalid $$;

-- Relations in mvmanager_data that were made for a view, by the id in their names.
CREATE FUNCTION relations_beside(view text) RETURNS bigint LANGUAGE sql AS $$
    SELECT count(*) FROM pg_class c JOIN mvmanager.view w ON w.schema_name = 'rb' AND w.view_name LIKE relations_beside.view AND c.relname ~ ('\_\_v\d+\_' || w.id || '$')
     WHERE c.relnamespace = to_regnamespace('mvmanager_data') AND c.relkind = 'm' $$;
-- What a call is refused with: servers name a column with its table or without.
CREATE FUNCTION refusal(call text) RETURNS TABLE (code text, message text, detail text, hint text) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE call;
    code := 'none';
    RETURN NEXT;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    message := regexp_replace(message, 'column (\w+\.|")?(\w+)"? does', 'column \2 does');
    RETURN NEXT;
END $$;

CREATE TABLE sale (id int PRIMARY KEY, day date, shop text, amount numeric(10,2));
INSERT INTO sale SELECT g, '2026-01-01'::date + g % 10, 'shop ' || g % 4, g * 1.25 FROM generate_series(1, 400) g;

-- ---- one step back, and another ---------------------------------------------------------------------------------------
SET mvmanager.keep_archived = 3;
SELECT action FROM mv_create('v', 'SELECT id, shop FROM sale', indexes => ARRAY['CREATE UNIQUE INDEX v_id ON v (id)'], label => 'r1', build => 'now');
SELECT 'v'::regclass::oid AS v_oid \gset
SELECT mv_rollback('v');
SELECT action FROM mv_replace('v', 'SELECT id, shop, day FROM sale', label => 'r2', build => 'now');
SELECT action FROM mv_replace('v', 'SELECT id, shop, day, amount FROM sale', indexes => ARRAY['CREATE UNIQUE INDEX v_id ON v (id)', 'CREATE INDEX v_amount ON v (amount)'], label => 'r3', build => 'now');
SELECT action FROM mv_replace('v', 'SELECT shop, amount::float8 AS amount, id FROM sale', label => 'r4', build => 'now');
CREATE ROLE regress_mv_back;
GRANT USAGE ON SCHEMA rb TO regress_mv_back;
GRANT SELECT ON v TO regress_mv_back;
COMMENT ON COLUMN v.id IS 'key';
CREATE INDEX by_hand ON v (shop);
COMMENT ON INDEX by_hand IS 'mine';
ALTER MATERIALIZED VIEW v SET (fillfactor = 70);
ALTER MATERIALIZED VIEW v ALTER shop SET STATISTICS 77;
INSERT INTO sale VALUES (1000, '2026-03-01', 'shop 9', 1);
SELECT * FROM versions('v');
SELECT name, version, action, state, relation, message FROM mv_rollback('v');
SELECT columns_of('v'), indexes_of('v'), 'v'::regclass::oid = :v_oid AS same_oid;
-- The rows it had: those of before the last insert.
SELECT * FROM differences('v');
SELECT version, action FROM mv_rollback('v');
SELECT columns_of('v'), indexes_of('v'), 'v'::regclass::oid = :v_oid AS same_oid;
SELECT version, action FROM mv_rollback('v');
SELECT columns_of('v'), indexes_of('v');
SELECT * FROM differences('v');
SELECT mv_rollback('v');
SELECT has_table_privilege('regress_mv_back', 'v', 'SELECT') AS granted, col_description('v'::regclass, 1) AS column_comment, obj_description('by_hand'::regclass, 'pg_class') AS index_comment,
       reloptions, (SELECT attstattarget FROM pg_attribute WHERE attrelid = 'v'::regclass AND attname = 'shop') FROM pg_class WHERE oid = 'v'::regclass;
SELECT * FROM versions('v');
-- Forward again is a rollback too.
SELECT version, action FROM mv_rollback('v', to_version => 4);
SELECT columns_of('v'), indexes_of('v');
SELECT version, action FROM mv_rollback('v');
SELECT version, action FROM mv_rollback('v', to_label => 'r4');
SELECT version, action FROM mv_rollback('v', to_label => 'r4');
SELECT version, action FROM mv_rollback('v', 4);
SELECT strategy FROM mv_refresh('v', 'diff');
SELECT * FROM differences('v');
SELECT * FROM journal('v');
SELECT mv_rollback('v', 99);
SELECT mv_rollback('v', to_label => 'nowhere');
SELECT mv_rollback('v', undo_label => 'nowhere');
SELECT mv_rollback('v', 1, 'r1');
SELECT mv_rollback('v', data => 'fresh');
-- Built anew though the rows are there.
SELECT version, action, message FROM mv_rollback('v', 3, data => 'rebuild');
SELECT columns_of('v'), indexes_of('v');
SELECT * FROM differences('v');
SELECT * FROM versions('v');
REFRESH MATERIALIZED VIEW CONCURRENTLY v;
VACUUM FULL v;
SELECT * FROM differences('v');
SELECT check_name, detail FROM mv_verify('v') WHERE NOT ok;

-- ---- what is kept -----------------------------------------------------------------------------------------------------
SELECT mv_prune('v', keep => -1);
SELECT version, action, state, message ~ 'its rows \(\d+ kB\) are dropped' AS says FROM mv_prune('v', older_than => '1 hour');
SELECT version, action, state, message ~ 'its rows \(\d+ kB\) are dropped' AS says FROM mv_prune('v', keep => 2);
SELECT version, state, has_data FROM versions('v');
SELECT version, action FROM mv_prune('v', older_than => '0');
SELECT version, action FROM mv_prune('v', 0);
SELECT version, state, has_data FROM versions('v');
SELECT relations_beside('v');
SELECT version, action, message FROM mv_rollback('v');
SELECT columns_of('v'), indexes_of('v');
SELECT * FROM differences('v');
SET mvmanager.keep_archived = 0;
SELECT version, action FROM mv_replace('v', 'SELECT id, shop, 1 AS one FROM sale', build => 'now', label => 'none kept', drop_indexes => true, indexes => ARRAY['CREATE UNIQUE INDEX v_id ON v (id)']);
SELECT version, state, has_data FROM versions('v');
SELECT version, action, message FROM mv_rollback('v');
SELECT * FROM differences('v');
SET mvmanager.keep_archived = 1;
SELECT version, action FROM mv_rollback('v', 1);
SELECT version, action FROM mv_rollback('v', 2);
SELECT version, state, has_data FROM versions('v');
SELECT * FROM differences('v');
SELECT action FROM mv_drop('v');
SELECT relations_beside('v');

-- ---- labels, there and back -------------------------------------------------------------------------------------------
SELECT action FROM mv_apply('l', 'SELECT id, shop FROM sale', label => 'a', build => 'now');
SELECT version, action FROM mv_apply('l', 'SELECT id, shop FROM sale', label => 'a', build => 'now');
SELECT version, action FROM mv_apply('l', 'SELECT id, shop, day FROM sale', label => 'b', build => 'now');
SELECT mv_apply('l', 'SELECT id, shop, amount FROM sale', label => 'b', build => 'now');
SELECT mv_apply('l', 'SELECT id, shop, amount FROM sale', label => 'a', build => 'now');
SELECT version, action FROM mv_apply('l', 'SELECT id, shop, day FROM sale', label => 'same', build => 'now');
SELECT version, action, message FROM mv_rollback('l', undo_label => 'same');
SELECT version, action, message FROM mv_rollback('l', undo_label => 'same');
SELECT version, action, state FROM mv_rollback('l', undo_label => 'b');
SELECT version, action, message FROM mv_rollback('l', undo_label => 'b');
SELECT columns_of('l');
-- Undone, a label may mean something else.
SELECT version, action FROM mv_apply('l', 'SELECT id, shop, amount FROM sale', label => 'b', build => 'now');
SELECT version, action FROM mv_apply('l', 'SELECT id, shop, amount, day FROM sale', label => 'c', build => 'now');
SELECT version, action FROM mv_rollback('l', to_label => 'b');
SELECT version, action FROM mv_rollback('l', to_label => 'c');
-- Undone out of order: back to what was before that label, whatever came after it.
SELECT version, action FROM mv_rollback('l', undo_label => 'b');
SELECT columns_of('l');
SELECT version, action, message FROM mv_rollback('l', undo_label => 'c');
SELECT columns_of('l');
SELECT * FROM journal('l');
-- A whole upgrade and downgrade again, in transactions as a migration tool does it.
SELECT version, action FROM mv_rollback('l', 1);
BEGIN;
SELECT version, action FROM mv_apply('l', 'SELECT id, shop, day FROM sale', label => 'd', build => 'now');
SELECT version, action FROM mv_apply('l', 'SELECT id, day FROM sale', label => 'e', build => 'now');
COMMIT;
SELECT columns_of('l');
BEGIN;
SELECT version, action FROM mv_rollback('l', undo_label => 'e');
SELECT version, action FROM mv_rollback('l', undo_label => 'd');
COMMIT;
SELECT columns_of('l');
SELECT * FROM differences('l');
SELECT version, action FROM mv_apply('l', 'SELECT id, shop, day FROM sale', label => 'd', build => 'now');
SELECT version, action FROM mv_rollback('l', undo_label => 'd');
SELECT * FROM differences('l');
-- The label that created it drops it, unless something stands on it.
CREATE VIEW on_l AS SELECT id FROM l;
SELECT mv_rollback('l', undo_label => 'a');
SELECT columns_of('l');
DROP VIEW on_l;
SELECT version, action, state, relation, message FROM mv_rollback('l', undo_label => 'a');
SELECT to_regclass('rb.l');
SELECT mv_rollback('l', undo_label => 'a');
SELECT relations_beside('l');
-- The label that adopted it lets it go.
CREATE MATERIALIZED VIEW wild AS SELECT id FROM sale;
SELECT action FROM mv_adopt('wild', label => 'mine');
SELECT action FROM mv_replace('wild', 'SELECT id, day FROM sale', build => 'now', label => 'more');
SELECT version, action FROM mv_rollback('wild', undo_label => 'more');
SELECT action, relation FROM mv_rollback('wild', undo_label => 'mine');
SELECT columns_of('wild');
REFRESH MATERIALIZED VIEW wild;
DROP MATERIALIZED VIEW wild;
-- Rows of its other version stay, as mv_release leaves them.
SELECT relation_name AS kept_rows FROM mvmanager.version_state s JOIN mvmanager.view w ON w.id = s.view_id WHERE w.schema_name = 'rb' AND w.view_name = 'wild' AND s.state = 'archived' \gset
SELECT count(*) FROM mvmanager_data.:"kept_rows";
DROP MATERIALIZED VIEW mvmanager_data.:"kept_rows";

-- ---- what is not live yet ---------------------------------------------------------------------------------------------
SELECT action FROM mv_create('q', 'SELECT id, shop FROM sale', label => 'a', build => 'now');
BEGIN;
SET LOCAL client_min_messages = warning;
SELECT version, action, state FROM mv_replace('q', 'SELECT id, shop, day FROM sale', build => 'background', label => 'b');
SELECT version, action, state FROM mv_replace('q', 'SELECT id, shop, day, amount FROM sale', build => 'background', label => 'c');
SELECT version, action, state FROM mv_rollback('q', undo_label => 'c');
SELECT version, state FROM versions('q');
ROLLBACK;
BEGIN;
SET LOCAL client_min_messages = warning;
SELECT version, action, state FROM mv_replace('q', 'SELECT id, shop, day FROM sale', build => 'background', label => 'b');
SELECT version, action, state, message FROM mv_rollback('q', undo_label => 'b');
SELECT version, action, state, message FROM mv_rollback('q', undo_label => 'b');
SELECT version, state FROM versions('q');
SELECT state FROM mvmanager.run r JOIN mvmanager.view w ON w.id = r.view_id WHERE w.schema_name = 'rb' AND w.view_name = 'q' AND kind = 'build' ORDER BY r.id;
ROLLBACK;
BEGIN;
SET LOCAL client_min_messages = warning;
SELECT version, action, state FROM mv_replace('q', 'SELECT id, shop, day FROM sale', build => 'background', label => 'b');
SELECT version, action, state, message FROM mv_rollback('q');
SELECT version, state FROM versions('q');
ROLLBACK;
-- A staged version is given up the same way, with its relation.
SELECT version, state FROM mv_replace('q', 'SELECT id, shop, day FROM sale', build => 'now', promote => 'manual', label => 'b');
SELECT version, action, state, message FROM mv_rollback('q', undo_label => 'b');
SELECT version, state, has_data FROM versions('q');
SELECT version, state FROM mv_replace('q', 'SELECT id, shop, day FROM sale', build => 'now', promote => 'manual', label => 'b');
SELECT version, action FROM mv_promote('q', label => 'b');
SELECT * FROM differences('q');
SELECT version, action FROM mv_rollback('q', undo_label => 'b');
SELECT columns_of('q');
SELECT * FROM differences('q');
SELECT relations_beside('q');

-- ---- indexes, options, comment ----------------------------------------------------------------------------------------
SELECT action FROM mv_create('o', 'SELECT id, shop FROM sale', build => 'now', label => 'a', comment => 'first');
SELECT version, action, message FROM mv_replace('o', 'SELECT id, shop FROM sale', build => 'now', label => 'b', indexes => ARRAY['CREATE INDEX o_shop ON o (shop)']);
SELECT version, action, message FROM mv_replace('o', 'SELECT id, shop FROM sale', build => 'now', label => 'c', options => '{"fillfactor": 60}');
SELECT version, action, message FROM mv_replace('o', 'SELECT id, shop FROM sale', build => 'now', label => 'd', comment => 'second');
SELECT version, action, message FROM mv_replace('o', 'SELECT id, shop, day FROM sale', build => 'now', label => 'e', comment => 'third', options => '{"fillfactor": 50, "autovacuum_enabled": false}');
CREATE INDEX o_mine ON o (id);
ALTER MATERIALIZED VIEW o SET (toast_tuple_target = 4000);
SELECT indexes_of('o'), (SELECT array_agg(o ORDER BY o) FROM unnest(reloptions) o) AS options, obj_description(oid, 'pg_class') FROM pg_class WHERE oid = 'o'::regclass;
SELECT version, action, message FROM mv_rollback('o', undo_label => 'e');
SELECT indexes_of('o'), (SELECT array_agg(o ORDER BY o) FROM unnest(reloptions) o) AS options, obj_description(oid, 'pg_class') FROM pg_class WHERE oid = 'o'::regclass;
SELECT version, action, message FROM mv_rollback('o', undo_label => 'd');
SELECT version, action, message FROM mv_rollback('o', undo_label => 'c');
SELECT indexes_of('o'), (SELECT array_agg(o ORDER BY o) FROM unnest(reloptions) o) AS options, obj_description(oid, 'pg_class') FROM pg_class WHERE oid = 'o'::regclass;
SELECT version, action, message FROM mv_rollback('o', undo_label => 'b');
SELECT indexes_of('o'), (SELECT array_agg(o ORDER BY o) FROM unnest(reloptions) o) AS options, obj_description(oid, 'pg_class') FROM pg_class WHERE oid = 'o'::regclass;
SELECT version, action, message FROM mv_rollback('o', 5);
SELECT indexes_of('o'), (SELECT array_agg(o ORDER BY o) FROM unnest(reloptions) o) AS options, obj_description(oid, 'pg_class') FROM pg_class WHERE oid = 'o'::regclass;
SELECT * FROM differences('o');
SELECT * FROM versions('o');
SELECT check_name, detail FROM mv_verify('o') WHERE NOT ok;

-- ---- dependents -------------------------------------------------------------------------------------------------------
SELECT action FROM mv_create('p', 'SELECT id, shop FROM sale', build => 'now');
SELECT action FROM mv_replace('p', 'SELECT id, shop, day FROM sale', build => 'now');
CREATE VIEW on_p AS SELECT day FROM p;
SELECT mv_rollback('p');
SELECT columns_of('p');
SELECT * FROM differences('p');
DROP VIEW on_p;
CREATE VIEW on_p AS SELECT id FROM p;
SELECT action FROM mv_rollback('p');
SELECT count(*) FROM on_p;
CREATE TABLE typed (x p);
SELECT action FROM mv_rollback('p', 2);
SELECT mv_rollback('p', 1);
DROP TABLE typed;
-- Stored anew on the way there, stored anew on the way back.
SELECT mv_replace('p', 'SELECT shop, id::bigint AS id, day FROM sale', build => 'now');
SELECT action FROM mv_replace('p', 'SELECT shop, id::bigint AS id, day FROM sale', build => 'now', dependents => 'recreate');
SELECT columns_of('on_p');
SELECT action FROM mv_rollback('p');
SELECT columns_of('on_p'), count(*) FROM on_p;
-- A renamed column and back.
SELECT action FROM mv_replace('p', 'SELECT id AS number, shop, day FROM sale', build => 'now', rename_columns => '{"id": "number"}');
SELECT columns_of('p'), columns_of('on_p');
SELECT action FROM mv_rollback('p');
SELECT columns_of('p'), columns_of('on_p'), count(*) FROM on_p;
SELECT * FROM differences('p');
DROP VIEW on_p;

-- ---- what can no longer be --------------------------------------------------------------------------------------------
CREATE TABLE base (id int, old text, kind text);
INSERT INTO base SELECT g, 'o' || g, 'k' FROM generate_series(1, 10) g;
SELECT action FROM mv_create('n', 'SELECT id, old FROM base', build => 'now', label => 'a');
SELECT action FROM mv_replace('n', 'SELECT id, kind FROM base', build => 'now', label => 'b');
ALTER TABLE base ALTER old TYPE int USING id;
SELECT * FROM versions('n');
ALTER TABLE base DROP COLUMN old;
SELECT * FROM versions('n');
\x on
SELECT * FROM refusal($$SELECT mv_rollback('n')$$);
SELECT * FROM refusal($$SELECT mv_rollback('n', undo_label => 'b')$$);
SELECT * FROM refusal($$SELECT mv_rollback('n', 1, data => 'rebuild')$$);
\x off
SELECT columns_of('n');
SELECT * FROM differences('n');
SELECT * FROM versions('n');
-- A renamed table is the same table; one of the same name is not.
SELECT action FROM mv_replace('n', 'SELECT id FROM base', build => 'now');
ALTER TABLE base RENAME TO foundation;
SELECT version, restorable FROM versions('n');
SELECT mv_rollback('n');
ALTER TABLE foundation RENAME TO base;
SELECT action FROM mv_rollback('n');
SELECT * FROM differences('n');

-- ---- owners -----------------------------------------------------------------------------------------------------------
CREATE ROLE regress_mv_first;
GRANT USAGE, CREATE ON SCHEMA rb TO regress_mv_first, regress_mv_back;
GRANT SELECT ON sale TO regress_mv_first, regress_mv_back;
SET ROLE regress_mv_first;
SELECT action FROM mv_create('w', 'SELECT id, shop FROM sale', build => 'now', label => 'a');
SELECT action FROM mv_replace('w', 'SELECT id, day FROM sale', build => 'now', label => 'b');
RESET ROLE;
ALTER MATERIALIZED VIEW w OWNER TO regress_mv_back;
SELECT pg_get_userbyid(c.relowner) FROM mvmanager.version_state s JOIN mvmanager.view w ON w.id = s.view_id AND w.schema_name = 'rb' AND w.view_name = 'w'
  JOIN pg_class c ON c.relname = s.relation_name WHERE s.number = 1;
SET ROLE regress_mv_back;
SELECT mv_rollback('rb.w');
SELECT mv_rollback('rb.w', undo_label => 'b');
SELECT columns_of('rb.w');
SELECT version, action FROM mv_rollback('rb.w', to_version => 1);
SELECT columns_of('rb.w');
SELECT * FROM differences('rb.w');
RESET ROLE;
SELECT action FROM mv_drop('w');

-- ---- rolled back, and in use ------------------------------------------------------------------------------------------
SELECT action FROM mv_create('x', 'SELECT id FROM sale', build => 'now', indexes => ARRAY['CREATE UNIQUE INDEX x_id ON x (id)']);
SELECT action FROM mv_replace('x', 'SELECT id, shop FROM sale', build => 'now');
SELECT relfilenode AS x_file FROM pg_class WHERE oid = 'x'::regclass \gset
BEGIN;
SELECT action FROM mv_rollback('x');
SELECT columns_of('x');
ROLLBACK;
SELECT columns_of('x'), relfilenode = :x_file AS same_file FROM pg_class WHERE oid = 'x'::regclass;
SELECT version, state, has_data FROM versions('x');
SELECT relation_name AS kept_rows FROM mvmanager.version_state s JOIN mvmanager.view w ON w.id = s.view_id WHERE w.schema_name = 'rb' AND w.view_name = 'x' AND s.number = 1 \gset
SELECT count(*) FROM mvmanager_data.:"kept_rows";
SELECT * FROM journal('x');
BEGIN;
DECLARE c CURSOR FOR SELECT * FROM x;
FETCH 1 FROM c;
\set VERBOSITY sqlstate
SELECT mv_rollback('x');
\set VERBOSITY default
ROLLBACK;
SELECT action FROM mv_rollback('x');
SELECT * FROM differences('x');
BEGIN READ ONLY;
SELECT mv_rollback('x', 2);
ROLLBACK;

SET client_min_messages = warning;
SELECT count(*) FROM mv_release(archives => 'drop') WHERE name LIKE 'rb.%';
SELECT relations_beside('%');
DROP SCHEMA rb CASCADE;
DROP ROLE regress_mv_back, regress_mv_first;
INSERT INTO mvmanager.local SELECT * FROM local_before;
