-- mv_refresh: rows, counts, reasons and records, of core's own strategies and of auto where little changed.
SET search_path = refresh, public;
CREATE SCHEMA refresh;

-- What is in the view against what its query returns now, as images: missing from the view, too much in it, rows of each.
-- Texts are compared, so that 1.0 is not 1.00 and json can be compared at all.
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

CREATE TABLE item (id int, price numeric, weight float8, tags text[], note text, doc json);
INSERT INTO item SELECT g, g * 1.0, g / 3.0, ARRAY['a', NULL, g::text], repeat('x', g), '{"b":1}' FROM generate_series(1, 10) g;
CREATE MATERIALIZED VIEW prices AS SELECT * FROM item WITH NO DATA;
SELECT name, action FROM mv_adopt('prices');

-- A view without rows is filled whatever was asked.
SELECT name, version, strategy, reason, rows_inserted, rows_updated, rows_deleted, rows_total FROM mv_refresh('prices', 'concurrently');
SELECT * FROM differences('prices');
REFRESH MATERIALIZED VIEW prices WITH NO DATA;
SELECT strategy, reason, rows_inserted, rows_total FROM mv_refresh('prices', 'swap');
REFRESH MATERIALIZED VIEW prices WITH NO DATA;
SELECT strategy, reason, rows_inserted, rows_total FROM mv_refresh('prices', 'partial', 'id > 3');
SELECT * FROM differences('prices');

-- The comparison sees a single difference of images, which equality does not.
UPDATE item SET price = 7.00 WHERE id = 7;
SELECT count(*) AS seen_by_equality
  FROM ((SELECT id, price FROM item EXCEPT ALL SELECT id, price FROM prices)
        UNION ALL (SELECT id, price FROM prices EXCEPT ALL SELECT id, price FROM item)) d;
SELECT * FROM differences('prices');

-- auto without a unique index knows all the same what changed.
SELECT strategy, reason, rows_inserted, rows_updated, rows_deleted, rows_total FROM mv_refresh('prices');
SELECT * FROM differences('prices');

-- With one that serves a changed row is an update. NULL arguments decide as defaults do.
CREATE UNIQUE INDEX prices_id ON prices (id);
UPDATE item SET price = 8.000, weight = '-0' WHERE id = 8;
DELETE FROM item WHERE id = 1;
INSERT INTO item VALUES (11, 'NaN', 'NaN', NULL, NULL, NULL), (12, NULL, 'inf', '{}', '', '[1, 2]');
SELECT strategy, reason, rows_inserted, rows_updated, rows_deleted, rows_total FROM mv_refresh('prices', NULL, NULL, NULL);
SELECT * FROM differences('prices');

-- Nothing to do: nothing written. json has no equality, so core compares images too.
SELECT strategy, reason, rows_inserted, rows_updated, rows_deleted, rows_total FROM mv_refresh('prices', 'concurrently');
SELECT strategy, reason, rows_inserted, rows_updated, rows_deleted, rows_total FROM mv_refresh('prices', 'native');
TRUNCATE item;
SELECT strategy, rows_inserted, rows_updated, rows_deleted, rows_total FROM mv_refresh('prices');
SELECT * FROM differences('prices');

-- Without the server's counters those of concurrently are not known.
INSERT INTO item (id) VALUES (1);
SET track_counts = off;
SELECT strategy, rows_inserted, rows_updated, rows_deleted, rows_total FROM mv_refresh('prices', 'concurrently');
INSERT INTO item (id) VALUES (99);
SELECT strategy, rows_inserted, rows_updated, rows_deleted, rows_total FROM mv_refresh('prices');
DELETE FROM item WHERE id = 99;
SELECT strategy, rows_inserted, rows_updated, rows_deleted, rows_total FROM mv_refresh('prices');
RESET track_counts;
SELECT * FROM differences('prices');

-- Indexes that do not serve concurrently; the others need none.
DROP INDEX prices_id;
CREATE UNIQUE INDEX prices_partial ON prices (id) WHERE id > 0;
SELECT strategy, reason FROM mv_refresh('prices', 'concurrently');
CREATE UNIQUE INDEX prices_expression ON prices (abs(id));
SELECT strategy, reason FROM mv_refresh('prices', 'concurrently');
CREATE UNIQUE INDEX "prices ""id""" ON prices (id);
SELECT strategy, reason FROM mv_refresh('prices', 'concurrently');
DROP INDEX prices_partial, prices_expression;

-- What is recorded. The view's time is that of the newest refresh.
SELECT strategy, strategy_used, strategy_reason, kind, reason, state, requested_by = session_user AS by_me,
       pid = pg_backend_pid() AS here, started_at <= finished_at AS in_order, blocked, wal_bytes > 0 AS wrote_wal,
       rows_inserted, rows_updated, rows_deleted, rows_total
  FROM mvmanager.run ORDER BY id DESC LIMIT 1;
SELECT v.refreshes_total = (SELECT count(*) FROM mvmanager.run r WHERE r.view_id = v.id AND r.state = 'succeeded') AS all_counted,
       v.failures_total, v.skipped_total,
       v.last_refresh_at BETWEEN r.started_at AND r.finished_at AS in_the_newest_run
  FROM mvmanager.view v, LATERAL (SELECT * FROM mvmanager.run r WHERE r.view_id = v.id ORDER BY r.id DESC LIMIT 1) r
 WHERE v.schema_name = 'refresh' AND v.view_name = 'prices';
SELECT run_id, duration > '0' AS took_time, blocked FROM mv_refresh('prices') \gset
SELECT :run_id = max(id) AS own_row, :'took_time'::bool AS took_time, :'blocked'::interval AS blocked FROM mvmanager.run;

-- In a transaction block: sees the transaction's own rows, and rolls back with it, records included.
CREATE TEMP TABLE before AS SELECT refreshes_total, last_refresh_at, (SELECT count(*) FROM mvmanager.run) AS runs
  FROM mvmanager.view WHERE schema_name = 'refresh' AND view_name = 'prices';
BEGIN;
INSERT INTO item (id) VALUES (2);
SELECT strategy, rows_inserted, rows_total FROM mv_refresh('prices');
INSERT INTO item (id) VALUES (3);
SELECT strategy, rows_inserted, rows_total FROM mv_refresh('prices', 'native');
SELECT * FROM differences('prices');
ROLLBACK;
SELECT * FROM differences('prices');
SELECT v.refreshes_total = b.refreshes_total AND v.last_refresh_at = b.last_refresh_at
       AND (SELECT count(*) FROM mvmanager.run) = b.runs AS as_before
  FROM mvmanager.view v, before b WHERE v.schema_name = 'refresh' AND v.view_name = 'prices';

-- Savepoints: only what stays is counted.
BEGIN;
INSERT INTO item (id) VALUES (4);
SAVEPOINT s;
INSERT INTO item (id) VALUES (5);
SELECT rows_inserted, rows_total FROM mv_refresh('prices');
ROLLBACK TO s;
SELECT rows_inserted, rows_deleted, rows_total FROM mv_refresh('prices');
SAVEPOINT t;
INSERT INTO item (id) VALUES (6);
SELECT rows_inserted, rows_deleted, rows_total FROM mv_refresh('prices');
RELEASE t;
SELECT rows_inserted, rows_deleted, rows_total FROM mv_refresh('prices');
COMMIT;
SELECT * FROM differences('prices');

-- From PL/pgSQL and DO, with the rows that the same command wrote before.
CREATE FUNCTION add_and_refresh(new_id int) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE done record;
BEGIN
    INSERT INTO item (id) VALUES (new_id);
    SELECT * INTO done FROM mv_refresh('refresh.prices');
    RETURN done.rows_inserted;
END $$;
SELECT add_and_refresh(20), add_and_refresh(21);
DO $$ BEGIN
    INSERT INTO item (id) VALUES (22);
    PERFORM mv_refresh('refresh.prices', 'native');
END $$;
DO $$ BEGIN
    PERFORM mv_refresh('refresh.prices', 'incremental');
EXCEPTION WHEN feature_not_supported THEN
    RAISE NOTICE 'caught: %', sqlerrm;
    PERFORM mv_refresh('refresh.prices');
END $$;
SELECT * FROM differences('prices');

-- REPEATABLE READ: the rows of the transaction's snapshot, which the view's time tells.
BEGIN ISOLATION LEVEL REPEATABLE READ;
INSERT INTO item (id) VALUES (23);
SELECT rows_inserted FROM mv_refresh('prices');
SELECT last_refresh_at = transaction_timestamp() AS time_of_snapshot FROM mvmanager.view WHERE schema_name = 'refresh' AND view_name = 'prices';
COMMIT;
SELECT * FROM differences('prices');

-- As owner, as member of the owning role, through a function of the owner's; and from 17 on with MAINTAIN.
CREATE ROLE refresh_owner;
CREATE ROLE refresh_member IN ROLE refresh_owner;
CREATE ROLE refresh_other;
GRANT USAGE ON SCHEMA refresh TO refresh_owner, refresh_other;
GRANT SELECT ON item TO refresh_owner;
ALTER MATERIALIZED VIEW prices OWNER TO refresh_owner;
CREATE FUNCTION refresh_for_others() RETURNS text LANGUAGE sql SECURITY DEFINER
    RETURN (SELECT strategy FROM mv_refresh('refresh.prices'));
ALTER FUNCTION refresh_for_others() OWNER TO refresh_owner;
SET ROLE refresh_owner;
SELECT strategy FROM mv_refresh('prices');
SET ROLE refresh_member;
SELECT strategy FROM mv_refresh('prices', 'native');
SET ROLE refresh_other;
SELECT strategy FROM mv_refresh('prices');
SELECT refresh_for_others();
RESET ROLE;
DO $$ BEGIN
    IF current_setting('server_version_num')::int >= 170000 THEN
        GRANT MAINTAIN ON prices TO refresh_other;
        SET LOCAL ROLE refresh_other;
        PERFORM mv_refresh('refresh.prices'), mv_refresh('refresh.prices', 'native');
        RESET ROLE;
        REVOKE MAINTAIN ON prices FROM refresh_other;
    END IF;
END $$;

-- Names: quoted, with dots, newlines and many bytes, the same in two schemas, found along search_path.
CREATE SCHEMA "We.ird";
CREATE MATERIALIZED VIEW "We.ird"."pr""i.ces
Größe" AS SELECT 1 AS one;
CREATE MATERIALIZED VIEW "We.ird".prices AS SELECT 1 AS one;
SELECT name, action FROM mv_adopt($$"We.ird"."pr""i.ces
Größe"$$);
SELECT name, action FROM mv_adopt('"We.ird".prices');
SELECT name, strategy FROM mv_refresh($$"We.ird"."pr""i.ces
Größe"$$);
SELECT name FROM mv_refresh('prices');
SET search_path = "We.ird", refresh, public;
SELECT name FROM mv_refresh('prices');
SELECT name FROM mv_refresh('PRICES');
SELECT name FROM mv_refresh('refresh.prices');
SELECT name FROM mv_refresh(format('%I.refresh.prices', current_database()));

SELECT name, action FROM mv_release('"We.ird".prices');
SELECT name, action FROM mv_release($$"We.ird"."pr""i.ces
Größe"$$);
SELECT name, action FROM mv_release('refresh.prices');
RESET search_path;
SET client_min_messages = warning;
DROP SCHEMA refresh, "We.ird" CASCADE;
DROP ROLE refresh_owner, refresh_member, refresh_other;
