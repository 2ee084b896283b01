-- Strategy swap: new storage in place of the old, and everything else of the view as it was.
SET search_path = swap, public;
CREATE SCHEMA swap;
CREATE ROLE regress_swap_owner;
CREATE ROLE regress_swap_reader;
GRANT CREATE, USAGE ON SCHEMA swap TO regress_swap_owner;
GRANT USAGE ON SCHEMA swap TO regress_swap_reader;

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
CREATE FUNCTION shout(text) RETURNS text IMMUTABLE LANGUAGE sql AS $$ SELECT upper($1) || '!' $$;
CREATE DOMAIN short AS varchar(20) CHECK (length(VALUE) < 20);
CREATE TYPE pair AS (a int, b text);

CREATE TABLE item (id int, name text, price numeric(10,2), tags text[], at date, long text, kind short, both_of pair, code char(3));
INSERT INTO item
SELECT g, 'name ' || g % 10, g * 1.5, ARRAY['t' || g % 3, NULL], date '2026-01-01' + g % 30,
       CASE WHEN g % 20 = 0 THEN (SELECT string_agg(md5(g || '/' || i), '') FROM generate_series(1, 200) i) END,
       'k' || g % 2, (g, 'b')::pair, 'abc'
  FROM generate_series(1, 500) g;
GRANT SELECT ON item TO regress_swap_owner;

CREATE MATERIALIZED VIEW items WITH (fillfactor = 80, toast.autovacuum_enabled = false) AS
SELECT id, name COLLATE "C" AS name, price, tags, at, long, kind, both_of, code FROM item;
CREATE UNIQUE INDEX items_id ON items (id) INCLUDE (at) WITH (fillfactor = 70);
CREATE INDEX items_shout ON items (shout(name) DESC NULLS LAST) WHERE id > 3;
CREATE INDEX items_tags ON items USING gin (tags);
CREATE INDEX items_at ON items USING brin (at) WITH (pages_per_range = 4);
CREATE INDEX items_name ON items (name text_pattern_ops, code COLLATE "POSIX");
CREATE UNIQUE INDEX items_nulls ON items (long, id) NULLS NOT DISTINCT WHERE false;
CREATE INDEX items_hash ON items USING hash (price);
CREATE INDEX items_row ON items ((items IS NOT NULL));
ALTER MATERIALIZED VIEW items CLUSTER ON items_id;
ALTER MATERIALIZED VIEW items ALTER COLUMN name SET STATISTICS 500;
ALTER MATERIALIZED VIEW items ALTER COLUMN price SET (n_distinct = -0.5);
ALTER MATERIALIZED VIEW items ALTER COLUMN long SET STORAGE EXTERNAL;
ALTER INDEX items_shout ALTER COLUMN 1 SET STATISTICS 300;
CREATE STATISTICS items_statistics ON name, at FROM items;
COMMENT ON MATERIALIZED VIEW items IS 'what there is';
COMMENT ON COLUMN items.price IS 'in euros';
COMMENT ON INDEX items_id IS 'the key';
ALTER MATERIALIZED VIEW items OWNER TO regress_swap_owner;
GRANT SELECT ON items TO regress_swap_reader;
-- The owner may no longer use types that the view has: REFRESH does not mind.
REVOKE USAGE ON TYPE pair, short FROM PUBLIC;
CREATE VIEW dear AS SELECT * FROM items WHERE price > 700;
CREATE TABLE typed (of_row items);
SELECT action FROM mv_adopt('items');

-- Everything the catalogs say of the view and its indexes, but for what changes with the storage.
CREATE VIEW said AS
SELECT 'class' AS what, c.relname::text AS name,
       (to_jsonb(c) - '{relfilenode,relpages,reltuples,relallvisible,relallfrozen,relfrozenxid,relminmxid,reltoastrelid}'::text[]) AS it
  FROM pg_class c WHERE c.oid = 'items'::regclass OR c.oid IN (SELECT indexrelid FROM pg_index WHERE indrelid = 'items'::regclass)
UNION ALL
SELECT 'attribute', a.attrelid::regclass || '.' || a.attname, to_jsonb(a)
  FROM pg_attribute a WHERE a.attrelid = 'items'::regclass OR a.attrelid IN (SELECT indexrelid FROM pg_index WHERE indrelid = 'items'::regclass)
UNION ALL
SELECT 'index', i.indexrelid::regclass::text, to_jsonb(i) || jsonb_build_object('def', pg_get_indexdef(i.indexrelid))
  FROM pg_index i WHERE i.indrelid = 'items'::regclass
UNION ALL
SELECT 'depend', pg_describe_object(d.classid, d.objid, d.objsubid), jsonb_build_object('on', pg_describe_object(d.refclassid, d.refobjid, d.refobjsubid), 'type', d.deptype)
  FROM pg_depend d
 WHERE (d.refclassid = 'pg_class'::regclass AND d.refobjid = 'items'::regclass OR d.classid = 'pg_class'::regclass AND d.objid = 'items'::regclass)
   AND d.objid NOT IN (SELECT oid FROM pg_class WHERE relkind = 't')
UNION ALL
SELECT 'comment', pg_describe_object(classoid, objoid, objsubid), to_jsonb(description) FROM pg_description
 WHERE classoid = 'pg_class'::regclass AND (objoid = 'items'::regclass OR objoid IN (SELECT indexrelid FROM pg_index WHERE indrelid = 'items'::regclass))
UNION ALL
SELECT 'toast options', '', to_jsonb(t.reloptions) FROM pg_class c JOIN pg_class t ON t.oid = c.reltoastrelid WHERE c.oid = 'items'::regclass
UNION ALL
SELECT 'shared depend', classid::regclass || ' ' || deptype::text, jsonb_build_object('on', pg_describe_object(refclassid, refobjid, 0))
  FROM pg_shdepend WHERE classid = 'pg_class'::regclass AND objid = 'items'::regclass;
CREATE TABLE said_before AS SELECT * FROM said;
SELECT what, count(*) > 0 AS any FROM said_before GROUP BY what ORDER BY what COLLATE "C";
CREATE TABLE files_before AS
SELECT c.oid, c.relname, pg_relation_filenode(c.oid) AS file FROM pg_class c
 WHERE c.oid = 'items'::regclass OR c.oid IN (SELECT indexrelid FROM pg_index WHERE indrelid = 'items'::regclass);

UPDATE item SET price = price + 1, long = long || 'x', name = name || '.' WHERE id % 2 = 0;
DELETE FROM item WHERE id % 11 = 0;
INSERT INTO item (id, name) VALUES (1001, 'new');
PREPARE read AS SELECT count(*), sum(price), sum(length(long)) FROM items;
EXECUTE read;
SELECT name, strategy, reason, rows_inserted, rows_updated, rows_deleted, rows_total FROM mv_refresh('items', 'swap');
EXECUTE read;
SELECT * FROM differences('items');
SELECT count(*) AS dear FROM dear;

-- What changed is the storage, all of it.
SELECT count(*) AS files, count(*) FILTER (WHERE file = pg_relation_filenode(oid)) AS same FROM files_before;
(SELECT 'gone' AS is, * FROM said_before EXCEPT ALL SELECT 'gone', * FROM said)
UNION ALL (SELECT 'new', * FROM said EXCEPT ALL SELECT 'new', * FROM said_before) ORDER BY 1, 2, 3;
SELECT count(*) AS left_behind FROM pg_class c WHERE c.relnamespace = 'mvmanager_data'::regnamespace AND c.relname ~ '__r[0-9]';
-- The TOAST table is called after the view, belongs to it, and is no rewrite of anything.
SELECT t.relname = 'pg_toast_' || c.oid AS name, i.relname = t.relname || '_index' AS index_name, t.relrewrite, c.relrewrite,
       (SELECT count(*) FROM pg_depend d WHERE d.objid = t.oid AND d.refobjid = c.oid AND d.deptype = 'i') AS belongs,
       (SELECT count(*) FROM pg_depend d WHERE d.objid = t.oid) AS dependencies, t.relowner = c.relowner AS owner
  FROM pg_class c JOIN pg_class t ON t.oid = c.reltoastrelid JOIN pg_index x ON x.indrelid = t.oid JOIN pg_class i ON i.oid = x.indexrelid
 WHERE c.oid = 'items'::regclass;
-- The planner knows the new rows: counts, pages known to be visible, columns and the index's expression.
SELECT reltuples, relpages > 0 AS pages, relallvisible = relpages AS all_visible FROM pg_class WHERE oid = 'items'::regclass;
SELECT attname, n_distinct FROM pg_stats WHERE schemaname = 'swap' AND tablename IN ('items', 'items_shout') AND attname IN ('price', 'kind', 'shout') ORDER BY 1;
SET enable_seqscan = off; SET enable_bitmapscan = off;
SELECT id, price FROM items WHERE id = 1001;
SELECT count(*) FROM items WHERE shout(name) = 'NAME 1!' AND id > 3;
RESET enable_seqscan; RESET enable_bitmapscan;

-- Again, by core, and again.
REFRESH MATERIALIZED VIEW items;
SELECT strategy FROM mv_refresh('items', 'swap');
SELECT * FROM differences('items');

-- An invalid index is built like the others, as REFRESH does.
UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'items_name'::regclass;
SELECT strategy FROM mv_refresh('items', 'swap');
SELECT indisvalid, indisready FROM pg_index WHERE indexrelid = 'items_name'::regclass;

-- A duplicate key, a row too large for an index, an error of the query, of an index expression: the view's names, and the
-- rows from before.
INSERT INTO item (id) VALUES (1001);
DO $$
DECLARE
    state text; message text; detail text; table_name text; schema text; constraint_name text;
BEGIN
    PERFORM mv_refresh('swap.items', 'swap');
EXCEPTION WHEN unique_violation THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, table_name = TABLE_NAME,
        schema = SCHEMA_NAME, constraint_name = CONSTRAINT_NAME;
    RAISE NOTICE '% % | % | %.% | %', state, message, detail, schema, table_name, constraint_name;
END $$;
DELETE FROM item WHERE id = 1001;
CREATE FUNCTION refuse(text) RETURNS text IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN IF $1 = 'bad' THEN RAISE 'refused'; END IF; RETURN $1; END $$;
CREATE INDEX items_refuse ON items (refuse(name));
INSERT INTO item (id, name) VALUES (1002, 'bad');
\set VERBOSITY terse
SELECT strategy FROM mv_refresh('items', 'swap');
\set VERBOSITY default
DELETE FROM item WHERE id = 1002;
SELECT count(*) FROM items WHERE id IN (1001, 1002);
DROP INDEX items_refuse;
SELECT count(*) AS left_behind FROM pg_class c WHERE c.relnamespace = 'mvmanager_data'::regnamespace AND c.relname ~ '__r[0-9]';

-- First fill, whatever was asked; no rows; no columns; no index.
CREATE MATERIALIZED VIEW late AS SELECT id, long FROM item WITH NO DATA;
CREATE UNIQUE INDEX ON late (id);
SELECT action FROM mv_adopt('late');
SELECT id FROM late;
SELECT strategy, reason, rows_inserted, rows_updated, rows_deleted, rows_total FROM mv_refresh('late');
SELECT * FROM differences('late');
CREATE MATERIALIZED VIEW nothing AS SELECT 1 AS one WHERE false;
SELECT action FROM mv_adopt('nothing');
SELECT strategy, rows_inserted, rows_total FROM mv_refresh('nothing', 'swap');
SELECT count(*) FROM nothing;
CREATE MATERIALIZED VIEW blank AS SELECT FROM generate_series(1, 3);
SELECT action FROM mv_adopt('blank');
SELECT strategy, rows_total FROM mv_refresh('blank', 'swap');
SELECT count(*) FROM blank;
CREATE MATERIALIZED VIEW "a view with a name that is as long as any name can be, or äöü" AS SELECT 1 AS one, 'x'::text AS two;
SELECT action FROM mv_adopt('"a view with a name that is as long as any name can be, or äöü"');
SELECT strategy, rows_total FROM mv_refresh('"a view with a name that is as long as any name can be, or äöü"', 'swap');

-- In a transaction block the lock lasts: a notice says so. Rolled back, nothing has happened.
BEGIN;
UPDATE item SET name = 'rolled back' WHERE id = 1;
SELECT strategy FROM mv_refresh('items', 'swap');
SELECT name FROM items WHERE id = 1;
SAVEPOINT s;
UPDATE item SET name = 'twice' WHERE id = 1;
SELECT strategy FROM mv_refresh('items', 'swap');
SELECT name FROM items WHERE id = 1;
ROLLBACK TO s;
SELECT name FROM items WHERE id = 1;
ROLLBACK;
SELECT name FROM items WHERE id = 1;
SELECT strategy FROM mv_refresh('items', 'swap');
SELECT * FROM differences('items');

-- Part of it rolled back, the rest committed; a view of this very transaction.
BEGIN;
SELECT strategy FROM mv_refresh('items', 'swap');
SAVEPOINT s;
UPDATE item SET name = 'rolled back' WHERE id = 1;
SELECT strategy FROM mv_refresh('items', 'swap');
ROLLBACK TO s;
SELECT action FROM mv_create('swap.young', 'SELECT id, long FROM swap.item', indexes => ARRAY['CREATE INDEX ON young (id)'], build => 'now');
SAVEPOINT t;
SELECT strategy FROM mv_refresh('young', 'swap');
ROLLBACK TO t;
COMMIT;
SELECT * FROM differences('items');
SELECT * FROM differences('young');

-- An open cursor over the view would lose its file.
BEGIN;
DECLARE over CURSOR FOR SELECT id FROM items ORDER BY id;
FETCH 1 FROM over;
SELECT strategy FROM mv_refresh('items', 'swap');
ROLLBACK;

-- Whatever is called runs as the owner.
CREATE FUNCTION whoami() RETURNS text STABLE LANGUAGE sql AS $$ SELECT current_user::text $$;
CREATE MATERIALIZED VIEW who AS SELECT whoami() AS who, count(*) AS n FROM item;
ALTER MATERIALIZED VIEW who OWNER TO regress_swap_owner;
SELECT action FROM mv_adopt('who');
SELECT strategy FROM mv_refresh('who', 'swap');
SELECT who FROM who;
CREATE FUNCTION become() RETURNS int LANGUAGE plpgsql AS $$ BEGIN SET ROLE regress_swap_reader; RETURN 1; END $$;
CREATE MATERIALIZED VIEW sly AS SELECT become() AS one WITH NO DATA;
ALTER MATERIALIZED VIEW sly OWNER TO regress_swap_owner;
SELECT action FROM mv_adopt('sly');
\set VERBOSITY sqlstate
SELECT strategy FROM mv_refresh('sly', 'swap');
\set VERBOSITY default

-- The schema is nobody else's.
SELECT nspowner = (SELECT extowner FROM pg_extension WHERE extname = 'mvmanager') AS owner,
       has_schema_privilege('regress_swap_reader', 'mvmanager_data', 'USAGE') AS usage,
       has_schema_privilege('regress_swap_reader', 'mvmanager_data', 'CREATE') AS may_create,
       (SELECT count(*) FROM pg_depend d WHERE d.objid = n.oid AND d.deptype = 'e') AS member
  FROM pg_namespace n WHERE nspname = 'mvmanager_data';
GRANT CREATE ON SCHEMA mvmanager_data TO regress_swap_reader;
SELECT strategy FROM mv_refresh('items', 'swap');
REVOKE CREATE ON SCHEMA mvmanager_data FROM regress_swap_reader;
ALTER SCHEMA mvmanager_data OWNER TO regress_swap_owner;
\set VERBOSITY terse
SELECT strategy FROM mv_refresh('items', 'swap');
\set VERBOSITY default
ALTER SCHEMA mvmanager_data OWNER TO CURRENT_USER;
SELECT strategy FROM mv_refresh('items', 'swap');

SET client_min_messages = warning;
SELECT count(*) > 0 AS released FROM mv_release();
DROP SCHEMA swap CASCADE;
DROP OWNED BY regress_swap_owner, regress_swap_reader;
DROP ROLE regress_swap_owner;
DROP ROLE regress_swap_reader;
