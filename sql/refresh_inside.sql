-- A refresh inside other things: cursors and queries over the view, functions, savepoints, the view's own query; and what it says when
-- the new rows break a unique index.
CREATE SCHEMA inside;
SET search_path = inside, public;
CREATE TABLE base (id int, code text, amount numeric);
INSERT INTO base SELECT g, 'c' || g, g FROM generate_series(1, 6) g;
CREATE MATERIALIZED VIEW v AS SELECT id, code, amount FROM base;
CREATE UNIQUE INDEX v_id ON v (id);
CREATE UNIQUE INDEX v_code ON v (lower(code)) WHERE amount > 0;
SELECT action FROM mv_adopt('v');
CREATE FUNCTION differences() RETURNS TABLE (missing bigint, extra bigint, in_view bigint, in_query bigint)
LANGUAGE sql SET extra_float_digits = 3 AS $$
    WITH v AS (SELECT r::text COLLATE "C" AS image FROM inside.v r),
         q AS (SELECT r::text COLLATE "C" AS image FROM (SELECT id, code, amount FROM inside.base) r)
    SELECT (SELECT count(*) FROM (SELECT image FROM q EXCEPT ALL SELECT image FROM v) m),
           (SELECT count(*) FROM (SELECT image FROM v EXCEPT ALL SELECT image FROM q) e),
           (SELECT count(*) FROM v), (SELECT count(*) FROM q)
$$;

-- An open cursor or a running query over the view would lose its footing.
BEGIN;
DECLARE c CURSOR FOR SELECT id FROM v ORDER BY id;
FETCH 1 FROM c;
SAVEPOINT s;
SELECT mv_refresh('v', 'diff');
\echo :LAST_ERROR_SQLSTATE
ROLLBACK TO s;
SELECT mv_refresh('v', 'swap');
\echo :LAST_ERROR_SQLSTATE
ROLLBACK TO s;
SELECT mv_refresh('v', 'partial', 'id > 0');
\echo :LAST_ERROR_SQLSTATE
ROLLBACK TO s;
SELECT mv_refresh('v');
\echo :LAST_ERROR_SQLSTATE
ROLLBACK TO s;
FETCH 1 FROM c;
CLOSE c;
SELECT strategy FROM mv_refresh('v', 'diff');
COMMIT;
SELECT strategy FROM (SELECT id FROM v LIMIT 1) one, LATERAL mv_refresh('v', 'diff');
\echo :LAST_ERROR_SQLSTATE
SELECT strategy FROM (SELECT id FROM v LIMIT 1) one, LATERAL mv_refresh('v', 'swap');
\echo :LAST_ERROR_SQLSTATE
DO $$
DECLARE
    r record;
BEGIN
    FOR r IN SELECT id FROM inside.v LOOP
        PERFORM mv_refresh('inside.v', 'diff');
    END LOOP;
END $$;
\echo :LAST_ERROR_SQLSTATE
-- A held cursor has its rows already.
BEGIN;
DECLARE h CURSOR WITH HOLD FOR SELECT id FROM v ORDER BY id;
COMMIT;
UPDATE base SET amount = 1.0 WHERE id = 1;
SELECT strategy FROM mv_refresh('v', 'swap');
FETCH ALL FROM h;
CLOSE h;

-- Not from within its own query.
CREATE FUNCTION again(strategy text) RETURNS boolean LANGUAGE plpgsql SET search_path = public AS $$
BEGIN
    PERFORM mv_refresh('inside.self', strategy);
    RETURN true;
END $$;
CREATE MATERIALIZED VIEW self AS SELECT id FROM base WHERE CASE WHEN id > 100 THEN inside.again(code) ELSE true END;
SELECT action FROM mv_adopt('self');
INSERT INTO base VALUES (101, 'diff', 1);
SELECT mv_refresh('self', 'diff');
\echo :LAST_ERROR_SQLSTATE
SELECT mv_refresh('self', 'swap');
\echo :LAST_ERROR_SQLSTATE
UPDATE base SET code = 'swap' WHERE id = 101;
SELECT mv_refresh('self', 'diff');
\echo :LAST_ERROR_SQLSTATE
SELECT mv_refresh('self', 'swap');
\echo :LAST_ERROR_SQLSTATE
UPDATE base SET code = 'native' WHERE id = 101;
SELECT mv_refresh('self', 'diff');
\echo :LAST_ERROR_SQLSTATE
SELECT mv_refresh('self', 'swap');
\echo :LAST_ERROR_SQLSTATE
DELETE FROM base WHERE id > 100;
SELECT count(*) FROM self;

-- Savepoints and subtransactions: what is rolled back is gone, what is not is there.
BEGIN;
UPDATE base SET amount = 2.0 WHERE id = 2;
SAVEPOINT a;
SELECT strategy, rows_total FROM mv_refresh('v', 'diff');
ROLLBACK TO a;
SELECT missing, extra FROM differences();
SAVEPOINT b;
SELECT strategy FROM mv_refresh('v', 'swap');
ROLLBACK TO b;
SELECT missing, extra FROM differences();
SELECT strategy FROM mv_refresh('v', 'swap');
DELETE FROM base WHERE id = 3;
SELECT strategy, rows_deleted FROM mv_refresh('v', 'diff');
RELEASE a;
SELECT * FROM differences();
COMMIT;
SELECT * FROM differences();
BEGIN;
DELETE FROM base WHERE id = 4;
SELECT strategy FROM mv_refresh('v', 'swap');
SELECT strategy FROM mv_refresh('v', 'swap');
SELECT strategy FROM mv_refresh('v', 'native');
SELECT strategy FROM mv_refresh('v', 'diff');
SELECT * FROM differences();
ROLLBACK;
SELECT * FROM differences();
-- A function that catches the error of one strategy and goes on with another.
CREATE FUNCTION either() RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    BEGIN
        PERFORM mv_refresh('inside.v', 'swap');
        RAISE EXCEPTION USING ERRCODE = 'division_by_zero';
    EXCEPTION WHEN division_by_zero THEN
        RETURN (SELECT strategy FROM mv_refresh('inside.v', 'diff'));
    END;
END $$;
UPDATE base SET amount = 5.0 WHERE id = 5;
SELECT either();
SELECT * FROM differences();

-- Rows that break a unique index: the user's own index is named, the view stays, and so does everything else.
CREATE FUNCTION leftovers() RETURNS bigint LANGUAGE sql AS $$
    SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relname ~ '^pg_temp_[0-9]' OR n.nspname = 'mvmanager_data' AND c.relname ~ '__r[0-9]'
$$;
INSERT INTO base VALUES (5, 'twice', 50);
SELECT mv_refresh('v', 'diff');
SELECT mv_refresh('v', 'swap');
SELECT mv_refresh('v', 'partial', 'id > 4');
SELECT mv_refresh('v');
DELETE FROM base WHERE code = 'twice';
INSERT INTO base VALUES (7, 'C6', 7);
SELECT mv_refresh('v', 'diff');
SELECT mv_refresh('v', 'swap');
SELECT mv_refresh('v', 'partial', 'id > 4');
SELECT mv_refresh('v');
SELECT leftovers();
UPDATE base SET amount = -7 WHERE id = 7;
SELECT strategy, rows_inserted, rows_updated, rows_deleted FROM mv_refresh('v', 'diff');
SELECT * FROM differences();
-- Keys that change places break nothing.
UPDATE base SET id = 7 - id WHERE id BETWEEN 1 AND 6;
SELECT strategy FROM mv_refresh('v', 'diff');
SELECT * FROM differences();
UPDATE base SET code = 'c' || id WHERE id < 7;
SELECT strategy FROM mv_refresh('v', 'partial', 'id < 100');
SELECT * FROM differences();
-- An expression that fails for the new rows.
CREATE INDEX v_quotient ON v ((1 / id));
INSERT INTO base VALUES (0, 'zero', 0);
SELECT mv_refresh('v', 'diff');
SELECT mv_refresh('v', 'swap');
SELECT leftovers();
SELECT count(*) FROM v;

SET client_min_messages = warning;
SELECT count(*) FROM (SELECT mv_release(n) FROM unnest(ARRAY['v', 'self']) AS n) AS released;
DROP SCHEMA inside CASCADE;
