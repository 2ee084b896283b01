-- mv_apply_all: many definitions, those that are read first, all or nothing.
CREATE SCHEMA aa;
SET search_path = aa, public;
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
CREATE VIEW traces AS
    SELECT (SELECT count(*) FROM mvmanager.view) AS views, (SELECT count(*) FROM mvmanager.version) AS versions, (SELECT count(*) FROM mvmanager.change) AS changes,
           (SELECT count(*) FROM mvmanager.run) AS runs, (SELECT count(*) FROM pg_class WHERE relnamespace IN ('aa'::regnamespace, to_regnamespace('mvmanager_data'))) AS relations;

CREATE TABLE sale (id int PRIMARY KEY, shop text, amount int);
INSERT INTO sale SELECT g, 'shop ' || g % 4, g FROM generate_series(1, 100) g;

-- Given upside down, created in the order in which they read each other.
SELECT name, version, action, state, relation FROM mv_apply_all('[
    {"name": "top", "definition": "SELECT max(total) AS best FROM middle", "build": "now", "label": "r1"},
    {"name": "middle", "definition": "SELECT shop, sum(amount) AS total FROM bottom GROUP BY shop", "build": "now", "label": "r1",
     "indexes": ["CREATE UNIQUE INDEX ON middle (shop)"], "comment": "per shop", "options": {"fillfactor": 90}},
    {"name": "aa.bottom", "definition": "SELECT id, shop, amount FROM sale WHERE amount > 10", "build": "now", "label": "r1"},
    {"name": "alone", "definition": "SELECT 1 AS one", "build": "now", "with_data": false}
]');
SELECT 'top' AS view, * FROM differences('top') UNION ALL SELECT 'middle', * FROM differences('middle') UNION ALL SELECT 'bottom', * FROM differences('bottom');
SELECT relispopulated FROM pg_class WHERE oid = 'alone'::regclass;
SELECT reloptions, obj_description('middle'::regclass, 'pg_class'), (SELECT count(*) FROM pg_index WHERE indrelid = 'middle'::regclass) AS indexes FROM pg_class WHERE oid = 'middle'::regclass;
-- The same again.
SELECT name, version, action, state FROM mv_apply_all('[
    {"name": "top", "definition": "SELECT max(total) AS best FROM middle", "build": "now", "label": "r1"},
    {"name": "middle", "definition": "SELECT shop, sum(amount) AS total FROM bottom GROUP BY shop", "build": "now", "label": "r1"},
    {"name": "bottom", "definition": "SELECT id, shop, amount FROM sale WHERE amount > 10", "build": "now", "label": "r1"}
]');
-- Each does what is needed: created, replaced, altered, nothing. What is read is new before it is read.
SELECT name, version, action, state FROM mv_apply_all('[
    {"name": "top", "definition": "SELECT max(total) AS best, count(*) AS shops FROM middle", "build": "now", "label": "r2"},
    {"name": "fresh", "definition": "SELECT best * 2 AS twice FROM top", "build": "now", "label": "r2"},
    {"name": "middle", "definition": "SELECT shop, sum(amount) AS total FROM bottom GROUP BY shop", "build": "now", "label": "r2", "indexes": ["CREATE INDEX ON middle (total)"]},
    {"name": "bottom", "definition": "SELECT id, shop, amount FROM sale WHERE amount > 10", "build": "now", "label": "r2"}
]');
SELECT 'top' AS view, * FROM differences('top') UNION ALL SELECT 'fresh', * FROM differences('fresh') UNION ALL SELECT 'middle', * FROM differences('middle');
SELECT w.view_name, c.action, c.label, c.from_version, c.to_version FROM mvmanager.change c JOIN mvmanager.view w ON w.id = c.view_id WHERE w.schema_name = 'aa' ORDER BY c.id;

-- Also where an ordinary view stands between them.
CREATE VIEW between_them AS SELECT id, amount FROM bottom;
SELECT name, version, action FROM mv_apply_all('[
    {"name": "above", "definition": "SELECT count(*) AS n FROM between_them", "build": "now"},
    {"name": "bottom", "definition": "SELECT id, shop, amount FROM sale WHERE amount > 20", "build": "now"}
]');
SELECT * FROM differences('above');
SELECT name, action FROM mv_apply_all('[{"name": "bottom", "definition": "SELECT id, shop, amount FROM sale WHERE amount > 10", "build": "now"}]');
SELECT name, strategy FROM mv_refresh_all() WHERE name LIKE 'aa.%';
SELECT 'top' AS view, * FROM differences('top') UNION ALL SELECT 'fresh', * FROM differences('fresh') UNION ALL SELECT 'above', * FROM differences('above');

-- All or nothing.
CREATE TABLE before AS SELECT * FROM traces;
UPDATE before SET (views, versions, changes, runs, relations) = (SELECT * FROM traces);
SELECT * FROM mv_apply_all('[
    {"name": "first", "definition": "SELECT 1 AS one", "build": "now"},
    {"name": "bottom", "definition": "SELECT id, shop, amount, 1 AS one FROM sale", "build": "now"},
    {"name": "second", "definition": "SELECT 1 / (one - 1) AS x FROM first", "build": "now"}
]');
SELECT row(t.*) = row(b.*) AS nothing_left FROM traces t, before b;
BEGIN;
SELECT name, action FROM mv_apply_all('[
    {"name": "first", "definition": "SELECT 1 AS one", "build": "now"},
    {"name": "bottom", "definition": "SELECT id, shop, amount, 1 AS one FROM sale", "build": "now"},
    {"name": "middle", "definition": "SELECT shop, sum(amount + one) AS total FROM bottom GROUP BY shop", "build": "now"}
]');
SELECT * FROM differences('middle');
ROLLBACK;
SELECT row(t.*) = row(b.*) AS nothing_left FROM traces t, before b;
SELECT * FROM differences('middle');
-- The columns that the views above use are in the way.
SELECT * FROM mv_apply_all('[{"name": "bottom", "definition": "SELECT id, shop FROM sale", "build": "now"}]');

-- Circles and duplicates.
SELECT * FROM mv_apply_all('[
    {"name": "one", "definition": "SELECT * FROM two", "build": "now"},
    {"name": "two", "definition": "SELECT * FROM three", "build": "now"},
    {"name": "three", "definition": "SELECT * FROM one", "build": "now"}
]');
SELECT * FROM mv_apply_all('[{"name": "self", "definition": "SELECT * FROM self", "build": "now"}]');
SELECT * FROM mv_apply_all('[{"name": "bottom", "definition": "SELECT 1 AS id, best::text AS shop, 1 AS amount FROM top", "build": "now"}]');
SELECT * FROM mv_apply_all('[{"name": "one", "definition": "SELECT 1 AS a", "build": "now"}, {"name": "aa.one", "definition": "SELECT 2 AS a", "build": "now"}]');
SELECT * FROM mv_apply_all('[{"name": "bottom", "definition": "SELECT 1 AS a", "build": "now"}, {"name": "aa.bottom", "definition": "SELECT 2 AS a", "build": "now"}]');

-- What is no list of specs is 22023.
CREATE FUNCTION refused(specs text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM mv_apply_all(specs::jsonb);
    RETURN 'done';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE;
END $$;
SELECT specs, refused(specs) FROM unnest(ARRAY['{}', '5', 'null', '[1]', '[[]]', '[{}]', '[{"name": "x"}]', '[{"name": 1, "definition": "SELECT 1 AS a"}]',
    '[{"name": "x", "definition": 1}]', '[{"name": "x", "definition": "SELECT 1 AS a", "nonsense": 1}]', '[{"name": "x", "definition": "SELECT 1 AS a", "indexes": [null]}]',
    '[{"name": "x", "definition": "SELECT 1 AS a", "with_data": 1}]', '[{"name": "x", "definition": "SELECT 1 AS a", "options": 1}]',
    '[{"name": "x", "definition": "SELECT 1 AS a", "promote": "soon"}]', '[{"name": "x", "definition": "SELECT 1 AS a", "label": ""}]']) specs;
SELECT * FROM mv_apply_all(NULL);
SELECT * FROM mv_apply_all('{}');
SELECT * FROM mv_apply_all('"bottom"');
SELECT * FROM mv_apply_all('null');
SELECT * FROM mv_apply_all('[1]');
SELECT * FROM mv_apply_all('[null]');
SELECT * FROM mv_apply_all('[[]]');
SELECT * FROM mv_apply_all('[{}]');
SELECT * FROM mv_apply_all('[{"name": "x"}]');
SELECT * FROM mv_apply_all('[{"definition": "SELECT 1 AS a"}]');
SELECT * FROM mv_apply_all('[{"name": null, "definition": "SELECT 1 AS a"}]');
SELECT * FROM mv_apply_all('[{"name": "x", "definition": null}]');
SELECT * FROM mv_apply_all('[{"name": 1, "definition": "SELECT 1 AS a"}]');
SELECT * FROM mv_apply_all('[{"name": "x", "definition": ["SELECT 1 AS a"]}]');
SELECT * FROM mv_apply_all('[{"name": "x", "definition": "SELECT 1 AS a", "nonsense": 1}]');
SELECT * FROM mv_apply_all('[{"name": "x", "definition": "SELECT 1 AS a", "indexes": "CREATE INDEX ON x (a)"}]');
SELECT * FROM mv_apply_all('[{"name": "x", "definition": "SELECT 1 AS a", "indexes": [1]}]');
SELECT * FROM mv_apply_all('[{"name": "x", "definition": "SELECT 1 AS a", "with_data": "no"}]');
SELECT * FROM mv_apply_all('[{"name": "x", "definition": "SELECT 1 AS a", "drop_indexes": 1}]');
SELECT * FROM mv_apply_all('[{"name": "x", "definition": "SELECT 1 AS a", "options": []}]');
SELECT * FROM mv_apply_all('[{"name": "x", "definition": "SELECT 1 AS a", "rename_columns": "a"}]');
SELECT * FROM mv_apply_all('[{"name": "x", "definition": "SELECT 1 AS a", "label": 5}]');
SELECT * FROM mv_apply_all('[{"name": "x", "definition": "SELECT 1 AS a", "comment": {}}]');
SELECT * FROM mv_apply_all('[{"name": "x", "definition": "SELECT 1 AS a", "build": "soon"}]');
SELECT * FROM mv_apply_all('[{"name": "x", "definition": "SELECT 1 AS a", "build": 1}]');
SELECT * FROM mv_apply_all('[{"name": "x", "definition": "SELECT 1 AS a; SELECT 2 AS a"}]');
SELECT * FROM mv_apply_all('[{"name": "x", "definition": "SELECT $1 AS a"}]');
SELECT * FROM mv_apply_all('[{"name": "a.b.c.d", "definition": "SELECT 1 AS a"}]');
SELECT * FROM mv_apply_all('[{"name": "sale", "definition": "SELECT 1 AS a", "build": "now"}]');
SELECT * FROM mv_apply_all('[]');
SELECT row(t.*) = row(b.*) AS nothing_left FROM traces t, before b;
-- Null is as if it were not said.
SELECT name, action FROM mv_apply_all('[{"name": "x", "definition": "SELECT 1 AS a", "build": "now", "indexes": null, "label": null, "options": null, "comment": null,
    "validate": null, "rename_columns": null, "promote": null, "dependents": null, "drop_indexes": null, "with_data": null}]', together => NULL);

-- Together, in this transaction.
SELECT name, version, action, state FROM mv_apply_all('[
    {"name": "top", "definition": "SELECT max(total) AS best, count(*) AS shops, 3 AS three FROM middle", "build": "now"},
    {"name": "middle", "definition": "SELECT shop, sum(amount) AS total, min(id) AS first FROM bottom GROUP BY shop", "build": "now"}
]', together => true);
SELECT 'top' AS view, * FROM differences('top') UNION ALL SELECT 'middle', * FROM differences('middle');
-- Together, by the worker: one family.
BEGIN;
SET LOCAL client_min_messages = warning;
SELECT name, version, action, state FROM mv_apply_all('[
    {"name": "top", "definition": "SELECT max(total) AS best, count(*) AS shops, 4 AS three FROM middle", "build": "background"},
    {"name": "x", "definition": "SELECT 1 AS a", "build": "background"},
    {"name": "middle", "definition": "SELECT shop, sum(amount) AS total, max(id) AS first FROM bottom GROUP BY shop", "build": "background"}
]', together => true);
SELECT count(*), count(family), count(DISTINCT family) FROM mvmanager.version_state s JOIN mvmanager.view w ON w.id = s.view_id AND w.schema_name = 'aa' WHERE s.state = 'queued';
ROLLBACK;
-- Options of each spec reach it.
SELECT name, action, state FROM mv_apply_all('[
    {"name": "middle", "definition": "SELECT shop AS place, sum(amount) AS total, min(id) AS first FROM bottom GROUP BY shop", "build": "now", "rename_columns": {"shop": "place"}},
    {"name": "x", "definition": "SELECT 2 AS a", "build": "now", "promote": "manual", "validate": "SELECT count(*) = 1 FROM x"}
]');
SELECT * FROM mv_apply_all('[{"name": "x", "definition": "SELECT 3 AS a", "build": "now", "validate": "SELECT count(*) = 7 FROM x"}]');
SELECT * FROM mv_apply_all('[{"name": "middle", "definition": "SELECT total::int AS total, place FROM (SELECT shop AS place, sum(amount) AS total FROM bottom GROUP BY shop) s", "build": "now", "drop_indexes": true, "indexes": []}]');
SELECT name, action FROM mv_apply_all('[{"name": "middle", "definition": "SELECT total::int AS total, place FROM (SELECT shop AS place, sum(amount) AS total FROM bottom GROUP BY shop) s", "build": "now", "drop_indexes": true, "indexes": [], "dependents": "recreate"}]');
SELECT 'top' AS view, * FROM differences('top') UNION ALL SELECT 'middle', * FROM differences('middle') UNION ALL SELECT 'fresh', * FROM differences('fresh');
SELECT * FROM mv_verify() WHERE name LIKE 'aa.%' AND NOT ok;
-- Rights are those of each.
CREATE ROLE regress_mv_all;
GRANT USAGE, CREATE ON SCHEMA aa TO regress_mv_all;
SET ROLE regress_mv_all;
SELECT * FROM mv_apply_all('[{"name": "mine", "definition": "SELECT 1 AS a", "build": "now"}, {"name": "x", "definition": "SELECT 5 AS a", "build": "now"}]');
SELECT to_regclass('mine');
SELECT name, action FROM mv_apply_all('[{"name": "mine", "definition": "SELECT 1 AS a", "build": "now"}]');
RESET ROLE;

SET client_min_messages = warning;
SELECT count(*) FROM mv_release(archives => 'drop') WHERE name LIKE 'aa.%';
DROP SCHEMA aa CASCADE;
DROP ROLE regress_mv_all;
