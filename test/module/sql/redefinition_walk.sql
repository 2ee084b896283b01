-- Whatever becomes of the columns of a view, those who use columns that go on show the same rows afterwards: columns are
-- moved, renamed, retyped, added and dropped, twenty times over, under views of every shape.
CREATE SCHEMA walk;
SET search_path = walk, mvmanager_test;
CREATE TABLE base (id integer, t text, n bigint, d date);
CREATE TABLE other (id integer, t text, z bigint);
INSERT INTO base SELECT i, 't' || i, i % 7, date '2024-01-01' + i FROM generate_series(1, 40) i;
INSERT INTO other SELECT i, 't' || i % 5, i FROM generate_series(20, 60) i;
CREATE MATERIALIZED VIEW m AS SELECT id, t, n, d FROM base;
CREATE UNIQUE INDEX m_id ON m (id);
CREATE INDEX m_t ON m (t, d);
CREATE VIEW v01 AS SELECT m.id, o.z FROM m JOIN other o USING (id);
CREATE VIEW v02 AS SELECT * FROM m FULL JOIN other o USING (id, t);
CREATE VIEW v03 AS SELECT x.c, x.a FROM m x(a, b, c) WHERE x.b > 't2';
CREATE VIEW v04 AS WITH c AS (SELECT id AS k, n FROM m WHERE n > 2) SELECT a.k, b.n FROM c a, c b WHERE a.k = b.k + 1;
CREATE VIEW v05 AS SELECT id, sum(n) OVER (ORDER BY d ROWS 3 PRECEDING) AS s, rank() OVER w AS r FROM m WINDOW w AS (PARTITION BY n ORDER BY id);
CREATE VIEW v06 AS SELECT n, count(*) AS c, min(d) AS first FROM m GROUP BY ROLLUP (n) HAVING count(*) > 5;
CREATE VIEW v07 AS SELECT id FROM m WHERE d > '2024-01-20' UNION SELECT n FROM m EXCEPT SELECT id FROM other WHERE z < 30;
CREATE VIEW v08 AS SELECT o.id, l.t, l.n FROM other o LEFT JOIN LATERAL (SELECT m.t, m.n FROM m WHERE m.id < o.id ORDER BY m.id DESC LIMIT 1) l ON true;
CREATE VIEW v09 AS SELECT z FROM other o WHERE EXISTS (SELECT FROM m WHERE m.id = o.id AND m.t <> o.t) AND o.z NOT IN (SELECT n FROM m);
CREATE VIEW v10 AS SELECT DISTINCT ON (n) n, id, t FROM m ORDER BY n, id DESC;
CREATE VIEW v11 AS SELECT j.id, j.z, j.n FROM (m JOIN other o USING (id)) AS j(id, t1, n, d, t2, z);
CREATE VIEW v12 AS SELECT a.id, b.t FROM m a JOIN m b ON a.id = b.n;
CREATE VIEW v13 AS WITH RECURSIVE r(k, depth) AS (SELECT id, 1 FROM m WHERE id = 1 UNION ALL SELECT m.id, r.depth + 1 FROM r JOIN m ON m.id = r.k * 2) SELECT * FROM r;
CREATE VIEW v14 AS SELECT v01.id, v10.t FROM v01 LEFT JOIN v10 USING (id);
CREATE VIEW v15 AS SELECT s.k, s.v FROM (SELECT id AS k, jsonb_build_array(t, n) AS v FROM m OFFSET 1) s;
CREATE VIEW v16 AS SELECT m.id, u.e FROM m, unnest(ARRAY[m.t, m.d::text]) WITH ORDINALITY AS u(e, i) WHERE u.i = 1;
CREATE VIEW v17 AS SELECT (SELECT o.z FROM other o WHERE o.id = m.id) AS z, CASE m.n WHEN 1 THEN 'one' ELSE m.t END AS w FROM m;
CREATE VIEW v18 AS SELECT (r).id, (r).d FROM (SELECT m AS r FROM m OFFSET 0) q;
CREATE MATERIALIZED VIEW v19 AS SELECT v05.id, v06.c FROM v05 LEFT JOIN v06 ON v06.n = v05.r;
CREATE VIEW v20 AS SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY d) AS m, string_agg(t, ',' ORDER BY id) FILTER (WHERE n = 3) AS s FROM m;
CREATE VIEW v21 AS SELECT n FROM m NATURAL JOIN (SELECT id, z FROM other) o;
CREATE VIEW v24 AS SELECT j.k, j.an, j.bd FROM (m a JOIN m b USING (id)) AS j(k, at, an, ad, bt, bn, bd);
CREATE VIEW v25 AS SELECT j2.z, j2.id, j2.x FROM ((m JOIN other o(id, x, zz) USING (id)) j1 LEFT JOIN v01 USING (id)) j2;
CREATE VIEW v26 AS SELECT s.b, s.d FROM (SELECT * FROM m) s(a, b);
CREATE VIEW v27 AS SELECT w.x, (SELECT max(q.b) FROM m q(a, b) WHERE q.a < w.y) AS mx FROM v01 w(x, y);
CREATE VIEW v28 AS SELECT count(m.*) AS a, count(j) AS b, count(j.z) AS c FROM m, (m m2 JOIN other USING (id)) j WHERE m.id = j.id;
CREATE VIEW v29 AS SELECT u.id, z FROM m JOIN other USING (id) AS u ORDER BY z DESC;
CREATE VIEW v30 AS SELECT COALESCE(j.id, 0) AS id, j.n FROM (m FULL JOIN other USING (id)) j WHERE EXISTS (SELECT FROM m k(x) WHERE k.x = j.id + 1);
CREATE VIEW v31 AS SELECT a.id, b.n AS bn, c.d FROM m a LEFT JOIN (m b JOIN m c USING (id, t)) ON a.id = b.n;
CREATE VIEW v32 AS SELECT id, n, d FROM m INTERSECT SELECT q.c, q.b, q.a FROM (SELECT d, n, id FROM m) q(a, b, c);
CREATE VIEW v33 AS SELECT grouping(n, t) AS g, n, t, count(DISTINCT id) AS c FROM m GROUP BY CUBE (n, t);
CREATE VIEW v34 AS SELECT * FROM (VALUES (1), (2)) v(k) CROSS JOIN LATERAL (SELECT m.t, v.k + m.id AS s FROM m WHERE m.n = v.k) l;
CREATE VIEW v35 AS SELECT t AS id, id AS t, n AS d, d AS n FROM m;
CREATE VIEW v36 AS SELECT v35.id, v35.n, m.n AS mn FROM v35 JOIN m ON m.t = v35.id;
CREATE VIEW v37 AS SELECT id FROM m WHERE (id, n) IN (SELECT id, n FROM m WHERE t > 't3') AND ROW(d, t) > ROW(date '2024-01-10', 'a');
CREATE VIEW rows AS SELECT m AS r, ARRAY[m] AS a FROM m;
CREATE VIEW v38 AS SELECT (r).id AS i, (r).d, (a[1]).n FROM rows;
CREATE VIEW v39 AS SELECT (SELECT max((q.r).t) FROM rows q WHERE (q.r).id < rows.i) AS t FROM v38 rows;
CREATE FUNCTION f03(r m) RETURNS text LANGUAGE sql STABLE BEGIN ATOMIC SELECT r.t || (SELECT count(*) FROM m WHERE m.n = r.n); END;
CREATE VIEW v40 AS SELECT f03(m) AS t, (SELECT f03(r) FROM rows LIMIT 0) AS nothing FROM m;
CREATE FUNCTION f01() RETURNS bigint LANGUAGE sql STABLE BEGIN ATOMIC SELECT count(*) FROM m JOIN other USING (id) WHERE m.n > 1; END;
CREATE FUNCTION f02(k bigint) RETURNS SETOF text LANGUAGE sql STABLE BEGIN ATOMIC SELECT m.t FROM m WHERE m.n = k ORDER BY m.id; END;
CREATE VIEW v23 AS SELECT f01() AS c, f.x FROM f02(2) f(x);

CREATE FUNCTION image() RETURNS TABLE(view text, rows text) LANGUAGE plpgsql AS $$
BEGIN
    FOR view IN SELECT c.oid::regclass::text FROM pg_class c WHERE relname LIKE 'v__' AND relnamespace = 'walk'::regnamespace ORDER BY 1 LOOP
        EXECUTE format('SELECT md5(string_agg(lhs::text, E''\n'' ORDER BY lhs::text COLLATE "C")) FROM %I lhs', view) INTO rows;
        RETURN NEXT;
    END LOOP;
END $$;
CREATE TABLE truth AS SELECT * FROM image();

DO $$
DECLARE
    old_names text[] := ARRAY['id', 't', 'n', 'd'];
    new_names text[];
    renames text[];
    types text[];
    definition text;
    wrong text;
    changed regclass;
    redefined bigint := 0;
    differences bigint := 0;
BEGIN
    PERFORM setseed(0.4711);
    FOR round IN 1 .. 20 LOOP
        new_names := ARRAY(SELECT CASE WHEN random() < 0.25 THEN c || '_' || round WHEN random() < 0.3 THEN c ELSE old_names[i] END
                             FROM unnest(ARRAY['id', 't', 'n', 'd']) WITH ORDINALITY u(c, i) ORDER BY i);
        renames := ARRAY(SELECT x FROM unnest(old_names, new_names) WITH ORDINALITY u(a, b, i), LATERAL (VALUES (a), (b)) v(x)
                          WHERE a <> b ORDER BY i);
        types := ARRAY['integer', 'text', CASE WHEN random() < 0.3 THEN 'numeric' ELSE 'bigint' END, 'date'];
        SELECT 'SELECT ' || string_agg(item, ', ' ORDER BY CASE WHEN round % 3 = 0 THEN i ELSE random() END) || ' FROM base'
          INTO definition
          FROM (SELECT format('%s::%s AS %I', c, types[i], new_names[i]) AS item, i
                  FROM unnest(ARRAY['id', 't', 'n', 'd']) WITH ORDINALITY u(c, i)
                UNION ALL SELECT format('%s AS extra_%s_%s', i, CASE WHEN random() < 0.5 THEN round ELSE 0 END, i), 4 + i
                            FROM generate_series(1, (random() * 3)::integer) i) items;
        FOR changed IN SELECT object FROM redefine('m', definition, renames, 'recreate') WHERE needs_refill LOOP
            EXECUTE format('REFRESH MATERIALIZED VIEW %s', changed);
        END LOOP;
        REFRESH MATERIALIZED VIEW v19;
        old_names := new_names;
        redefined := redefined + 1;
        FOR wrong IN SELECT i.view FROM image() i JOIN truth t USING (view) WHERE i.rows IS DISTINCT FROM t.rows LOOP
            RAISE NOTICE 'wrong after %: %', definition, pg_get_viewdef(wrong::regclass);
            differences := differences + 1;
        END LOOP;
    END LOOP;
    RAISE NOTICE '% redefinitions, % differences', redefined, differences;
END $$;
SELECT count(*) AS views, count(DISTINCT rows) > 30 AS of_different_rows FROM truth;

RESET search_path;
SET client_min_messages = warning;
DROP SCHEMA walk CASCADE;
