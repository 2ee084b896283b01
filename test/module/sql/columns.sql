-- Columns and rule of a materialized view change where they are. The truth is a view made from scratch.
CREATE SCHEMA columns;
SET search_path = columns, mvmanager_test;
CREATE ROLE regress_columns_reader;
CREATE ROLE regress_columns_other;

CREATE TABLE base (id integer, t text, n bigint, d date);
INSERT INTO base SELECT i, 't' || i, i % 7, date '2024-01-01' + i FROM generate_series(1, 100) i;

-- What the catalogs say of a view's columns and rule, but for what people hang on them.
CREATE FUNCTION shape(view regclass) RETURNS TABLE(item text) LANGUAGE sql AS $$
    SELECT format('column %s %s %s %s %s %s %s %s %s %s %s %s', a.attnum, a.attname, a.atttypid::regtype, a.atttypmod,
                  a.attcollation::regcollation, a.attlen, a.attbyval, a.attalign, a.attndims, a.attnotnull, a.attislocal,
                  a.attisdropped)
      FROM pg_attribute a WHERE a.attrelid = view
    UNION ALL SELECT format('%s columns', c.relnatts) FROM pg_class c WHERE c.oid = view
    UNION ALL SELECT format('column %s depends on %s %s', d.objsubid, pg_describe_object(d.refclassid, d.refobjid, d.refobjsubid),
                            d.deptype)
      FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = view AND d.objsubid > 0
    UNION ALL SELECT format('rule depends on %s %s', CASE WHEN d.refobjid = view THEN 'the view'
                            ELSE pg_describe_object(d.refclassid, d.refobjid, d.refobjsubid) END, d.deptype)
      FROM pg_depend d JOIN pg_rewrite r ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid WHERE r.ev_class = view
    UNION ALL SELECT pg_get_viewdef(view)
$$;

CREATE FUNCTION differences(view regclass, definition text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE 'CREATE MATERIALIZED VIEW truth AS ' || definition || ' WITH NO DATA';
    RETURN QUERY SELECT '- ' || item FROM (SELECT shape('truth') EXCEPT ALL SELECT shape(view)) x(item);
    RETURN QUERY SELECT '+ ' || item FROM (SELECT shape(view) EXCEPT ALL SELECT shape('truth')) x(item);
    DROP MATERIALIZED VIEW truth;
    EXECUTE format('REFRESH MATERIALIZED VIEW %s', view);
    RETURN QUERY EXECUTE format('SELECT ''rows: '' || count(*) FROM (SELECT lhs::text COLLATE "C" FROM %s lhs EXCEPT ALL '
                                'SELECT rhs::text COLLATE "C" FROM (%s) rhs) x HAVING count(*) > 0', view, definition);
    RETURN QUERY SELECT 'heap: ' || msg FROM verify_heapam(view);
END $$;

-- What people hang on columns, by name.
CREATE FUNCTION hung(view regclass) RETURNS TABLE(name name, acl text, roles text, comment text, target text, options text,
                                                  storage "char", compression "char", statistics boolean)
LANGUAGE sql AS $$
    SELECT a.attname, replace(array_to_string(a.attacl, ' '), '/' || current_user, '/owner'),
           (SELECT string_agg(s.refobjid::regrole::text, ' ' ORDER BY 1) FROM pg_shdepend s
             WHERE s.dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
               AND s.classid = 'pg_class'::regclass AND s.objid = view AND s.objsubid = a.attnum),
           col_description(view, a.attnum), nullif(a.attstattarget, -1)::text,
           (SELECT string_agg(o, ' ') FROM unnest(a.attoptions) o WHERE o NOT LIKE 'pg\_attver=%'), a.attstorage, a.attcompression,
           EXISTS (SELECT FROM pg_statistic t WHERE t.starelid = view AND t.staattnum = a.attnum)
      FROM pg_attribute a WHERE a.attrelid = view AND a.attnum > 0 ORDER BY a.attnum
$$;

CREATE EXTENSION amcheck SCHEMA columns;
CREATE MATERIALIZED VIEW m AS SELECT id, t, n, d FROM base;
CREATE UNIQUE INDEX m_id ON m (id);
CREATE INDEX m_t ON m (lower(t)) INCLUDE (d) WHERE n > 3;
CREATE STATISTICS m_columns (ndistinct, mcv) ON n, d FROM m;
CREATE STATISTICS m_expression ON (n + 1), d FROM m;
COMMENT ON COLUMN m.t IS 'the text';
COMMENT ON COLUMN m.d IS 'the day';
COMMENT ON MATERIALIZED VIEW m IS 'the view';
GRANT SELECT (t, d) ON m TO regress_columns_reader WITH GRANT OPTION;
GRANT USAGE ON SCHEMA columns TO regress_columns_reader;
SET ROLE regress_columns_reader;
GRANT SELECT (d) ON columns.m TO regress_columns_other;
RESET ROLE;
ALTER MATERIALIZED VIEW m ALTER COLUMN n SET STATISTICS 77;
ALTER MATERIALIZED VIEW m ALTER COLUMN d SET (n_distinct = 33);
ALTER MATERIALIZED VIEW m ALTER COLUMN t SET STORAGE EXTERNAL;
ALTER MATERIALIZED VIEW m ALTER COLUMN t SET COMPRESSION pglz;
ANALYZE m;
CREATE TABLE identity AS SELECT 'm'::regclass::oid AS oid, (SELECT reltype FROM pg_class WHERE oid = 'm'::regclass) AS type,
    (SELECT array_agg(indexrelid ORDER BY 1) FROM pg_index WHERE indrelid = 'm'::regclass) AS indexes,
    (SELECT oid FROM pg_rewrite WHERE ev_class = 'm'::regclass) AS rule;
SELECT * FROM hung('m');

-- The comparison sees a difference when there is one.
SELECT * FROM differences('m', 'SELECT id, t, n FROM base') x WHERE x ~ '^..(rows|column|rule|\d)' OR x ~ '^rows' ORDER BY x COLLATE "C";
SELECT * FROM differences('m', 'SELECT id, t, n, d FROM base');

-- Another query with the same columns; columns appended, of every kind; the way back.
SELECT change_columns('m', 'SELECT id, t || ''!'' AS t, n, d FROM base WHERE id > 5');
SELECT * FROM differences('m', 'SELECT id, t || ''!'' AS t, n, d FROM base WHERE id > 5');
SELECT change_columns('m', 'SELECT id, t, n, d, t COLLATE "C" AS c, ARRAY[id] AS a, t::varchar(9) AS v, b AS row FROM base b');
SELECT * FROM differences('m', 'SELECT id, t, n, d, t COLLATE "C" AS c, ARRAY[id] AS a, t::varchar(9) AS v, b AS row FROM base b');
GRANT SELECT (c) ON m TO regress_columns_other;
COMMENT ON COLUMN m.c IS 'goes';
SELECT change_columns('m', 'SELECT id, t, n, d FROM base');
SELECT * FROM differences('m', 'SELECT id, t, n, d FROM base');
SELECT * FROM hung('m');

-- Names change places.
SELECT change_columns('m', 'SELECT id, t AS d, n, d AS t FROM base', '{t,d,d,t}');
SELECT * FROM differences('m', 'SELECT id, t AS d, n, d AS t FROM base');
SELECT * FROM hung('m');

-- Moved, inserted and renamed back: what hangs on a column goes with it.
SELECT change_columns('m', 'SELECT 1 AS x, d, id, n, t AS tt FROM base', '{d,tt,t,d}');
SELECT * FROM differences('m', 'SELECT 1 AS x, d, id, n, t AS tt FROM base');
ANALYZE m;
SELECT * FROM hung('m');
SELECT indexrelid::regclass, pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid = 'm'::regclass ORDER BY 1;
SELECT stxname, stxkeys, pg_get_statisticsobjdef(oid) FROM pg_statistic_ext WHERE stxrelid = 'm'::regclass ORDER BY 1;
SELECT pg_describe_object(classid, objid, objsubid), refobjsubid, deptype FROM pg_depend
 WHERE refobjid = 'm'::regclass AND refobjsubid > 0 ORDER BY pg_describe_object(classid, objid, objsubid) COLLATE "C", 2;
SELECT bt_index_check('m_id', true), bt_index_check('m_t', true);

-- What cannot follow is in the way; a statistics object on plain columns is not.
SELECT change_columns('m', 'SELECT 1 AS x, d, id, n::numeric, t AS tt FROM base');
SELECT change_columns('m', 'SELECT 1 AS x, d, id, t AS tt FROM base');
DROP INDEX m_t;
SELECT change_columns('m', 'SELECT 1 AS x, d, id, n::numeric, t AS tt FROM base');
DROP STATISTICS m_expression;
SELECT change_columns('m', 'SELECT 1 AS x, d, id, n::numeric, t AS tt FROM base');
SELECT * FROM differences('m', 'SELECT 1 AS x, d, id, n::numeric, t AS tt FROM base');
SELECT change_columns('m', 'SELECT 1 AS x, d, id, point(1, n) AS n, t AS tt FROM base');
ANALYZE m;
SELECT * FROM hung('m');

-- Storage that was chosen stays where the type allows it.
SELECT change_columns('m', 'SELECT 1 AS x, d, id, n::numeric, t::bytea AS tt FROM base');
SELECT * FROM differences('m', 'SELECT 1 AS x, d, id, n::numeric, t::bytea AS tt FROM base');
SELECT name, storage, compression FROM hung('m');
SELECT change_columns('m', 'SELECT 1 AS x, d, id, n::numeric, length(t) AS tt FROM base');
SELECT * FROM differences('m', 'SELECT 1 AS x, d, id, n::numeric, length(t) AS tt FROM base');
SELECT name, storage, compression FROM hung('m');

-- Dropped at the front and in the middle.
SELECT change_columns('m', 'SELECT d, id, length(t) AS tt FROM base');
DROP STATISTICS m_columns;
SELECT change_columns('m', 'SELECT d, id, length(t) AS tt FROM base');
SELECT * FROM differences('m', 'SELECT d, id, length(t) AS tt FROM base');
SELECT * FROM hung('m');

-- The same relation all along.
SELECT i.oid = 'm'::regclass AS relation, i.type = c.reltype AS row_type, i.rule = r.oid AS rule,
       x.indexrelid = i.indexes[1] AS index, obj_description('m'::regclass) AS comment
  FROM identity i, pg_class c, pg_rewrite r, pg_index x
 WHERE c.oid = 'm'::regclass AND r.ev_class = c.oid AND x.indrelid = c.oid;
VACUUM FULL m;
REINDEX TABLE m;
REFRESH MATERIALIZED VIEW CONCURRENTLY m;
SELECT bt_index_check('m_id', true);
SET ROLE regress_columns_reader;
SELECT count(d) FROM columns.m;
SELECT count(id) FROM columns.m;
RESET ROLE;

-- Refused: a name twice, an unknown rename, the session's own cursor, a type without a collation, and rows stored elsewhere.
SELECT change_columns('m', 'SELECT id, d, id FROM base');
SELECT change_columns('m', 'SELECT d, id, length(t) AS tt FROM base', '{nope,tt}');
SELECT change_columns('m', 'SELECT id, p || c AS x FROM (SELECT id, t COLLATE "C" AS c, t COLLATE "POSIX" AS p FROM base) b');
BEGIN;
DECLARE open_cursor CURSOR FOR SELECT * FROM m;
FETCH 1 FROM open_cursor;
SELECT change_columns('m', 'SELECT id FROM base');
ROLLBACK;
CREATE DOMAIN positive AS integer CHECK (VALUE > 0);
CREATE TABLE holds (r m[]);
INSERT INTO holds SELECT ARRAY[m] FROM m ORDER BY id LIMIT 1;
SELECT change_columns('m', 'SELECT id, d FROM base');
SELECT change_columns('m', 'SELECT d, id FROM base');
SELECT change_columns('m', 'SELECT d, id, length(t) AS tt, id::positive AS p FROM base');
-- As for ADD COLUMN, a stored row has null in a column that came later, and never what was there before a column went.
SELECT change_columns('m', 'SELECT d, id, length(t) AS tt, t FROM base');
SELECT * FROM differences('m', 'SELECT d, id, length(t) AS tt, t FROM base');
SELECT r[1].tt, r[1].t FROM holds;
DROP TABLE holds;

-- Any sequence of changes ends where a new view begins.
DO $$
DECLARE
    pool text[] := ARRAY['t', 'n', 'd', 'n::numeric AS n', 't::varchar(20) AS t', 't COLLATE "C" AS t', 'id * 2 AS twice',
                         'ARRAY[t, t] AS pair', 'base AS whole', 'd + 1 AS next', '''x''::"char" AS c'];
    definition text;
    difference text;
    different bigint := 0;
    changes bigint := 0;
BEGIN
    PERFORM setseed(0.4711);
    FOR round IN 1 .. 60 LOOP
        SELECT 'SELECT ' || string_agg(item, ', ' ORDER BY random()) || ' FROM base' INTO definition FROM (
            SELECT 'id' AS item
            UNION ALL SELECT item FROM (SELECT DISTINCT ON (substring(p FROM '\w+$')) p AS item FROM unnest(pool) p
                                         WHERE random() < 0.6 ORDER BY substring(p FROM '\w+$'), random()) picked) items;
        changes := changes + (change_columns('m', definition) = 'reshaped')::integer;
        FOR difference IN SELECT * FROM differences('m', definition) LOOP
            RAISE NOTICE '%: %', definition, difference;
            different := different + 1;
        END LOOP;
        PERFORM bt_index_check('m_id', true);
    END LOOP;
    RAISE NOTICE '% differences, most rounds reshaped: %', different, changes > 40;
END $$;

-- Rolled back to a savepoint, the numbers are the old ones again for a view that the same transaction refreshed.
SELECT change_columns('m', 'SELECT id, t, n FROM base');
REFRESH MATERIALIZED VIEW m;
BEGIN;
REFRESH MATERIALIZED VIEW m;
SAVEPOINT s;
SELECT change_columns('m', 'SELECT n, t, id FROM base');
REFRESH MATERIALIZED VIEW m;
ROLLBACK TO s;
SET LOCAL enable_seqscan = off;
SELECT * FROM m WHERE id = 77;
SELECT bt_index_check('m_id', true);
REFRESH MATERIALIZED VIEW m;
SELECT * FROM m WHERE id = 77;
COMMIT;

-- A plain view: defaults and options go on.
CREATE VIEW v WITH (security_barrier) AS SELECT id, n FROM base;
ALTER VIEW v ALTER COLUMN n SET DEFAULT 42;
SELECT change_columns('v', 'SELECT d, n, id FROM base');
SELECT a.attname, pg_get_expr(f.adbin, f.adrelid) AS "default", c.reloptions
  FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid LEFT JOIN pg_attrdef f ON f.adrelid = a.attrelid AND f.adnum = a.attnum
 WHERE a.attrelid = 'v'::regclass AND a.attnum > 0 ORDER BY a.attnum;
SELECT change_columns('v', 'SELECT d, id FROM base');
SELECT change_columns('v', 'SELECT d, n::numeric, id FROM base');
ALTER VIEW v ALTER COLUMN n DROP DEFAULT;
SELECT change_columns('v', 'SELECT d, n::numeric, id FROM base');
SELECT * FROM v ORDER BY id LIMIT 1;

RESET search_path;
SET client_min_messages = warning;
DROP SCHEMA columns CASCADE;
DROP ROLE regress_columns_reader, regress_columns_other;
