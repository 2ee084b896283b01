-- mv_refresh_all: dependency order, one failure stops only what reads it, who gets which views.
CREATE SCHEMA all_a;
CREATE SCHEMA all_b;
SET search_path = all_a, public;

-- Missing from the view, too much in it, rows of each, by images.
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
CREATE VIEW truth AS
    SELECT m.schemaname || '.' || m.matviewname AS view, d.*
      FROM pg_matviews m, differences(format('%I.%I', m.schemaname, m.matviewname)::regclass) d
     WHERE m.schemaname IN ('all_a', 'all_b') AND m.ispopulated ORDER BY 1;

-- A chain through a plain view and through a view that is not managed, and a diamond; adopted top first, so that the order
-- of their ids is the wrong one.
CREATE TABLE sales (id int, amount numeric);
INSERT INTO sales VALUES (1, 10), (2, 20), (3, 30);
CREATE MATERIALIZED VIEW bottom AS SELECT id, amount FROM sales;
CREATE MATERIALIZED VIEW "left" AS SELECT id, amount * 2 AS twice FROM bottom;
CREATE VIEW plain AS SELECT id, amount FROM bottom WHERE id > 1;
CREATE VIEW plainer AS SELECT * FROM plain;
CREATE MATERIALIZED VIEW "right" AS SELECT id, 60 / amount AS share FROM plainer;
CREATE MATERIALIZED VIEW top AS SELECT l.twice, r.share FROM "left" l LEFT JOIN "right" r USING (id);
CREATE MATERIALIZED VIEW all_b.unmanaged AS SELECT count(*) AS n FROM all_a.top;
CREATE MATERIALIZED VIEW all_b.far AS SELECT n FROM all_b.unmanaged;
CREATE MATERIALIZED VIEW all_b.apart AS SELECT count(*) AS n FROM all_a.sales WITH NO DATA;
SELECT a.name, a.action
  FROM unnest(ARRAY['all_b.far', 'top', '"right"', '"left"', 'bottom', 'all_b.apart']) n, mv_adopt(n) a;

-- Every view once, after what it reads: one round makes all of them true.
INSERT INTO sales VALUES (4, 40);
CREATE UNIQUE INDEX bottom_id ON bottom (id);
SELECT name, strategy, reason, rows_inserted, rows_deleted, rows_total, run_id IS NOT NULL AS recorded
  FROM mv_refresh_all('{all_a,all_b}');
SELECT * FROM truth;

-- A failure in the middle: what reads it is skipped and told of it, the rest is fresh.
INSERT INTO sales VALUES (5, 0);
SELECT name, version, strategy, reason, rows_total, duration IS NULL AS no_duration, run_id
  FROM mv_refresh_all('{all_a,all_b}') WHERE strategy IN ('failed', 'skipped');
SELECT view, d.* FROM unnest(ARRAY['bottom', '"left"', 'all_b.apart']) view, differences(view::regclass) d;
SELECT (SELECT count(*) FROM "right") AS old_right, (SELECT count(*) FROM top) AS old_top, (SELECT n FROM all_b.far) AS old_far;
SELECT view_name, refreshes_total, failures_total, skipped_total FROM mvmanager.view
 WHERE schema_name IN ('all_a', 'all_b') AND ended_at IS NULL ORDER BY id;
SELECT v.view_name, r.state, count(*) FROM mvmanager.run r JOIN mvmanager.view v ON v.id = r.view_id
 WHERE v.schema_name IN ('all_a', 'all_b') GROUP BY 1, 2 ORDER BY v.view_name COLLATE "C";

-- The same inside a transaction block and with a handler around it: it rolls back as a whole.
BEGIN;
DELETE FROM sales WHERE id = 5;
SELECT name, strategy FROM mv_refresh_all('{all_a}');
ROLLBACK;
SELECT (SELECT count(*) FROM "right") AS old_right, (SELECT count(*) FROM bottom) AS bottom;

-- Repaired: all of them again.
DELETE FROM sales WHERE id = 5;
SELECT name, strategy, rows_total FROM mv_refresh_all('{all_a}');
SELECT view, missing, extra FROM truth WHERE missing + extra > 0;
SELECT name, strategy, rows_total FROM mv_refresh_all('{all_b}');
SELECT name FROM mv_refresh_all('{}');

-- A view that the session is reading fails alone.
BEGIN;
DECLARE reader CURSOR FOR SELECT * FROM "left";
FETCH 1 FROM reader;
SELECT name, strategy, reason FROM mv_refresh_all('{all_a}') WHERE strategy IN ('failed', 'skipped');
COMMIT;

-- A serialization failure is a failure like others, but where the whole transaction has one snapshot it ends the call: only
-- a new transaction can do better.
CREATE FUNCTION conflict(int) RETURNS int LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'could not serialize' USING ERRCODE = 'serialization_failure';
END $$;
CREATE MATERIALIZED VIEW all_b.conflicting AS SELECT all_a.conflict(1) AS one WITH NO DATA;
SELECT name, action FROM mv_adopt('all_b.conflicting');
SELECT name, strategy, reason FROM mv_refresh_all('{all_b}');
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT name FROM mv_refresh_all('{all_b}');
\echo :LAST_ERROR_SQLSTATE
ROLLBACK;
SELECT name, action FROM mv_release('all_b.conflicting');
DROP MATERIALIZED VIEW all_b.conflicting;

-- Without names: what the caller may refresh, and nothing else.
CREATE ROLE all_owner;
GRANT USAGE ON SCHEMA all_a, all_b TO all_owner;
GRANT SELECT ON sales TO all_owner;
ALTER MATERIALIZED VIEW all_b.apart OWNER TO all_owner;
SET ROLE all_owner;
SELECT name, strategy, rows_total FROM mv_refresh_all();
SELECT name FROM mv_refresh_all('{all_b}');
RESET ROLE;

-- Dropped where no event trigger tells us: told to who owns the extension, unseen by others.
SET session_replication_role = replica;
DROP MATERIALIZED VIEW all_b.apart;
RESET session_replication_role;
SELECT name, strategy, reason FROM mv_refresh_all('{all_b}');
SET ROLE all_owner;
SELECT name FROM mv_refresh_all();
RESET ROLE;

SELECT name, action FROM mv_release('all_b.apart');
SELECT name, action FROM mv_release('all_b.far');
SELECT name, action FROM mv_release('top');
SELECT name, action FROM mv_release('"right"');
SELECT name, action FROM mv_release('"left"');
SELECT name, action FROM mv_release('bottom');
RESET search_path;
SET client_min_messages = warning;
DROP SCHEMA all_a, all_b CASCADE;
DROP ROLE all_owner;
