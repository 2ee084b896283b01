-- Strategy auto: which way it takes, what it says of it, and that the rows are right whichever it takes.
CREATE SCHEMA auto_refresh;
SET search_path = auto_refresh, public;

-- Missing from the view, too much in it, rows of each, by image.
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
CREATE TABLE entry (account int, amount numeric, note text);
INSERT INTO entry SELECT g, g, repeat('x', 40) FROM generate_series(1, 20000) g;
CREATE MATERIALIZED VIEW totals AS SELECT account, amount, note FROM entry;
CREATE UNIQUE INDEX totals_account ON totals (account);
CREATE INDEX totals_amount ON totals (amount);
SELECT action FROM mv_adopt('totals');
-- Whether the view has the files that it had when this was last asked.
CREATE TABLE file (node oid);
CREATE FUNCTION same_file() RETURNS boolean LANGUAGE sql AS $$
    WITH old AS (DELETE FROM auto_refresh.file RETURNING node),
         new AS (INSERT INTO auto_refresh.file SELECT pg_relation_filenode('auto_refresh.totals') RETURNING node)
    SELECT (SELECT node FROM old) = (SELECT node FROM new)
$$;

SELECT same_file();

-- Nothing, little and much to do.
SELECT strategy, reason, rows_inserted, rows_updated, rows_deleted, rows_total, wal_bytes < 10000 AS little_wal FROM mv_refresh('totals');
UPDATE entry SET amount = -amount WHERE account <= 10;
DELETE FROM entry WHERE account = 11;
SELECT strategy, reason, rows_inserted, rows_updated, rows_deleted, rows_total FROM mv_refresh('totals');
SELECT same_file();
SELECT * FROM differences('totals');
UPDATE entry SET amount = amount + 1;
SELECT strategy, regexp_replace(reason, '\d+ of', '... of') AS reason, rows_inserted, rows_updated, rows_deleted, rows_total FROM mv_refresh('totals');
SELECT same_file();
SELECT * FROM differences('totals');
SELECT strategy, strategy_used, regexp_replace(strategy_reason, '\d+ of', '... of') AS strategy_reason FROM mvmanager.run ORDER BY id DESC LIMIT 1;

-- Where the lock would outlast the call, rows are written: in a transaction block, a function, beside another call.
BEGIN;
UPDATE entry SET amount = amount + 1;
SELECT strategy, reason, rows_total FROM mv_refresh('totals');
COMMIT;
SELECT same_file();
UPDATE entry SET amount = amount + 1;
DO $$ BEGIN RAISE NOTICE '%', (mv_refresh('totals')).strategy; END $$;
SELECT same_file();
UPDATE entry SET amount = amount + 1;
SELECT (mv_refresh('totals')).strategy, (mv_refresh('totals')).strategy;
UPDATE entry SET amount = amount + 1;
SELECT (SELECT (mv_refresh('totals')).strategy);
UPDATE entry SET amount = amount + 1;
SELECT (mv_refresh(v)).strategy FROM (VALUES ('totals'), ('totals')) n (v);
UPDATE entry SET amount = amount + 1;
SELECT strategy, rows_total FROM mv_refresh_all('{auto_refresh}');
SELECT same_file();
SELECT * FROM differences('totals');

-- All those dead rows: the view is bloated, which alone is a reason.
SELECT strategy, regexp_replace(reason, '\d+ MB of rows in \d+ MB', '... MB of rows in ... MB') AS reason, rows_inserted, rows_updated, rows_deleted, rows_total
  FROM mv_refresh('totals');
SELECT same_file();
SELECT * FROM differences('totals');

-- A prepared statement is a statement of its own.
PREPARE refresh AS SELECT strategy FROM mv_refresh('totals');
UPDATE entry SET amount = amount + 1;
EXECUTE refresh;

-- All rows gone, and back.
TRUNCATE entry;
SELECT strategy, rows_inserted, rows_updated, rows_deleted, rows_total FROM mv_refresh('totals');
SELECT * FROM differences('totals');
INSERT INTO entry SELECT g, g, 'n' FROM generate_series(1, 3) g;
SELECT strategy, reason, rows_inserted, rows_updated, rows_deleted, rows_total FROM mv_refresh('totals');
SELECT * FROM differences('totals');

-- Rows that break a unique index are refused either way, by the index's own name, and the view stays.
INSERT INTO entry SELECT 1, g, 'n' FROM generate_series(1, 2) g;
SELECT mv_refresh('totals');
INSERT INTO entry SELECT 1, g, 'n' FROM generate_series(1, 20000) g;
SELECT mv_refresh('totals');
SELECT count(*) FROM totals;
SELECT count(*) AS left_over FROM pg_class WHERE relnamespace = to_regnamespace('mvmanager_data') AND relname ~ '__r[0-9]';

SET client_min_messages = warning;
SET mvmanager.guard = off;
DROP SCHEMA auto_refresh CASCADE;
