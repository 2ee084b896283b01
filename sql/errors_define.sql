-- Bad input: a clear error, an SQLSTATE, something to type, and nothing left behind.
CREATE SCHEMA err;
SET search_path = err, public;
CREATE TABLE t (id int);
CREATE TEMP TABLE tmp (id int);
CREATE TYPE composite AS (a int);
CREATE SEQUENCE seq;
CREATE INDEX t_id ON t (id);
CREATE MATERIALIZED VIEW wild AS SELECT 1 AS a;

CREATE FUNCTION refusal(statement text, OUT code text, OUT message text, OUT detail text, OUT hint text) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
    message := 'was accepted';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
END $$;
CREATE TABLE bad (n serial, call text);
INSERT INTO bad (call) VALUES
    ($q$mv_create('v', 'SELECT 1; SELECT 2')$q$),
    ($q$mv_create('v', '')$q$),
    ($q$mv_create('v', ' ; -- nothing')$q$),
    ($q$mv_create('v', 'SELECT 1 AS a INTO made')$q$),
    ($q$mv_create('v', 'SELECT 1 AS a INTO made UNION SELECT 2')$q$),
    ($q$mv_create('v', 'SELECT * FROM t WHERE id = $1')$q$),
    ($q$mv_create('v', 'SELECT * FROM missing')$q$),
    ($q$mv_create('v', 'SELECT missing FROM t')$q$),
    ($q$mv_create('v', 'SELECT id FROM t WHERE')$q$),
    ($q$mv_create('v', 'SELECT id FROM t WHERE id = :id')$q$),
    ($q$mv_create('v', 'INSERT INTO t VALUES (1)')$q$),
    ($q$mv_create('v', 'DELETE FROM t')$q$),
    ($q$mv_create('v', 'MERGE INTO t USING t s ON s.id = t.id WHEN MATCHED THEN DELETE')$q$),
    ($q$mv_create('v', 'WITH gone AS (DELETE FROM t RETURNING id) SELECT * FROM gone')$q$),
    ($q$mv_create('v', 'CREATE TABLE made AS SELECT 1 AS a')$q$),
    ($q$mv_create('v', 'COPY t TO STDOUT')$q$),
    ($q$mv_create('v', 'DO $x$BEGIN END$x$')$q$),
    ($q$mv_create('v', 'EXPLAIN SELECT 1')$q$),
    ($q$mv_create('v', 'REFRESH MATERIALIZED VIEW wild')$q$),
    ($q$mv_create('v', 'SELECT * FROM tmp')$q$),
    ($q$mv_create('v', 'SELECT 1 AS a, 2 AS a')$q$),
    ($q$mv_create('v', 'SELECT * FROM v')$q$),
    ($q$mv_create('t', 'SELECT 1 AS a')$q$),
    ($q$mv_create('seq', 'SELECT 1 AS a')$q$),
    ($q$mv_create('t_id', 'SELECT 1 AS a')$q$),
    ($q$mv_create('composite', 'SELECT 1 AS a')$q$),
    ($q$mv_create('wild', 'SELECT 1 AS a')$q$),
    ($q$mv_create('nowhere.v', 'SELECT 1 AS a')$q$),
    ($q$mv_create('pg_temp.v', 'SELECT 1 AS a')$q$),
    ($q$mv_create('pg_catalog.v', 'SELECT 1 AS a')$q$),
    ($q$mv_create('mvmanager.v', 'SELECT 1 AS a')$q$),
    ($q$mv_create('', 'SELECT 1 AS a')$q$),
    ($q$mv_create('a.b.c.d', 'SELECT 1 AS a')$q$),
    ($q$mv_create('"unclosed', 'SELECT 1 AS a')$q$),
    ($q$mv_create(NULL, 'SELECT 1 AS a')$q$),
    ($q$mv_create('v', NULL)$q$),
    ($q$mv_create('v', 'SELECT 1 AS a', label => '')$q$),
    ($q$mv_create('v', 'SELECT 1 AS a', build => 'tomorrow')$q$),
    ($q$mv_create('v', 'SELECT 1 AS a', indexes => ARRAY['CREATE INDEX CONCURRENTLY ON v (a)'])$q$),
    ($q$mv_create('v', 'SELECT 1 AS a', indexes => ARRAY['CREATE INDEX ON wild (a)'])$q$),
    ($q$mv_create('v', 'SELECT 1 AS a', indexes => ARRAY['CREATE INDEX ON public.v (a)'])$q$),
    ($q$mv_create('v', 'SELECT 1 AS a', indexes => ARRAY['CREATE INDEX ON v (a); DROP TABLE t'])$q$),
    ($q$mv_create('v', 'SELECT 1 AS a', indexes => ARRAY['DROP TABLE t'])$q$),
    ($q$mv_create('v', 'SELECT 1 AS a', indexes => ARRAY[''])$q$),
    ($q$mv_create('v', 'SELECT 1 AS a', indexes => ARRAY['CREATE INDEX ON v (missing)'])$q$),
    ($q$mv_create('v', 'SELECT 1 AS a', indexes => ARRAY['CREATE INDEX t_id ON v (a)'])$q$),
    ($q$mv_create('v', 'SELECT 1 AS a', indexes => ARRAY['CREATE INDEX IF NOT EXISTS t_id ON v (a)'])$q$),
    ($q$mv_create('v', 'SELECT 1 AS a', indexes => ARRAY[NULL])$q$),
    ($q$mv_create('v', 'SELECT 1 AS a UNION ALL SELECT 1', indexes => ARRAY['CREATE UNIQUE INDEX v_key ON v (a)'], build => 'now')$q$),
    ($q$mv_create('v', 'SELECT 1 / 0 AS a', build => 'now')$q$),
    ($q$mv_create('v', 'SELECT 1 AS a', options => '[]')$q$),
    ($q$mv_create('v', 'SELECT 1 AS a', options => '{"fillfactor": [1]}')$q$),
    ($q$mv_create('v', 'SELECT 1 AS a', options => '{"fillfactor": 5}')$q$),
    ($q$mv_create('v', 'SELECT 1 AS a', options => '{"fillfactory": 50}')$q$),
    ($q$mv_create('v', 'SELECT 1 AS a', options => '{"tablespace": 1}')$q$),
    ($q$mv_create('v', 'SELECT 1 AS a', options => '{"tablespace": "nowhere"}')$q$),
    ($q$mv_create('v', 'SELECT 1 AS a', options => '{"access_method": "nothing"}')$q$),
    ($q$mv_create('v', 'SELECT 1 AS a', options => '{"reloptions": 1}')$q$),
    ($q$mv_definition('missing')$q$),
    ($q$mv_definition('wild')$q$),
    ($q$mv_definition('t')$q$),
    ($q$mv_history('wild')$q$),
    ($q$mv_dependents('wild')$q$),
    ($q$mv_verify('wild')$q$),
    ($q$mv_drop('wild')$q$),
    ($q$mv_drop('missing')$q$),
    ($q$mv_release('wild')$q$),
    ($q$mv_release('wild', archives => 'burn')$q$);
SELECT n, call, (r).code, (r).message, (r).detail, (r).hint
FROM (SELECT n, call, refusal('SELECT ' || call) AS r FROM bad ORDER BY n) x \gx

-- Nothing is left behind.
SELECT to_regclass('v'), to_regclass('made'), (SELECT count(*) FROM mvmanager.view WHERE schema_name = 'err') AS views,
       (SELECT count(*) FROM t) AS rows;

-- Positions point into the definition, whoever calls.
SELECT mv_create('v', 'SELECT id FROM t WHERE idd = 1');
SELECT mv_create('v', 'SELECT "ä", id FROM t');
SELECT mv_create('v', E'SELECT 1 AS a;\n\nSELECT 2');
DO $$ BEGIN PERFORM mv_create('v', 'SELECT id FROM tt'); END $$;
SELECT mv_create('v', 'SELECT 1 AS a', indexes => ARRAY['CREATE INDEX ON v (b)']);

-- What is there twice.
SELECT action FROM mv_create('v', 'SELECT 1 AS a', build => 'now');
SELECT mv_create('v', 'SELECT 1 AS a');
SELECT mv_definition('v', 7);
SELECT mv_apply('v', 'SELECT 1 AS a', label => repeat('l', 1025));

-- Calls of later releases say what to call today.
SELECT p.proname, refusal(format('SELECT %s(%s)', p.oid::regproc,
       (SELECT string_agg(CASE a.typname WHEN 'text' THEN '''v''' WHEN 'jsonb' THEN '''[]''' WHEN 'int4' THEN '1' WHEN 'int8' THEN '1' ELSE 'NULL' END, ', ' ORDER BY o)
        FROM unnest(p.proargtypes[0:p.pronargs - p.pronargdefaults - 1]) WITH ORDINALITY u (t, o) JOIN pg_type a ON a.oid = u.t)))
FROM pg_proc p WHERE p.prosrc = 'mvm_not_available' ORDER BY p.proname COLLATE "C";

-- Read only.
BEGIN READ ONLY;
SELECT mv_create('w', 'SELECT 1 AS a');
ROLLBACK;

SET client_min_messages = warning;
SET mvmanager.guard = off;
DROP SCHEMA err CASCADE;
SELECT count(*) FROM mv_release() WHERE name LIKE 'err.%';
