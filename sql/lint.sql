-- mv_lint: what a migration would do to materialized views, told from its text.
SET client_min_messages = warning;
SET mvmanager.guard = off;
CREATE SCHEMA linted;
SET search_path = public, linted;
CREATE TABLE linted.usages (user_id integer, day date);
SELECT name, action FROM mv_create('linted.daily_usage', 'SELECT user_id, day, count(*) AS n FROM linted.usages GROUP BY user_id, day', build => 'now');
CREATE MATERIALIZED VIEW linted.by_hand AS SELECT user_id, day FROM linted.usages;
CREATE MATERIALIZED VIEW linted.by_hand_unique AS SELECT user_id FROM linted.usages;
CREATE UNIQUE INDEX ON linted.by_hand_unique (user_id);
\pset format unaligned

-- What most migration tools write.
SELECT * FROM mv_lint($sql$
BEGIN;

-- Running upgrade a1 -> b2

DROP MATERIALIZED VIEW linted.daily_usage CASCADE;

CREATE MATERIALIZED VIEW linted.daily_usage AS
    SELECT user_id, count(*) FROM linted.usages GROUP BY user_id;

CREATE UNIQUE INDEX daily_usage_key ON linted.daily_usage (user_id);
REFRESH MATERIALIZED VIEW linted.daily_usage;

UPDATE alembic_version SET version_num='b2' WHERE alembic_version.version_num = 'a1';
COMMIT;
$sql$);

-- The same with our calls: nothing to say.
SELECT count(*) FROM mv_lint($sql$
BEGIN;
SELECT mv_apply('linted.daily_usage', $mv$SELECT 1 AS a; DROP MATERIALIZED VIEW x CASCADE$mv$, label => 'b2');
SELECT mv_drop('linted.by_hand', cascade => true);
SELECT * FROM mv_rollback('linted.daily_usage', undo_label => 'b2');
CALL mv_wait('linted.daily_usage');
SELECT mv_refresh('linted.daily_usage', strategy => 'concurrently');
COMMIT;
$sql$);

-- Each rule, and beside it what must not fire.
PREPARE lint (text) AS SELECT coalesce(string_agg(format('%s: %s %s %s', line, severity, rule, object), E'\n' ORDER BY line, rule), 'nothing') AS found FROM mv_lint($1);
EXECUTE lint('DROP MATERIALIZED VIEW a.x; CREATE MATERIALIZED VIEW a.x AS SELECT 1 WITH NO DATA');
EXECUTE lint('DROP MATERIALIZED VIEW IF EXISTS x; CREATE MATERIALIZED VIEW a.x AS SELECT 1 WITH NO DATA');
EXECUTE lint('DROP MATERIALIZED VIEW a.x; CREATE MATERIALIZED VIEW b.x AS SELECT 1 WITH NO DATA');
EXECUTE lint('CREATE MATERIALIZED VIEW a.x AS SELECT 1 WITH NO DATA; DROP MATERIALIZED VIEW a.x');
EXECUTE lint('DROP TABLE a, "B c"."d.e" CASCADE; DROP SCHEMA s CASCADE; DROP FUNCTION f(integer) CASCADE; DROP TABLE t; DROP VIEW v RESTRICT');
EXECUTE lint('ALTER TABLE t DROP COLUMN a CASCADE, DROP COLUMN b, DROP CONSTRAINT c CASCADE; DROP OWNED BY somebody CASCADE');
EXECUTE lint('DROP SCHEMA linted CASCADE');
EXECUTE lint('DROP MATERIALIZED VIEW daily_usage');
EXECUTE lint('DROP MATERIALIZED VIEW by_hand');
EXECUTE lint('CREATE MATERIALIZED VIEW linted.daily_usage AS SELECT 1 WITH NO DATA');
EXECUTE lint('CREATE MATERIALIZED VIEW x AS SELECT 1');
EXECUTE lint('BEGIN; CREATE MATERIALIZED VIEW x AS SELECT 1; COMMIT; CREATE MATERIALIZED VIEW y AS SELECT 1');
EXECUTE lint('START TRANSACTION; REFRESH MATERIALIZED VIEW by_hand; END; REFRESH MATERIALIZED VIEW by_hand');
EXECUTE lint('BEGIN; COMMIT AND CHAIN; REFRESH MATERIALIZED VIEW by_hand; ROLLBACK');
EXECUTE lint('CREATE MATERIALIZED VIEW IF NOT EXISTS x AS SELECT 1 WITH NO DATA');
EXECUTE lint('DROP MATERIALIZED VIEW IF EXISTS x; CREATE MATERIALIZED VIEW IF NOT EXISTS x AS SELECT 1 WITH NO DATA');
EXECUTE lint('CREATE MATERIALIZED VIEW x AS SELECT 1 AS a WITH NO DATA; CREATE UNIQUE INDEX ON x (a); REFRESH MATERIALIZED VIEW CONCURRENTLY x');
EXECUTE lint('CREATE MATERIALIZED VIEW x AS SELECT 1 AS a WITH NO DATA; CREATE UNIQUE INDEX ON x (a); REFRESH MATERIALIZED VIEW x; REFRESH MATERIALIZED VIEW CONCURRENTLY x');
EXECUTE lint('CREATE MATERIALIZED VIEW x AS SELECT 1 AS a WITH NO DATA; SELECT mv_refresh(''x''); REFRESH MATERIALIZED VIEW CONCURRENTLY x');
EXECUTE lint('CREATE MATERIALIZED VIEW x AS SELECT 1 AS a; CREATE UNIQUE INDEX ON x (a) WHERE a > 0; CREATE UNIQUE INDEX ON x ((a + 1)); CREATE INDEX ON x (a); REFRESH MATERIALIZED VIEW CONCURRENTLY x');
EXECUTE lint('REFRESH MATERIALIZED VIEW CONCURRENTLY by_hand; REFRESH MATERIALIZED VIEW CONCURRENTLY by_hand_unique; REFRESH MATERIALIZED VIEW CONCURRENTLY nowhere');
EXECUTE lint('CREATE UNIQUE INDEX CONCURRENTLY ON by_hand (user_id, day); REFRESH MATERIALIZED VIEW CONCURRENTLY by_hand');
EXECUTE lint('SELECT * FROM mv_create(''x'', ''SELECT 1''); REFRESH MATERIALIZED VIEW CONCURRENTLY x');
EXECUTE lint('ALTER MATERIALIZED VIEW x RENAME TO x_old; ALTER MATERIALIZED VIEW x_new RENAME TO x');
EXECUTE lint('ALTER MATERIALIZED VIEW x RENAME TO y');
EXECUTE lint('BEGIN; CREATE INDEX CONCURRENTLY i ON by_hand (day); DROP INDEX CONCURRENTLY i; REINDEX TABLE CONCURRENTLY t; COMMIT; CREATE INDEX CONCURRENTLY i ON by_hand (day)');
EXECUTE lint('CREATE MATERIALIZED VIEW x WITH (fillfator = 70) AS SELECT 1 WITH NO DATA; CREATE MATERIALIZED VIEW y WITH (fillfactor = 70, toast.autovacuum_enabled = off) AS SELECT 1 WITH NO DATA');
EXECUTE lint('CREATE MATERIALIZED VIEW x AS SELECT a FROM (SELECT 1 AS a) s WHERE a = $1 WITH NO DATA');

-- What does not parse is a row, and the rest is checked.
SELECT line, rule, object, message, hint FROM mv_lint($sql$
CREATE MATERIALIZED VIEW a AS
    SELECT 1
    FORM t;
SELEC 1;
REFRESH MATERIALIZED VIEW x;
SELECT 'no end
$sql$);
EXECUTE lint('');
EXECUTE lint(E'  -- nothing\n/* at /* all */ */ ; ;;');
EXECUTE lint('SELECT $tag$ ; DROP MATERIALIZED VIEW x CASCADE $tag$; SELECT ''; DROP TABLE t CASCADE'', E''\''; DROP TABLE t CASCADE'', "; DROP TABLE t CASCADE"');
SELECT mv_lint(NULL);

-- psql's own commands and variables, rows of COPY, bodies of rules and functions.
EXECUTE lint($sql$
\set name x
\i other.sql
\echo don't
CREATE MATERIALIZED VIEW :schema.daily WITH (fillfactor = :fill) AS SELECT a[1:2], b::text, :'literal' AS c, :"name" FROM t WHERE :{?name} \gexec
REFRESH MATERIALIZED VIEW :schema.daily; \if true
COPY t FROM stdin;
it's	1; DROP TABLE t CASCADE;
\.
CREATE RULE r AS ON INSERT TO t DO ALSO (DELETE FROM t; DELETE FROM t);
CREATE FUNCTION f() RETURNS integer LANGUAGE sql BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT 2; END;
CREATE FUNCTION g() RETURNS void LANGUAGE plpgsql AS $$ BEGIN DROP TABLE t CASCADE; END $$;
DROP TABLE u CASCADE
$sql$);

-- Hostile: large, deep, and endless.
SELECT count(*), min(rule) FROM mv_lint(repeat('(', 100000));
SELECT count(*), min(rule) FROM mv_lint('CREATE MATERIALIZED VIEW x AS SELECT ' || repeat('(', 5000) || '1' || repeat(')', 5000) || ' WITH NO DATA');
SELECT count(*), min(rule), max(line) FROM mv_lint(repeat(E'nonsense;\n', 20000));
SELECT count(*) FROM mv_lint(repeat('BEGIN; SELECT 1; COMMIT;', 20000));
SELECT count(*), min(rule), max(rule) FROM mv_lint('DROP MATERIALIZED VIEW x; ' || repeat('SELECT 1;', 1000) || 'CREATE MATERIALIZED VIEW x AS SELECT ''' || repeat('x', 10000000) || ''' WITH NO DATA');
SELECT count(*), min(rule) FROM mv_lint(repeat('/*', 1000000));
SELECT count(*), min(rule) FROM mv_lint(repeat('/*', 100000) || repeat('*/', 100000) || 'REFRESH /* ; */ MATERIALIZED VIEW/**/x');
SELECT count(*), min(message) FROM mv_lint('SELECT ' || repeat('+', 1000000) || '1');
SELECT length(message) FROM mv_lint('SELECT ''' || repeat('é', 1000000));
SELECT count(*), min(rule) FROM mv_lint(repeat('COPY t FROM stdin;' || E'\n\\.x\n', 20000));
SELECT count(*), min(rule) FROM mv_lint(repeat(':{', 500000));

-- Everybody may ask, also about what they may not see.
CREATE ROLE linter;
SET ROLE linter;
EXECUTE lint('DROP MATERIALIZED VIEW linted.daily_usage; REFRESH MATERIALIZED VIEW CONCURRENTLY linted.by_hand');
RESET ROLE;
DROP ROLE linter;
DROP SCHEMA linted CASCADE;
