-- mv_refresh(..., 'partial', predicate): which rows it brings up to date, which it leaves, what it refuses.
CREATE SCHEMA partial_refresh;
SET search_path = partial_refresh, public;

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

CREATE TABLE usage (day date, customer int, units numeric);
INSERT INTO usage SELECT date '2026-01-01' + d, c, d + c / 10.0 FROM generate_series(0, 9) d, generate_series(1, 5) c;
CREATE MATERIALIZED VIEW daily AS
    SELECT day, customer, sum(units) AS units, count(*) AS entries FROM usage GROUP BY day, customer;
SELECT action FROM mv_adopt('daily');

-- Rows under the predicate become those of the query; the others are not looked at.
UPDATE usage SET units = units + 1 WHERE customer = 1;
INSERT INTO usage VALUES ('2026-01-10', 6, 60), ('2026-01-02', 6, 20);
DELETE FROM usage WHERE day = '2026-01-09' AND customer = 2;
SELECT strategy, reason, rows_inserted, rows_updated, rows_deleted, rows_total
  FROM mv_refresh('daily', 'partial', $$day >= date '2026-01-09'$$);
SELECT * FROM differences('daily');
SELECT day, customer, units, entries FROM daily WHERE day >= '2026-01-09' ORDER BY 1, 2;
-- The rest by another one, and then nothing is left to do.
SELECT rows_inserted, rows_updated, rows_deleted FROM mv_refresh('daily', 'partial', 'day < ''2026-01-09''');
SELECT * FROM differences('daily');
SELECT rows_inserted, rows_updated, rows_deleted FROM mv_refresh('daily', 'partial', 'customer > 0');

-- Where a unique index pairs old and new rows they are updated.
CREATE UNIQUE INDEX daily_key ON daily (day, customer);
UPDATE usage SET units = 7 WHERE day = '2026-01-10';
SELECT rows_inserted, rows_updated, rows_deleted FROM mv_refresh('daily', 'partial', $$day = '2026-01-10'$$);
SELECT * FROM differences('daily');

-- A row that moved under the predicate: the unique index finds what it was outside, and it is not there twice.
CREATE TABLE task (id int, state text, note text);
INSERT INTO task SELECT g, CASE WHEN g % 2 = 0 THEN 'open' ELSE 'done' END, 'n' || g FROM generate_series(1, 10) g;
CREATE MATERIALIZED VIEW tasks AS SELECT id, state, note FROM task;
CREATE UNIQUE INDEX tasks_id ON tasks (id);
CREATE UNIQUE INDEX tasks_note ON tasks (lower(note));
SELECT action FROM mv_adopt('tasks');
UPDATE task SET state = 'open', note = 'reopened' WHERE id = 3;
INSERT INTO task VALUES (11, 'open', 'new');
SELECT rows_inserted, rows_updated, rows_deleted, rows_total FROM mv_refresh('tasks', 'partial', $$state = 'open'$$);
SELECT * FROM differences('tasks');
-- Two keys of two rows: both give way.
UPDATE task SET note = 'n5', state = 'open' WHERE id = 1;
DELETE FROM task WHERE id = 5;
SELECT rows_inserted, rows_updated, rows_deleted, rows_total FROM mv_refresh('tasks', 'partial', $$state = 'open'$$);
SELECT * FROM differences('tasks');
-- Two rows of the query with one key are refused as ever, and the view stays.
INSERT INTO task VALUES (11, 'open', 'twice');
SELECT mv_refresh('tasks', 'partial', $$state = 'open'$$);
DELETE FROM task WHERE note = 'twice';
SELECT * FROM differences('tasks');

-- NULL is not true: such rows are outside.
INSERT INTO task VALUES (12, NULL, 'none');
SELECT rows_inserted FROM mv_refresh('tasks', 'partial', $$state = 'open'$$);
SELECT rows_inserted FROM mv_refresh('tasks', 'partial', $$state IS NULL$$);
SELECT * FROM differences('tasks');

-- Columns named anew in the view; functions by their schema; a predicate that is text like any other.
CREATE MATERIALIZED VIEW renamed ("the day", "Total") AS SELECT day, sum(units) FROM usage GROUP BY 1;
SELECT action FROM mv_adopt('renamed');
UPDATE usage SET units = units * 2 WHERE day IN ('2026-01-01', '2026-01-05');
SELECT rows_inserted, rows_deleted FROM mv_refresh('renamed', 'partial', $$"the day" <= make_date(2026, 1, 3)$$);
SELECT rows_inserted, rows_deleted FROM mv_refresh('renamed', 'partial', $$"the day" = '2026-01-05' OR 1 = 0$$);
SELECT * FROM differences('renamed');

-- A view without rows is filled whole.
REFRESH MATERIALIZED VIEW renamed WITH NO DATA;
SELECT strategy, reason, rows_inserted FROM mv_refresh('renamed', 'partial', $$"the day" = '2026-01-05'$$);

-- What is refused.
SELECT mv_refresh('daily', 'partial');
\echo :LAST_ERROR_SQLSTATE
SELECT mv_refresh('daily', 'diff', 'day > now()');
\echo :LAST_ERROR_SQLSTATE
SELECT mv_refresh('daily', 'partial', '');
\echo :LAST_ERROR_SQLSTATE
SELECT mv_refresh('daily', 'partial', 'day >');
\echo :LAST_ERROR_SQLSTATE
SELECT mv_refresh('daily', 'partial', 'day > now() ORDER BY day');
\echo :LAST_ERROR_SQLSTATE
SELECT mv_refresh('daily', 'partial', 'day > now(), true');
\echo :LAST_ERROR_SQLSTATE
SELECT mv_refresh('daily', 'partial', 'true) OR (true');
\echo :LAST_ERROR_SQLSTATE
SELECT mv_refresh('daily', 'partial', 'day > now(); DROP TABLE usage');
\echo :LAST_ERROR_SQLSTATE
SELECT mv_refresh('daily', 'partial', 'day AS d');
\echo :LAST_ERROR_SQLSTATE
SELECT mv_refresh('daily', 'partial', '*');
\echo :LAST_ERROR_SQLSTATE
SELECT mv_refresh('daily', 'partial', 'customer');
\echo :LAST_ERROR_SQLSTATE
SELECT mv_refresh('daily', 'partial', 'no_such_column = 1');
\echo :LAST_ERROR_SQLSTATE
SELECT mv_refresh('daily', 'partial', 'usage.day > now()');
\echo :LAST_ERROR_SQLSTATE
SELECT mv_refresh('daily', 'partial', 'customer = $1');
\echo :LAST_ERROR_SQLSTATE
SELECT mv_refresh('daily', 'partial', 'customer IN (SELECT 1)');
\echo :LAST_ERROR_SQLSTATE
SELECT mv_refresh('daily', 'partial', 'count(*) > 1');
\echo :LAST_ERROR_SQLSTATE
SELECT mv_refresh('daily', 'partial', 'row_number() OVER () > 1');
\echo :LAST_ERROR_SQLSTATE
SELECT mv_refresh('daily', 'partial', 'generate_series(1, customer) > 1');
\echo :LAST_ERROR_SQLSTATE
SELECT mv_refresh('daily', 'partial', 'customer > random()');
\echo :LAST_ERROR_SQLSTATE
SELECT mv_refresh('daily', 'partial', 'ctid > ''(0,1)''');
\echo :LAST_ERROR_SQLSTATE
SELECT mv_refresh('daily', 'partial', 'daily IS NOT NULL');
\echo :LAST_ERROR_SQLSTATE
SELECT mv_refresh('daily', 'partial', 'true');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM differences('daily');

SET client_min_messages = warning;
SET mvmanager.guard = off;
DROP SCHEMA partial_refresh CASCADE;
