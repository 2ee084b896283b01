-- mv_export: a view, or a change of it, as a script that can be run.
SET client_min_messages = warning;
SET mvmanager.guard = off;
CREATE ROLE exporter;
CREATE ROLE reader;
CREATE ROLE "Odd ""reader";
CREATE SCHEMA exported AUTHORIZATION exporter;
SET ROLE exporter;
SET search_path = exported, public;
CREATE TABLE usages (user_id integer, day date, plan text);
INSERT INTO usages VALUES (1, '2026-01-01', 'free'), (2, '2026-01-02', 'paid');
\pset format unaligned
\pset tuples_only
SELECT name, version FROM mv_create('plans', $$SELECT plan, count(*) AS uses -- 100%
  FROM exported.usages
 WHERE plan <> '{"k":true} :name ? #{x} ${y} \n "''` */'
 GROUP BY plan;$$,
    indexes => ARRAY['CREATE UNIQUE INDEX plans_key ON plans (plan)', 'CREATE INDEX ON plans (uses DESC) WHERE uses > 1'],
    label => 'a1b2c3', comment => $$Plans: it's 100% "quoted" \n$$, options => '{"fillfactor": 80, "toast.autovacuum_enabled": false}', build => 'now');
SELECT name, version FROM mv_create('days', 'SELECT * FROM plans', label => 'not a revision!', build => 'now');
SELECT (mv_schedule('plans', '*/5 * * * *', time_zone => 'UTC')).action;

-- One view in every format.
SELECT mv_export('plans');
SELECT mv_export('plans', 'plain');
SELECT mv_export('plans', 'alembic');
SELECT mv_export('plans', 'django');
SELECT mv_export('plans', 'rails');
SELECT mv_export('plans', 'knex');
SELECT mv_export('plans', 'flyway');
SELECT mv_export('plans', 'sqitch');
-- A star, a name without schema, a label that is no revision.
SELECT mv_export('days', 'sql');

-- A change: an index, options and the comment go, and come.
SELECT (mv_apply('plans', mv_definition('plans'), indexes => ARRAY['CREATE UNIQUE INDEX plans_key ON plans (plan)', 'CREATE INDEX plans_uses ON plans (uses)'],
    comment => '', options => '{"fillfactor": null, "autovacuum_enabled": false}', drop_indexes => true, build => 'now')).version;
SELECT mv_export('plans', 'sql', 1, 2);
SELECT mv_export('plans', 'sql', 2, 1);
SELECT mv_export('plans', 'sql', 1) = mv_export('plans', 'sql', 1, 2) AS the_live_one_is_meant;
SELECT mv_export('plans', 'plain', 1);

-- Run it where nothing is: what was there is there again.
CREATE VIEW state AS
SELECT name, mv_definition(name) AS definition, mv_definition(name, canonical => true) AS canonical,
       (SELECT array_agg(pg_get_indexdef(i.indexrelid) ORDER BY 1) FROM pg_index i WHERE i.indrelid = name::regclass) AS indexes,
       (SELECT c.reloptions FROM pg_class c WHERE c.oid = name::regclass) AS options,
       obj_description(name::regclass, 'pg_class') AS comment
  FROM unnest(ARRAY['exported.plans', 'exported.days']) name;
CREATE TABLE before AS SELECT * FROM state;
SELECT mv_export() AS script \gset
DROP VIEW state;
SELECT (mv_drop('days')).action, (mv_drop('plans')).action;
SET search_path = pg_catalog, public;
\o /dev/null
:script
:script
\o
SET search_path = exported, public;
CALL mv_wait('plans', timeout => '1 min');
CALL mv_wait('days', timeout => '1 min');
SELECT b.name, b.definition = mv_definition(b.name) AS same_text, b.canonical = mv_definition(b.name, canonical => true) AS same_query,
       b.indexes IS NOT DISTINCT FROM (SELECT array_agg(pg_get_indexdef(i.indexrelid) ORDER BY 1) FROM pg_index i WHERE i.indrelid = b.name::regclass) AS same_indexes,
       b.options IS NOT DISTINCT FROM (SELECT c.reloptions FROM pg_class c WHERE c.oid = b.name::regclass) AS same_options,
       b.comment IS NOT DISTINCT FROM obj_description(b.name::regclass, 'pg_class') AS same_comment FROM before b ORDER BY 1;
SELECT schedule FROM mvmanager.schedules;

-- Core's own SQL, with everything that hangs on the view.
GRANT SELECT ON plans TO reader WITH GRANT OPTION;
GRANT SELECT ON plans TO PUBLIC;
GRANT SELECT (plan) ON plans TO "Odd ""reader";
CREATE INDEX "by Hand" ON plans (plan DESC);
ALTER MATERIALIZED VIEW plans CLUSTER ON "by Hand";
ALTER MATERIALIZED VIEW plans ALTER COLUMN plan SET STATISTICS 500;
ALTER MATERIALIZED VIEW plans ALTER COLUMN plan SET STORAGE EXTERNAL;
ALTER MATERIALIZED VIEW plans ALTER COLUMN uses SET (n_distinct = -0.5);
CREATE STATISTICS plans_stats (dependencies) ON plan, uses FROM plans;
COMMENT ON COLUMN plans.uses IS 'How often';
COMMENT ON INDEX "by Hand" IS 'Made by hand';
COMMENT ON STATISTICS plans_stats IS 'Of both';
SELECT mv_export('plans', 'plain') AS script \gset
\echo :script
SELECT (mv_drop('days')).action, (mv_drop('plans')).action;
SET search_path = pg_catalog, public;
:script
SET search_path = exported, public;
SELECT (mv_adopt('plans')).action;
SELECT mv_export('plans', 'plain') AS again \gset
-- Its text is now the server's, which is laid out otherwise.
SELECT split_part(:'again', 'WITH NO DATA', 2) = split_part(:'script', 'WITH NO DATA', 2) AS the_same_again;
SELECT count(*) FROM plans;

-- Renamed underneath: the live query is what is written.
ALTER TABLE usages RENAME COLUMN plan TO "Plan";
SELECT mv_export('plans') LIKE '%"Plan"%' AS as_it_is_now;

-- Names and texts that end what they stand in.
SELECT (mv_create(E'"x\n; DROP TABLE t; -- coding: utf-7 \u2028 ${z} */"', E'SELECT \'$mv$ $mv2$ \r \n\t"""\\\' AS a', build => 'now')).action;
SELECT mv_export(E'"x\n; DROP TABLE t; -- coding: utf-7 \u2028 ${z} */"', f) FROM unnest(ARRAY['sql', 'alembic', 'rails', 'flyway']) f;

-- Refusals.
SELECT mv_export('plans', 'liquibase');
SELECT mv_export(NULL, 'sql', 1);
SELECT mv_export('plans', 'sql', 1, 1);
SELECT mv_export('plans', 'sql', 1, 9);
SELECT mv_export('nowhere');
RESET ROLE;
SET ROLE reader;
SELECT mv_export('exported.plans');
SELECT mv_export() LIKE '%plans%' AS of_others;
RESET ROLE;
DROP SCHEMA exported CASCADE;
DROP ROLE exporter, reader, "Odd ""reader";
