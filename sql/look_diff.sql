-- mv_diff: what differs between two versions.
SET client_min_messages = warning;
SET mvmanager.guard = off;
CREATE SCHEMA looked;
SET search_path = looked, public;
CREATE TABLE usages (user_id integer, day date, plan text, n integer);
CREATE MATERIALIZED VIEW plans AS SELECT DISTINCT plan FROM usages;
\pset format unaligned
\pset null '(null)'

-- Version after version: released, made anew by hand and taken back.
CREATE FUNCTION next_version(query text, after text[] DEFAULT '{}') RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    command text;
BEGIN
    PERFORM mv_release('v');
    DROP MATERIALIZED VIEW v;
    EXECUTE 'CREATE MATERIALIZED VIEW v AS ' || query || ' WITH NO DATA';
    FOREACH command IN ARRAY after LOOP
        EXECUTE command;
    END LOOP;
    RETURN (mv_adopt('v')).version;
END $$;
SELECT version FROM mv_create('v', 'SELECT user_id,
       day,
       count(*) AS uses
  FROM usages
 GROUP BY user_id, day', build => 'now');
SELECT * FROM mv_diff('v', 1);
SELECT * FROM mv_diff('v', 1, 1);

-- Index, option and comment alone.
SELECT version FROM mv_apply('v', mv_definition('v'), indexes => ARRAY['CREATE UNIQUE INDEX v_key ON v (user_id, day)'],
                             options => '{"fillfactor": 80}', comment => 'Uses a day', build => 'now');
SELECT * FROM mv_diff('v', 1);
SELECT version FROM mv_apply('v', mv_definition('v'), indexes => ARRAY['CREATE INDEX v_day ON v (day DESC)', 'CREATE UNIQUE INDEX v_key ON v (user_id, day)'],
                             options => '{"fillfactor": null, "autovacuum_enabled": false}', comment => '', build => 'now');
SELECT * FROM mv_diff('v', 2);
SELECT * FROM mv_diff('v', 3, 2);

-- Columns: added, dropped, of another type, renamed, moved; what is read.
SELECT next_version('SELECT user_id, day, count(*) AS uses, min(plan) COLLATE "C" AS first_plan FROM usages GROUP BY user_id, day');
SELECT * FROM mv_diff('v', 3) WHERE kind = 'column';
SELECT next_version('SELECT user_id, count(*)::numeric AS uses, min(plan) AS first_plan, day FROM usages GROUP BY user_id, day');
SELECT * FROM mv_diff('v', 4) WHERE kind = 'column';
SELECT next_version('SELECT user_id, count(*)::numeric AS "total Uses", min(p.plan) AS first_plan FROM usages JOIN plans p USING (plan) GROUP BY user_id');
SELECT * FROM mv_diff('v', 5) WHERE kind IN ('column', 'parent');
SELECT mv_adopt('plans');
SELECT next_version(mv_definition('v'), ARRAY['CREATE INDEX ON v (user_id)']);
SELECT kind, item, before <> after AS differs FROM mv_diff('v', 6);
SELECT next_version(mv_definition('v'), ARRAY['CREATE INDEX ON v (first_plan)']);
SELECT kind, item, before IS NULL AS is_new FROM mv_diff('v', 7);

-- Lines as written.
SELECT mv_release('v');
DROP MATERIALIZED VIEW v;
SELECT version FROM mv_create('w', E'-- Uses\nSELECT user_id,\n       count(*) AS uses\n  FROM usages\n WHERE n > 0\n GROUP BY user_id', build => 'now');
SELECT version FROM mv_apply('w', E'-- Uses of all\r\nSELECT user_id,\n       count(*) AS uses\n  FROM usages\n WHERE n > 0\n GROUP BY user_id', indexes => ARRAY['CREATE INDEX w_user ON w (user_id)'], build => 'now');
SELECT * FROM mv_diff('w', 1) WHERE kind = 'definition';

-- Both texts printed by the server.
CREATE MATERIALIZED VIEW x AS SELECT * FROM usages;
SELECT (mv_adopt('x')).version;
SELECT mv_release('x');
DROP MATERIALIZED VIEW x;
ALTER TABLE usages ADD COLUMN more integer;
CREATE MATERIALIZED VIEW x AS SELECT * FROM usages;
SELECT (mv_adopt('x')).version;
SELECT kind, item, after LIKE '%more%' AS is_it FROM mv_diff('x', 1);

-- 200 kB on one line, one literal changed.
SELECT version FROM mv_create('large', 'SELECT user_id, count(*) AS uses FROM usages WHERE plan IN (' ||
    (SELECT string_agg(quote_literal('plan number ' || i), ', ' ORDER BY i) FROM generate_series(1, 10000) i) || ') GROUP BY user_id', build => 'now');
SELECT length(mv_definition('large')) > 190000 AS is_large, mv_definition('large') NOT LIKE E'%\n%' AS on_one_line;
SELECT (mv_release('large')).action;
DROP MATERIALIZED VIEW large;
DO $$ BEGIN EXECUTE 'CREATE MATERIALIZED VIEW large AS SELECT user_id, count(*) AS uses FROM usages WHERE plan IN (' ||
    (SELECT string_agg(quote_literal(CASE i WHEN 7777 THEN 'another plan' ELSE 'plan number ' || i END), ', ' ORDER BY i) FROM generate_series(1, 10000) i) || ') GROUP BY user_id'; END $$;
SELECT (mv_adopt('large')).version;
SELECT kind, length(before) < 100 AND length(after) < 100 AS readable, before, after FROM mv_diff('large', 1);

-- Refusals.
SELECT * FROM mv_diff('w', NULL);
SELECT * FROM mv_diff('w', 1, 99);
SELECT * FROM mv_diff('nowhere', 1);
CREATE ROLE looker;
GRANT USAGE ON SCHEMA looked TO looker;
SET ROLE looker;
SELECT * FROM mv_diff('looked.w', 1);
RESET ROLE;
DROP OWNED BY looker;
DROP ROLE looker;
DROP SCHEMA looked CASCADE;
