-- What mv_refresh and mv_refresh_all refuse, with SQLSTATE and hint, and that a refusal changes nothing.
CREATE SCHEMA errors_refresh;
SET search_path = errors_refresh, public;
CREATE TABLE base (id int, divisor int);
INSERT INTO base VALUES (1, 1), (2, 2);
CREATE MATERIALIZED VIEW good AS SELECT id, 10 / divisor AS share FROM base;
CREATE MATERIALIZED VIEW unmanaged AS SELECT 1 AS one;
CREATE VIEW plain AS SELECT 1 AS one;
CREATE SEQUENCE counter;
SELECT name, action FROM mv_adopt('good');
SELECT strategy FROM mv_refresh('good');
CREATE TABLE before AS SELECT v.*, (SELECT count(*) FROM mvmanager.run r WHERE r.view_id = v.id) AS runs
  FROM mvmanager.view v WHERE schema_name = 'errors_refresh';

-- Names.
SELECT * FROM mv_refresh(NULL);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM mv_refresh('');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM mv_refresh('missing');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM mv_refresh('nowhere.missing');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM mv_refresh('elsewhere.errors_refresh.good');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM mv_refresh('a.b.c.d');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM mv_refresh('good; DROP TABLE base');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM mv_refresh('base');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM mv_refresh('plain');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM mv_refresh('counter');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM mv_refresh('unmanaged');
\echo :LAST_ERROR_SQLSTATE

-- Strategies.
SELECT * FROM mv_refresh('good', 'quickly');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM mv_refresh('good', 'AUTO');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM mv_refresh('good', '');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM mv_refresh('good', 'concurrently');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM mv_refresh('good', 'incremental');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM mv_refresh('good', 'native', 'id = 1');
\echo :LAST_ERROR_SQLSTATE

-- Rights. A named schema is all or nothing.
CREATE ROLE errors_refresh_other;
GRANT USAGE ON SCHEMA errors_refresh TO errors_refresh_other;
SET ROLE errors_refresh_other;
SELECT * FROM mv_refresh('good');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM mv_refresh('unmanaged');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM mv_refresh_all('{errors_refresh}');
\echo :LAST_ERROR_SQLSTATE
SELECT count(*) FROM mv_refresh_all();
RESET ROLE;
SELECT * FROM mv_refresh_all('{errors_refresh,nowhere}');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM mv_refresh_all('{errors_refresh,NULL}');
\echo :LAST_ERROR_SQLSTATE

-- The state of the session.
BEGIN READ ONLY;
SELECT * FROM mv_refresh('good');
\echo :LAST_ERROR_SQLSTATE
ROLLBACK;
BEGIN READ ONLY;
SELECT * FROM mv_refresh_all();
\echo :LAST_ERROR_SQLSTATE
ROLLBACK;
SELECT mv_refresh('good') FROM good;
\echo :LAST_ERROR_SQLSTATE
BEGIN;
DECLARE reader CURSOR FOR SELECT * FROM good;
FETCH 1 FROM reader;
SELECT * FROM mv_refresh('good');
\echo :LAST_ERROR_SQLSTATE
ROLLBACK;
CREATE UNIQUE INDEX good_id ON good (id);
DO $$
DECLARE r record;
BEGIN
    FOR r IN SELECT * FROM good LOOP
        PERFORM mv_refresh('good', 'concurrently');
    END LOOP;
END $$;
\echo :LAST_ERROR_SQLSTATE

-- The query of the view: error, duplicate key, timeout. The old rows stay.
UPDATE base SET divisor = 0 WHERE id = 2;
SELECT * FROM mv_refresh('good', 'native');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM mv_refresh('good', 'concurrently');
\echo :LAST_ERROR_SQLSTATE
UPDATE base SET divisor = 2;
UPDATE base SET id = 1;
SELECT * FROM mv_refresh('good', 'native');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM mv_refresh('good', 'concurrently');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM good ORDER BY id;
-- It sleeps so that the timeout has something to end.
CREATE FUNCTION slowly(int) RETURNS int LANGUAGE sql AS 'SELECT $1 FROM pg_sleep(60)';
CREATE MATERIALIZED VIEW slow AS SELECT errors_refresh.slowly(1) AS one WITH NO DATA;
SELECT name, action FROM mv_adopt('slow');
SET statement_timeout = '100ms';
SELECT * FROM mv_refresh('slow');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM mv_refresh_all('{errors_refresh}');
\echo :LAST_ERROR_SQLSTATE
RESET statement_timeout;
SELECT ispopulated FROM pg_matviews WHERE schemaname = 'errors_refresh' AND matviewname = 'slow';

-- Renamed where no event trigger tells us.
SET session_replication_role = replica;
ALTER MATERIALIZED VIEW slow RENAME TO slower;
RESET session_replication_role;
SELECT * FROM mv_refresh('slower');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM mv_refresh('slow');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM mv_refresh('errors_refresh.slow');
\echo :LAST_ERROR_SQLSTATE

-- A view that another replaced under its name is another view's business only once it is adopted; a table is no view.
CREATE TABLE slow (id int);
SELECT * FROM mv_refresh('slow');
\echo :LAST_ERROR_SQLSTATE
DROP TABLE slow;

-- None of this changed anything.
SELECT v.refreshes_total = b.refreshes_total AND v.last_refresh_at = b.last_refresh_at AND v.failures_total = 0
       AND (SELECT count(*) FROM mvmanager.run r WHERE r.view_id = v.id) = b.runs AS as_before
  FROM mvmanager.view v JOIN before b USING (id);

SELECT name, action FROM mv_release('good');
RESET search_path;
SET client_min_messages = warning;
SET mvmanager.guard = off;
DROP SCHEMA errors_refresh CASCADE;
DROP ROLE errors_refresh_other;
