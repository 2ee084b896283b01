-- mv_replace(..., build => 'now'): another definition under the same OID, and everything that hangs on the view stays.
CREATE SCHEMA rp;
SET search_path = rp, public;

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
-- Versions of a view, oldest first, without what differs from run to run.
CREATE FUNCTION versions(view text) RETURNS TABLE (version int, label text, state text, origin text, rows bigint, restorable bool, has_data bool)
LANGUAGE sql BEGIN ATOMIC
    SELECT h.version, h.label, h.state, h.origin, h.rows, h.restorable, h.has_data FROM mv_history(view) h ORDER BY h.version;
END;
-- Relations beside the views of this schema.
CREATE VIEW beside AS
    SELECT w.view_name, s.number, s.state, c.relkind, pg_get_userbyid(c.relowner) = pg_get_userbyid(l.relowner) AS same_owner, c.relispopulated
      FROM mvmanager.version_state s JOIN mvmanager.view w ON w.id = s.view_id AND w.schema_name = 'rp'
      JOIN pg_class c ON c.relname = s.relation_name AND c.relnamespace = to_regnamespace(s.relation_schema)
      JOIN pg_class l ON l.relname = w.view_name AND l.relnamespace = 'rp'::regnamespace
     ORDER BY w.view_name, s.number;
CREATE TABLE known (name text PRIMARY KEY, oid oid, filenode oid);
CREATE FUNCTION remember(view regclass) RETURNS void LANGUAGE sql AS
$$ INSERT INTO rp.known SELECT view::text, oid, relfilenode FROM pg_class WHERE oid = view ON CONFLICT (name) DO UPDATE SET oid = excluded.oid, filenode = excluded.filenode $$;
CREATE FUNCTION kept(view regclass) RETURNS TABLE (same_oid bool, same_file bool) LANGUAGE sql AS
$$ SELECT c.oid = k.oid, c.relfilenode = k.filenode FROM pg_class c JOIN rp.known k ON k.name = view::text WHERE c.oid = view $$;

CREATE TABLE sale (id int PRIMARY KEY, day date, shop text, amount numeric(10,2), note text, gone int);
INSERT INTO sale SELECT g, '2026-01-01'::date + g % 10, 'shop ' || g % 4, g * 1.25, repeat('n', g % 7), g FROM generate_series(1, 400) g;

-- ---- the same columns -------------------------------------------------------------------------------------------------
SELECT * FROM mv_create('daily', 'SELECT day, shop, sum(amount) AS total FROM sale GROUP BY day, shop',
    indexes => ARRAY['CREATE UNIQUE INDEX daily_key ON daily (day, shop)', 'CREATE INDEX ON daily (total)'], label => 'r1', build => 'now',
    comment => 'per day', options => '{"fillfactor": 80}');
CREATE ROLE regress_mv_reader;
GRANT USAGE ON SCHEMA rp TO regress_mv_reader;
GRANT SELECT ON daily TO regress_mv_reader;
GRANT SELECT (shop) ON daily TO PUBLIC;
COMMENT ON COLUMN daily.total IS 'euro';
COMMENT ON INDEX daily_key IS 'a day of a shop';
ALTER MATERIALIZED VIEW daily ALTER total SET STATISTICS 500, ALTER shop SET (n_distinct = 4), ALTER shop SET STORAGE EXTERNAL;
ALTER MATERIALIZED VIEW daily SET (autovacuum_analyze_scale_factor = 0.01);
CREATE INDEX by_hand ON daily (shop) WHERE total > 10;
CREATE STATISTICS daily_stats (dependencies) ON day, shop FROM daily;
CLUSTER daily USING daily_key;
ALTER MATERIALIZED VIEW daily OWNER TO CURRENT_USER;
CREATE VIEW by_shop AS SELECT shop, sum(total) AS total FROM daily GROUP BY shop;
CREATE MATERIALIZED VIEW top_days AS SELECT day, max(total) AS best FROM daily GROUP BY day;
CREATE FUNCTION total_of(s text) RETURNS numeric LANGUAGE sql BEGIN ATOMIC SELECT sum(total) FROM daily WHERE shop = s; END;
CREATE FUNCTION describe(d daily) RETURNS text LANGUAGE sql AS $$ SELECT d.shop || ' ' || d.total $$;
CREATE TABLE picked (id int, d daily);
INSERT INTO picked SELECT 1, d FROM daily d WHERE day = '2026-01-02' AND shop = 'shop 1';
PREPARE p AS SELECT count(*), sum(total) FROM daily;
EXECUTE p;
SELECT remember('daily');
SELECT * FROM mv_replace('daily', 'SELECT day, shop, sum(amount * 2) AS total FROM sale GROUP BY day, shop', label => 'r2', build => 'now');
SELECT * FROM kept('daily');
SELECT * FROM differences('daily');
EXECUTE p;
SELECT * FROM by_shop ORDER BY shop LIMIT 1;
SELECT total_of('shop 1'), describe(d) FROM daily d WHERE day = '2026-01-02' AND shop = 'shop 1';
SELECT (d).shop, (d).total FROM picked;
\d daily
SELECT has_table_privilege('regress_mv_reader', 'daily', 'SELECT') AS granted, obj_description('daily'::regclass, 'pg_class') AS comment,
       obj_description('daily_key'::regclass, 'pg_class') AS index_comment, col_description('daily'::regclass, 3) AS column_comment;
SELECT attname, attacl IS NOT NULL AS has_acl, coalesce(array_to_string(attoptions, ',') ~ 'n_distinct=4', false) AS has_option, attstorage FROM pg_attribute WHERE attrelid = 'daily'::regclass AND attnum > 0 ORDER BY attnum;
SELECT indexrelid::regclass, indisclustered, indisvalid FROM pg_index WHERE indrelid = 'daily'::regclass ORDER BY indexrelid::regclass::text COLLATE "C";
SELECT * FROM versions('daily');
SELECT * FROM beside;
-- The index finds what the view has, and the archive has what it had.
SET enable_seqscan = off;
SELECT total FROM daily WHERE day = '2026-01-02' AND shop = 'shop 1';
RESET enable_seqscan;
-- The comparison sees a single image that differs, which equality does not.
CREATE FUNCTION planted() RETURNS TABLE (missing bigint, extra bigint, in_view bigint, in_query bigint) LANGUAGE plpgsql AS $$
BEGIN
    UPDATE sale SET amount = amount + 0.01 WHERE id = 7;
    RETURN QUERY SELECT * FROM differences('daily');
    UPDATE sale SET amount = amount - 0.01 WHERE id = 7;
END $$;
SELECT * FROM planted();
-- Nothing to do: no lock, no version.
SELECT version, action, state FROM mv_replace('daily', 'SELECT sale.day, shop, sum(amount * 2) AS total FROM rp.sale GROUP BY 1, 2', label => 'r2', build => 'now');
-- What core does with a view, it does with this one.
REFRESH MATERIALIZED VIEW daily;
REFRESH MATERIALIZED VIEW CONCURRENTLY daily;
VACUUM FULL daily;
VACUUM (FREEZE, ANALYZE) daily;
REINDEX TABLE daily;
CLUSTER daily;
SELECT * FROM differences('daily');

-- ---- appended columns -------------------------------------------------------------------------------------------------
SELECT remember('daily');
SELECT * FROM mv_replace('daily', 'SELECT day, shop, sum(amount) AS total, count(*) AS n, array_agg(id ORDER BY id) AS ids FROM sale GROUP BY day, shop',
    indexes => ARRAY['CREATE UNIQUE INDEX daily_key ON daily (day, shop)', 'CREATE INDEX ON daily (n)'], label => 'r3', build => 'now');
SELECT * FROM kept('daily');
SELECT * FROM differences('daily');
SELECT attname, attnum, format_type(atttypid, atttypmod), attstattarget IS NOT NULL AND attstattarget > 0 AS has_target FROM pg_attribute WHERE attrelid = 'daily'::regclass AND attnum > 0 ORDER BY attnum;
SELECT relnatts, relispopulated, relchecks FROM pg_class WHERE oid = 'daily'::regclass;
EXECUTE p;
SELECT (d).shop, (d).total, (d).n, (d).ids FROM picked;
SELECT count(*) FROM pg_class c WHERE relnamespace = 'mvmanager_data'::regnamespace AND relkind = 'm' AND relname LIKE 'daily%';
SELECT indexrelid::regclass FROM pg_index WHERE indrelid = 'daily'::regclass ORDER BY indexrelid::regclass::text COLLATE "C";

-- ---- renamed columns --------------------------------------------------------------------------------------------------
-- Without a word about it, it is a column less and another more.
SELECT * FROM mv_replace('daily', 'SELECT day, shop AS place, sum(amount) AS total, count(*) AS n, array_agg(id ORDER BY id) AS ids FROM sale GROUP BY day, shop', build => 'now');
SELECT * FROM mv_replace('daily', 'SELECT day, shop AS place, sum(amount) AS total, count(*) AS n, array_agg(id ORDER BY id) AS ids FROM sale GROUP BY day, shop',
    rename_columns => '{"shop": "place"}', label => 'r4', build => 'now');
SELECT * FROM kept('daily');
SELECT * FROM differences('daily');
SELECT regexp_replace(pg_get_viewdef('by_shop'), '\m\w+\.', '', 'g') AS definition;
SELECT pg_get_indexdef('by_hand'::regclass);
SELECT pg_get_statisticsobjdef(oid) FROM pg_statistic_ext WHERE stxname = 'daily_stats';
SELECT * FROM by_shop ORDER BY shop LIMIT 1;
SELECT total_of('shop 1');
SELECT mv_replace('daily', 'SELECT 1 AS a', rename_columns => '{"nowhere": "a"}', build => 'now');
SELECT mv_replace('daily', 'SELECT 1 AS a', rename_columns => '{"day": "b"}', build => 'now');
SELECT mv_replace('daily', 'SELECT 1 AS a', rename_columns => '["day"]', build => 'now');
SELECT mv_replace('daily', 'SELECT 1 AS a', rename_columns => '{"day": 1}', build => 'now');

-- ---- dropped, retyped, reordered: refused with those who use them -----------------------------------------------------
SELECT mv_replace('daily', 'SELECT day, shop AS place, count(*) AS n FROM sale GROUP BY day, shop', build => 'now');
SELECT mv_replace('daily', 'SELECT day, shop AS place, sum(amount)::float8 AS total, count(*) AS n, array_agg(id ORDER BY id) AS ids FROM sale GROUP BY day, shop', build => 'now');
SELECT mv_replace('daily', 'SELECT shop AS place, day, sum(amount) AS total, count(*) AS n, array_agg(id ORDER BY id) AS ids FROM sale GROUP BY day, shop', build => 'now');
SELECT mv_replace('daily', 'SELECT shop AS place, day, sum(amount) AS total, count(*) AS n, array_agg(id ORDER BY id) AS ids FROM sale GROUP BY day, shop', build => 'now', dependents => 'recreate');
SELECT * FROM kept('daily');
SELECT * FROM differences('daily');
SELECT count(*) AS versions FROM mv_history('daily');
-- Columns nobody uses may go.
SELECT remember('daily');
SELECT mv_replace('daily', 'SELECT day, shop AS place, sum(amount) AS total FROM sale GROUP BY day, shop', build => 'now', drop_indexes => true, indexes => '{}');
SELECT mv_replace('daily', 'SELECT day, shop AS place, sum(amount) AS total FROM sale GROUP BY day, shop', build => 'now', drop_indexes => true, indexes => '{}', dependents => 'recreate');
SELECT * FROM mv_replace('daily', 'SELECT day, shop AS place, sum(amount) AS total FROM sale GROUP BY day, shop', label => 'r5', build => 'now');
DROP TABLE picked;
SELECT * FROM mv_replace('daily', 'SELECT day, shop AS place, sum(amount) AS total FROM sale GROUP BY day, shop', label => 'r5', build => 'now', drop_indexes => true, indexes => ARRAY['CREATE UNIQUE INDEX daily_key ON daily (day, place)']);
SELECT * FROM kept('daily');
SELECT * FROM differences('daily');
SELECT indexrelid::regclass FROM pg_index WHERE indrelid = 'daily'::regclass ORDER BY indexrelid::regclass::text COLLATE "C";
-- Dependents are stored anew, under their OIDs.
DROP FUNCTION describe(daily);
GRANT SELECT ON by_shop TO regress_mv_reader;
COMMENT ON VIEW by_shop IS 'kept';
SELECT remember('by_shop'), remember('top_days');
SELECT mv_replace('daily', 'SELECT shop AS place, sum(amount) AS total, day FROM sale GROUP BY day, shop', build => 'now');
SELECT * FROM mv_replace('daily', 'SELECT shop AS place, sum(amount) AS total, day FROM sale GROUP BY day, shop', label => 'r6', build => 'now', dependents => 'recreate');
SELECT * FROM kept('daily');
SELECT * FROM differences('daily');
SELECT * FROM kept('by_shop');
SELECT * FROM differences('top_days');
SELECT same_oid FROM kept('top_days');
SELECT * FROM by_shop ORDER BY shop LIMIT 2;
SELECT total_of('shop 1'), has_table_privilege('regress_mv_reader', 'by_shop', 'SELECT') AS granted, obj_description('by_shop'::regclass, 'pg_class') AS comment;
SELECT attname, attacl::text ~ '^\{=r/' AS for_public FROM pg_attribute WHERE attrelid = 'daily'::regclass AND attacl IS NOT NULL;
SELECT col_description('daily'::regclass, attnum) AS comment, attname FROM pg_attribute WHERE attrelid = 'daily'::regclass AND attnum > 0 ORDER BY attnum;
\d daily
EXECUTE p;
SELECT * FROM versions('daily');
-- Another type, which the dependents have to take up too.
SELECT mv_replace('daily', 'SELECT shop AS place, sum(amount)::float8 AS total, day FROM sale GROUP BY day, shop', build => 'now');
SELECT action, message FROM mv_replace('daily', 'SELECT shop AS place, sum(amount)::float8 AS total, day FROM sale GROUP BY day, shop', label => 'r7', build => 'now', dependents => 'recreate');
SELECT * FROM differences('daily');
SELECT * FROM differences('top_days');
SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid IN ('daily'::regclass, 'by_shop'::regclass, 'top_days'::regclass) AND attnum > 0 ORDER BY attrelid::regclass::text COLLATE "C", attnum;
REFRESH MATERIALIZED VIEW daily;
REFRESH MATERIALIZED VIEW top_days;
SELECT * FROM differences('top_days');
SELECT check_name, ok, detail FROM mv_verify('daily') WHERE NOT ok;

-- ---- the base tables are free ------------------------------------------------------------------------------------------
SELECT action FROM mv_create('loose', 'SELECT id, gone, note FROM sale', build => 'now', indexes => ARRAY['CREATE INDEX ON loose (gone)']);
SELECT action FROM mv_replace('loose', 'SELECT id FROM sale', build => 'now');
SELECT action FROM mv_replace('loose', 'SELECT id FROM sale', build => 'now', indexes => '{}', drop_indexes => true);
SELECT action FROM mv_replace('loose', 'SELECT id, day FROM sale', build => 'now');
SELECT * FROM differences('loose');
SELECT * FROM beside WHERE view_name = 'loose';
ALTER TABLE sale DROP COLUMN gone;
ALTER TABLE sale ALTER note TYPE varchar(50);
ALTER TABLE sale RENAME COLUMN note TO remark;
SELECT * FROM versions('loose');
SELECT action FROM mv_drop('loose');
SELECT count(*) FROM pg_class WHERE relnamespace = 'mvmanager_data'::regnamespace AND relname LIKE 'loose%';

-- ---- indexes ----------------------------------------------------------------------------------------------------------
SELECT action FROM mv_create('i', 'SELECT id, shop FROM sale', build => 'now', indexes => ARRAY['CREATE UNIQUE INDEX i_id ON i (id)']);
SELECT action, message FROM mv_replace('i', 'SELECT id, upper(shop) AS shop FROM sale', build => 'now', indexes => ARRAY['CREATE UNIQUE INDEX ON i (id)', 'CREATE INDEX ON i (lower(shop)) INCLUDE (id)', 'CREATE INDEX i_hash ON i USING hash (shop)']);
SELECT indexrelid::regclass FROM pg_index WHERE indrelid = 'i'::regclass ORDER BY indexrelid::regclass::text COLLATE "C";
-- Names that are taken: by another index of the view, by another relation.
SELECT mv_replace('i', 'SELECT id, shop || id AS shop FROM sale', build => 'now', indexes => ARRAY['CREATE INDEX i_hash ON i (shop)']);
SELECT mv_replace('i', 'SELECT id, shop || id AS shop FROM sale', build => 'now', indexes => ARRAY['CREATE INDEX sale ON i (shop)']);
SELECT mv_replace('i', 'SELECT id, shop || id AS shop FROM sale', build => 'now', indexes => ARRAY['CREATE INDEX ON sale (shop)']);
SELECT action FROM mv_replace('i', 'SELECT id, shop || id AS shop FROM sale', build => 'now', indexes => ARRAY['CREATE INDEX i_hash ON i (shop)'], drop_indexes => true);
SELECT indexrelid::regclass, pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid = 'i'::regclass ORDER BY 1;
-- A unique index the new rows do not allow leaves everything as it was.
SELECT mv_replace('i', 'SELECT id / 2 AS id, shop FROM sale', build => 'now', indexes => ARRAY['CREATE UNIQUE INDEX i_unique ON i (id)']);
SELECT * FROM differences('i');
SELECT * FROM versions('i');
SELECT count(*) FROM pg_class WHERE relnamespace = 'mvmanager_data'::regnamespace AND relname LIKE 'i\_\_v%' AND relkind = 'm';

-- ---- validation -------------------------------------------------------------------------------------------------------
SELECT action FROM mv_create('val', 'SELECT id FROM sale', build => 'now');
SELECT mv_replace('val', 'SELECT id FROM sale WHERE id > 100', build => 'now', validate => 'SELECT count(*) = 400 FROM val');
SELECT mv_replace('val', 'SELECT id FROM sale WHERE id > 100', build => 'now', validate => 'SELECT NULL::boolean FROM val');
SELECT mv_replace('val', 'SELECT id FROM sale WHERE id > 100', build => 'now', validate => 'SELECT count(*) FROM val');
SELECT mv_replace('val', 'SELECT id FROM sale WHERE id > 100', build => 'now', validate => 'SELECT 1 / (count(*) - count(*)) = 1 FROM val');
SELECT mv_replace('val', 'SELECT id FROM sale WHERE id > 100', build => 'now', validate => 'SELECT true WHERE false');
SELECT mv_replace('val', 'SELECT id FROM sale WHERE id > 100', build => 'now', validate => 'SELECT true FROM nowhere');
SELECT mv_replace('val', 'SELECT id FROM sale WHERE id > 100', build => 'now', validate => 'DELETE FROM sale RETURNING true');
SELECT mv_replace('val', 'SELECT id FROM sale WHERE id > 100', build => 'now', validate => 'SELECT true; SELECT true');
SELECT * FROM differences('val');
SELECT * FROM versions('val');
SELECT action FROM mv_replace('val', 'SELECT id FROM sale WHERE id > 100', build => 'now', validate => 'SELECT count(*) = 300 AND min(id) = 101 FROM val');
SELECT * FROM differences('val');

-- ---- made live by hand ------------------------------------------------------------------------------------------------
SELECT action FROM mv_create('m', 'SELECT id, shop FROM sale', build => 'now', indexes => ARRAY['CREATE UNIQUE INDEX m_id ON m (id)']);
GRANT SELECT ON m TO regress_mv_reader;
SELECT version, action, state FROM mv_replace('m', 'SELECT id, shop, day FROM sale', build => 'now', promote => 'manual', label => 'later');
SELECT * FROM beside WHERE view_name = 'm';
SET ROLE regress_mv_reader;
SELECT count(*) FROM rp.m;
RESET ROLE;
SELECT relation_name AS staged FROM mvmanager.version_state s JOIN mvmanager.view w ON w.id = s.view_id WHERE w.schema_name = 'rp' AND w.view_name = 'm' AND s.number = 2 \gset
SET ROLE regress_mv_reader;
SELECT count(*), count(day) AS days FROM mvmanager_data.:"staged";
RESET ROLE;
SELECT version, action, state FROM mv_replace('m', 'SELECT id, shop, day FROM sale', build => 'now', promote => 'manual', label => 'later');
-- The table goes on changing, and the live view with it: the version catches up.
INSERT INTO sale (id, day, shop, amount) VALUES (1001, '2026-02-01', 'shop 9', 1);
SELECT strategy FROM mv_refresh('m', 'diff');
SELECT remember('m');
SELECT version, action, state, message FROM mv_promote('m');
SELECT version, action, state, message FROM mv_promote('m', 2);
SELECT same_oid FROM kept('m');
SELECT * FROM differences('m');
SELECT * FROM beside WHERE view_name = 'm';
SELECT mv_promote('m', 1);
SELECT mv_promote('m', 9);
SELECT mv_promote('m', label => 'never');
SELECT mv_promote('m', 1, 'later');
SELECT mv_promote('val');
-- A second one supersedes the first.
SELECT version, state FROM mv_replace('m', 'SELECT id, shop, day, 3 AS x FROM sale', build => 'now', promote => 'manual');
SELECT version, state FROM mv_replace('m', 'SELECT id, shop, day, 4 AS x FROM sale', build => 'now', promote => 'manual');
SELECT * FROM versions('m');
SELECT * FROM beside WHERE view_name = 'm';
SELECT mv_promote('m', 3);
-- Given up.
SELECT version, action, state, message FROM mv_cancel('m', 4);
SELECT mv_cancel('m', 4);
SELECT mv_cancel('m', 2);
SELECT mv_cancel('m', 77);
SELECT mv_promote('m');
SELECT * FROM beside WHERE view_name = 'm';
BEGIN;
SET LOCAL client_min_messages = warning;
SELECT version, action, state FROM mv_replace('m', 'SELECT id, shop, day, 5 AS x FROM sale', build => 'background', label => 'five');
SELECT mv_promote('m', 5);
ROLLBACK;
BEGIN;
SET LOCAL client_min_messages = warning;
SELECT version, action, state FROM mv_replace('m', 'SELECT id, shop, day, 5 AS x FROM sale', build => 'background', label => 'five');
SELECT version, action, state FROM mv_replace('m', 'SELECT id, shop, day, 5 AS x FROM sale', build => 'background', label => 'five');
SELECT mode FROM pg_locks WHERE relation = 'm'::regclass AND pid = pg_backend_pid();
SELECT version, action, state FROM mv_replace('m', 'SELECT id, shop, day, 6 AS x FROM sale', build => 'background');
SELECT version, action, state FROM mv_cancel('m', 6);
SELECT kind, state, version FROM mvmanager.run r JOIN mvmanager.view w ON w.id = r.view_id WHERE w.schema_name = 'rp' AND w.view_name = 'm' AND kind = 'build' ORDER BY r.id;
SELECT version, state FROM versions('m') WHERE version > 4;
ROLLBACK;
-- Wanted again as it is: what waits is given up.
SELECT version, state FROM mv_replace('m', 'SELECT id, shop, day, 6 AS x FROM sale', build => 'now', promote => 'manual');
SELECT version, action, state, message FROM mv_replace('m', 'SELECT id, shop, day FROM sale', build => 'now');
SELECT * FROM versions('m');

-- ---- what is live without rows ----------------------------------------------------------------------------------------
SELECT action FROM mv_create('bare', 'SELECT id, shop FROM sale', with_data => false, indexes => ARRAY['CREATE UNIQUE INDEX bare_id ON bare (id)']);
SELECT action, message FROM mv_replace('bare', 'SELECT id, shop, day FROM sale', build => 'now');
SELECT relispopulated FROM pg_class WHERE oid = 'bare'::regclass;
SELECT strategy FROM mv_refresh('bare');
SELECT * FROM differences('bare');
SELECT * FROM versions('bare');
SELECT action FROM mv_create('empty', 'SELECT id, shop FROM sale WHERE false', build => 'now', indexes => ARRAY['CREATE UNIQUE INDEX empty_id ON empty (id)']);
SELECT action FROM mv_replace('empty', 'SELECT id, shop, day FROM sale WHERE id < 0', build => 'now');
SELECT * FROM differences('empty');
SELECT action FROM mv_replace('empty', 'SELECT id, shop, day FROM sale', build => 'now');
SELECT * FROM differences('empty');
SELECT action FROM mv_create('nocolumns', 'SELECT FROM sale', build => 'now');
SELECT action FROM mv_replace('nocolumns', 'SELECT FROM sale WHERE id < 5', build => 'now');
SELECT count(*) FROM nocolumns;
SELECT action FROM mv_replace('nocolumns', 'SELECT id FROM sale WHERE id < 5', build => 'now');
SELECT * FROM differences('nocolumns');

-- ---- names ------------------------------------------------------------------------------------------------------------
CREATE SCHEMA "rp ""2'";
SELECT action FROM mv_create('"rp ""2''".daily', 'SELECT id FROM sale', build => 'now', indexes => ARRAY['CREATE UNIQUE INDEX "in ""d''x" ON "rp ""2''".daily (id)']);
SELECT name, version, action FROM mv_replace('"rp ""2''".daily', 'SELECT id, day AS "d a""y''" FROM sale', build => 'now');
SELECT * FROM differences('"rp ""2''".daily');
SELECT indexrelid::regclass FROM pg_index WHERE indrelid = '"rp ""2''".daily'::regclass;
SELECT action FROM mv_create('"ääääääääääääääääääääääääääääääx"', 'SELECT id FROM sale', build => 'now', indexes => ARRAY['CREATE INDEX ON "ääääääääääääääääääääääääääääääx" (id)']);
SELECT action FROM mv_replace('"ääääääääääääääääääääääääääääääx"', 'SELECT id, day FROM sale', build => 'now');
SELECT action FROM mv_replace('"ääääääääääääääääääääääääääääääx"', 'SELECT id, day, shop FROM sale', build => 'now');
SELECT * FROM differences('"ääääääääääääääääääääääääääääääx"');
SELECT count(*), bool_and(octet_length(relation_name) <= 63) FROM mvmanager.version_state s JOIN mvmanager.view w ON w.id = s.view_id WHERE view_name LIKE 'ää%' AND relation_name IS NOT NULL;
SELECT action FROM mv_drop('"ääääääääääääääääääääääääääääääx"');

-- ---- transactions -----------------------------------------------------------------------------------------------------
CREATE VIEW traces AS
    SELECT (SELECT count(*) FROM mvmanager.version) AS versions, (SELECT count(*) FROM mvmanager.change) AS changes, (SELECT count(*) FROM mvmanager.version_state) AS states,
           (SELECT count(*) FROM mvmanager.run) AS runs, (SELECT count(*) FROM pg_class WHERE relnamespace = 'mvmanager_data'::regnamespace) AS relations, (SELECT count(*) FROM pg_depend) AS depends;
SELECT action FROM mv_create('t', 'SELECT id, shop FROM sale', build => 'now', indexes => ARRAY['CREATE UNIQUE INDEX t_id ON t (id)']);
SELECT remember('t');
CREATE TABLE before AS SELECT * FROM traces;
UPDATE before SET (versions, changes, states, runs, relations, depends) = (SELECT * FROM traces);
BEGIN;
SELECT action FROM mv_replace('t', 'SELECT id, shop, day FROM sale', build => 'now', indexes => ARRAY['CREATE UNIQUE INDEX t_id ON t (id)', 'CREATE INDEX ON t (day)']);
SELECT * FROM differences('t');
SAVEPOINT s;
SELECT action FROM mv_replace('t', 'SELECT shop, id FROM sale', build => 'now', drop_indexes => true, indexes => '{}');
SELECT * FROM differences('t');
ROLLBACK TO s;
SELECT * FROM differences('t');
SELECT action FROM mv_replace('t', 'SELECT id, shop, day, 1 AS one FROM sale', build => 'now');
SELECT * FROM differences('t');
SELECT action FROM mv_rollback('t');
SELECT * FROM differences('t');
ROLLBACK;
SELECT * FROM kept('t');
SELECT * FROM differences('t');
SELECT row(t.*) = row(b.*) AS nothing_left FROM traces t, before b;
DROP TABLE before;
BEGIN;
SELECT action FROM mv_replace('t', 'SELECT id, shop, day FROM sale', build => 'now');
SAVEPOINT s;
SELECT action FROM mv_replace('t', 'SELECT id, shop, day, 1 AS one FROM sale', build => 'now');
ROLLBACK TO s;
COMMIT;
SELECT * FROM differences('t');
SELECT * FROM versions('t');
-- A snapshot for the whole transaction: what the query returns is of now, as with REFRESH.
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT count(*) FROM t;
SELECT action FROM mv_replace('t', 'SELECT id, shop FROM sale WHERE id < 300', build => 'now');
SELECT count(*) FROM t;
COMMIT;
SELECT * FROM differences('t');
-- A query of this session that has it open.
BEGIN;
DECLARE c CURSOR FOR SELECT * FROM t;
FETCH 1 FROM c;
\set VERBOSITY sqlstate
SELECT mv_replace('t', 'SELECT id, shop FROM sale', build => 'now');
ROLLBACK;
SELECT mv_replace('t', 'SELECT id, shop FROM sale', build => 'now') FROM t LIMIT 1;
\set VERBOSITY default
BEGIN READ ONLY;
SELECT mv_replace('t', 'SELECT id, shop FROM sale', build => 'now');
ROLLBACK;

-- ---- refused ----------------------------------------------------------------------------------------------------------
SELECT mv_replace('t', 'SELECT id FROM sale WHERE id = $1', build => 'now');
SELECT mv_replace('t', 'SELECT id FROM t', build => 'now');
SELECT mv_replace('t', 'SELECT id FROM sale; SELECT 1', build => 'now');
SELECT mv_replace('t', 'DELETE FROM sale RETURNING id', build => 'now');
SELECT mv_replace('t', 'SELECT 1 / (id - id) AS id FROM sale', build => 'now', drop_indexes => true, indexes => '{}');
SELECT mv_replace('t', NULL);
SELECT mv_replace(NULL, 'SELECT 1');
SELECT mv_replace('nowhere', 'SELECT 1 AS a');
SELECT mv_replace('top_days', 'SELECT 1 AS a');
SELECT mv_replace('sale', 'SELECT 1 AS a');
SELECT mv_replace('t', 'SELECT 1 AS a', build => 'soon');
SELECT mv_replace('t', 'SELECT 1 AS a', promote => 'soon');
SELECT mv_replace('t', 'SELECT 1 AS a', dependents => 'cascade');
SELECT mv_replace('t', 'SELECT id, id FROM sale', build => 'now');
SELECT mv_replace('t', 'SELECT id, shop FROM sale', build => 'now', options => '{"tablespace": "pg_global"}');
SELECT mv_replace('t', 'SELECT id, shop FROM sale', build => 'now', options => '{"fillfactor": 5}');
SET ROLE regress_mv_reader;
SELECT mv_replace('rp.t', 'SELECT 1 AS a', build => 'now');
SELECT mv_rollback('rp.t');
SELECT mv_promote('rp.t');
SELECT mv_cancel('rp.t', 1);
SELECT mv_prune('rp.t');
SELECT * FROM mv_prune();
RESET ROLE;
SELECT * FROM differences('t');
-- A circle, also through what is only queued.
SELECT action FROM mv_create('u', 'SELECT id FROM t', build => 'now');
SELECT mv_replace('t', 'SELECT id, ''x'' AS shop FROM u', build => 'now');
SELECT action FROM mv_create('w', 'SELECT id FROM sale', build => 'now');
SELECT action, state FROM mv_replace('w', 'SELECT id FROM u', build => 'now', promote => 'manual');
SELECT mv_replace('t', 'SELECT id, ''x'' AS shop FROM w', build => 'now');
SELECT action FROM mv_drop('w');
-- A view that reads a managed view goes on reading it.
SELECT action FROM mv_replace('u', 'SELECT id, 2 AS two FROM t', build => 'now');
SELECT action FROM mv_replace('t', 'SELECT id, shop, day FROM sale', build => 'now');
SELECT rows_inserted > 0 FROM mv_refresh('u');
SELECT * FROM differences('u');

-- ---- kinds of rows and tables -----------------------------------------------------------------------------------------
CREATE TABLE wide (id int, body text, raw text);
ALTER TABLE wide ALTER raw SET STORAGE EXTERNAL;
INSERT INTO wide SELECT g, repeat('body ' || g, 2000), (SELECT string_agg(md5(g::text || i), '') FROM generate_series(1, 100) i) FROM generate_series(1, 100) g;
SELECT action FROM mv_create('toasted', 'SELECT id, raw FROM wide', build => 'now');
SELECT action FROM mv_replace('toasted', 'SELECT id, raw, body, upper(raw) AS big FROM wide', build => 'now');
SELECT * FROM differences('toasted');
SELECT action FROM mv_replace('toasted', 'SELECT id FROM wide', build => 'now');
SELECT * FROM differences('toasted');
SELECT action FROM mv_rollback('toasted');
SELECT * FROM differences('toasted');
VACUUM FULL toasted;
SELECT * FROM differences('toasted');
-- No TOAST table, and then one.
SELECT action FROM mv_create('narrow', 'SELECT id FROM wide', build => 'now');
SELECT action FROM mv_replace('narrow', 'SELECT id, raw FROM wide', build => 'now');
SELECT * FROM differences('narrow');
REFRESH MATERIALIZED VIEW narrow;
SELECT * FROM differences('narrow');
SELECT action FROM mv_rollback('narrow');
SELECT * FROM differences('narrow');
CREATE TABLE part (id int, v text) PARTITION BY RANGE (id);
CREATE TABLE part1 PARTITION OF part FOR VALUES FROM (0) TO (50);
CREATE TABLE part2 PARTITION OF part FOR VALUES FROM (50) TO (100);
INSERT INTO part SELECT g, 'v' || g FROM generate_series(0, 99) g;
SELECT action FROM mv_create('of_part', 'SELECT id FROM part', build => 'now');
SELECT action FROM mv_replace('of_part', 'SELECT id, v FROM part', build => 'now');
ALTER TABLE part DETACH PARTITION part2;
SELECT * FROM differences('of_part');
SELECT action FROM mv_replace('of_part', 'SELECT id, v || v AS v FROM part', build => 'now');
SELECT * FROM differences('of_part');

-- ---- no longer managed ------------------------------------------------------------------------------------------------
SELECT relation_name AS kept_rows FROM mvmanager.version_state s JOIN mvmanager.view w ON w.id = s.view_id WHERE w.schema_name = 'rp' AND w.view_name = 'of_part' AND s.state = 'archived' \gset
SELECT action FROM mv_release('of_part');
SELECT count(*) FROM mvmanager_data.:"kept_rows";
DROP MATERIALIZED VIEW mvmanager_data.:"kept_rows";
REFRESH MATERIALIZED VIEW of_part;
SELECT action FROM mv_release('toasted', archives => 'drop');
SELECT count(*) FROM pg_class WHERE relnamespace = 'mvmanager_data'::regnamespace AND relname LIKE 'toasted%';
SELECT mv_release('narrow', archives => 'burn');

-- The extension goes, the views and what was kept of their versions stay what they are: ordinary materialized views.
SELECT relation_name AS kept_rows FROM mvmanager.version_state s JOIN mvmanager.view w ON w.id = s.view_id WHERE w.schema_name = 'rp' AND w.view_name = 't' AND s.state = 'archived' \gset
SELECT count(*) FROM mvmanager_data.:"kept_rows";
BEGIN;
SET LOCAL client_min_messages = warning;
DROP VIEW beside, traces;
DROP FUNCTION versions(text);
DROP EXTENSION mvmanager;
SELECT count(*) FROM mvmanager_data.:"kept_rows";
REFRESH MATERIALIZED VIEW t;
REFRESH MATERIALIZED VIEW daily;
SELECT * FROM differences('t');
SELECT * FROM differences('daily');
DROP MATERIALIZED VIEW mvmanager_data.:"kept_rows";
ROLLBACK;
SELECT count(*) FROM mvmanager_data.:"kept_rows";

SET client_min_messages = warning;
SELECT count(*) FROM mv_release(archives => 'drop') WHERE name LIKE 'rp.%';
SELECT count(*) FROM mvmanager.version_state s JOIN mvmanager.view w ON w.id = s.view_id JOIN pg_class c ON c.relname = s.relation_name
 WHERE w.schema_name ~ '^rp' AND c.relnamespace = 'mvmanager_data'::regnamespace;
DROP SCHEMA rp, "rp ""2'" CASCADE;
DROP ROLE regress_mv_reader;
