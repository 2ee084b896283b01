-- A view is redefined in place, with what depends on it.
CREATE SCHEMA redefinition;
SET search_path = redefinition, mvmanager_test;
CREATE ROLE regress_redefinition_owner;
CREATE ROLE regress_redefinition_reader;
CREATE ROLE regress_redefinition_other;
GRANT USAGE, CREATE ON SCHEMA redefinition TO regress_redefinition_owner, regress_redefinition_other;
GRANT USAGE ON SCHEMA redefinition, mvmanager_test TO regress_redefinition_reader, regress_redefinition_owner;

CREATE TABLE base (id integer, t text, n bigint, d date);
CREATE TABLE other (id integer, z bigint);
INSERT INTO base SELECT i, 't' || i, i % 7, date '2024-01-01' + i FROM generate_series(1, 10) i;
INSERT INTO other SELECT i, i FROM generate_series(1, 10) i;
GRANT SELECT ON base, other TO regress_redefinition_owner;
GRANT INSERT ON other TO regress_redefinition_owner;

SET ROLE regress_redefinition_owner;
CREATE MATERIALIZED VIEW m AS SELECT id, t, n, d FROM base;
CREATE UNIQUE INDEX m_id ON m (id);
CREATE VIEW uses_id AS SELECT id FROM m;
CREATE VIEW uses_join AS SELECT m.id, o.z FROM m JOIN other o USING (id);
CREATE VIEW uses_n WITH (security_barrier) AS SELECT id, n FROM m;
CREATE VIEW sums AS SELECT max(n) AS top, count(*) AS c FROM uses_n;
CREATE VIEW on_count AS SELECT c FROM sums;
CREATE VIEW on_top AS SELECT top + 1 AS more FROM sums;
CREATE VIEW by_place AS SELECT x.b FROM m x(a, b);
CREATE VIEW by_join AS SELECT j.n FROM (m CROSS JOIN (SELECT 1 AS one) s) j;
CREATE VIEW in_cte AS WITH c AS (SELECT n AS k, 1.5::real AS f, 'infinity'::timestamptz AS at FROM m) SELECT k, f, at FROM c;
CREATE MATERIALIZED VIEW m2 AS SELECT n, id, n % 2 = 0 AS even FROM uses_n;
CREATE INDEX m2_n ON m2 (n);
CREATE INDEX m2_even ON m2 (id) WHERE even;
CREATE STATISTICS m2_statistics ON (n + 1), id FROM m2;
ALTER STATISTICS m2_statistics SET STATISTICS 55;
ALTER MATERIALIZED VIEW m2 CLUSTER ON m2_n;
ALTER MATERIALIZED VIEW m2 ALTER COLUMN n SET STATISTICS 66;
COMMENT ON INDEX m2_n IS 'by number';
COMMENT ON STATISTICS m2_statistics IS 'about numbers';
COMMENT ON MATERIALIZED VIEW m2 IS 'the second';
COMMENT ON COLUMN m2.n IS 'its number';
COMMENT ON VIEW uses_n IS 'a view';
GRANT SELECT (n) ON m2 TO regress_redefinition_reader WITH GRANT OPTION;
GRANT SELECT ON uses_n, on_top TO regress_redefinition_reader;
CREATE FUNCTION f_atomic() RETURNS numeric LANGUAGE sql STABLE BEGIN ATOMIC SELECT sum(n) FROM m; END;
COMMENT ON FUNCTION f_atomic() IS 'a function';
REVOKE EXECUTE ON FUNCTION f_atomic() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION f_atomic() TO regress_redefinition_reader;
CREATE RULE ins AS ON INSERT TO uses_n DO INSTEAD INSERT INTO other SELECT new.id, new.n;
COMMENT ON RULE ins ON uses_n IS 'a rule';
CREATE FUNCTION f_trigger() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE 'trigger: %', new; RETURN new; END $$;
CREATE TRIGGER on_insert INSTEAD OF INSERT ON uses_join FOR EACH ROW EXECUTE FUNCTION f_trigger();
CREATE TABLE guarded (id integer);
ALTER TABLE guarded ENABLE ROW LEVEL SECURITY;
CREATE POLICY known ON guarded USING (EXISTS (SELECT FROM m WHERE m.n = guarded.id)) WITH CHECK (id IN (SELECT m.n FROM m));
COMMENT ON POLICY known ON guarded IS 'a policy';
RESET ROLE;

-- What must not change, by name.
CREATE TABLE before (object text, state text);
GRANT SELECT ON before TO regress_redefinition_owner;
CREATE FUNCTION kept() RETURNS TABLE(object text, state text) LANGUAGE sql AS $$
    SELECT c.oid::regclass::text, concat_ws(' ', c.oid, c.relowner::regrole, c.relacl, c.reloptions, obj_description(c.oid),
           c.relhasrules, c.relhastriggers, c.relkind,
           (SELECT string_agg(concat_ws(' ', a.attname, a.attacl, a.attstattarget, col_description(c.oid, a.attnum)), ', '
                              ORDER BY a.attname) FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0),
           (SELECT string_agg(concat_ws(' ', pg_get_indexdef(x.indexrelid), x.indisclustered, x.indisvalid,
                                        obj_description(x.indexrelid)), ', ' ORDER BY x.indexrelid::regclass::text)
              FROM pg_index x WHERE x.indrelid = c.oid),
           (SELECT string_agg(concat_ws(' ', pg_get_statisticsobjdef(s.oid), s.stxstattarget, obj_description(s.oid)), ', '
                              ORDER BY s.stxname) FROM pg_statistic_ext s WHERE s.stxrelid = c.oid),
           (SELECT string_agg(concat_ws(' ', r.oid, r.rulename, r.ev_enabled, obj_description(r.oid)), ', ' ORDER BY r.oid)
              FROM pg_rewrite r WHERE r.ev_class = c.oid))
      FROM pg_class c WHERE c.relnamespace = 'redefinition'::regnamespace AND c.relkind IN ('v', 'm') AND c.oid <> 'm'::regclass
    UNION ALL SELECT p.oid::regprocedure::text, concat_ws(' ', p.oid, p.proowner::regrole, p.proacl, obj_description(p.oid))
      FROM pg_proc p WHERE p.pronamespace = 'redefinition'::regnamespace
    UNION ALL SELECT 'policy ' || polname, concat_ws(' ', p.oid, p.polrelid::regclass, obj_description(p.oid)) FROM pg_policy p
    UNION ALL SELECT 'trigger ' || tgname, concat_ws(' ', t.oid, t.tgrelid::regclass, t.tgenabled) FROM pg_trigger t
     WHERE t.tgrelid = 'uses_join'::regclass
$$;
CREATE FUNCTION changed() RETURNS TABLE(sign text, object text) LANGUAGE sql AS $$
    SELECT '-' AS sign, b.object FROM (SELECT * FROM before EXCEPT SELECT * FROM kept()) b
    UNION ALL SELECT '+', k.object FROM (SELECT * FROM kept() EXCEPT SELECT * FROM before) k ORDER BY 2, 1
$$;
-- No dependency points to a column that is not there.
CREATE FUNCTION dangling() RETURNS SETOF text LANGUAGE sql AS $$
    SELECT pg_describe_object(d.classid, d.objid, d.objsubid) || ' on column ' || d.refobjsubid || ' of ' || c.relname
      FROM pg_depend d JOIN pg_class c ON d.refclassid = 'pg_class'::regclass AND c.oid = d.refobjid
     WHERE d.refobjsubid > c.relnatts
$$;
INSERT INTO before SELECT * FROM kept();

SET ROLE regress_redefinition_owner;
-- An append touches nobody.
SELECT * FROM redefine('m', 'SELECT id, t, n, d, 1 AS one, t AS two FROM base');
REFRESH MATERIALIZED VIEW m;
SELECT why_not_reversible('m', 4);
CREATE VIEW uses_two AS SELECT two FROM m;
CREATE VIEW lists_two AS SELECT m.id, o.z FROM m JOIN other o USING (id);
SELECT why_not_reversible('m', 4);
SELECT why_not_reversible('m', 5);
SELECT * FROM redefine('m', 'SELECT id, t, n, d FROM base');
SELECT * FROM redefine('m', 'SELECT id, t, n, d FROM base', '{}', 'recreate');
DROP VIEW uses_two;
-- The way back: who only lists the columns that go, in a join, is stored anew, and does not notice.
SELECT * FROM redefine('m', 'SELECT id, t, n, d FROM base');
REFRESH MATERIALIZED VIEW m;
SELECT * FROM lists_two ORDER BY id LIMIT 1;
SELECT pg_get_viewdef('lists_two') ~ 'USING \(id\)' AS join_as_before;
DROP VIEW lists_two;
SELECT * FROM changed();

-- A type that changes is in the way of who uses the column, and of nobody else.
SELECT * FROM redefine('m', 'SELECT id, t, n::numeric, d FROM base');
SELECT * FROM redefine('m', 'SELECT id, n, d FROM base', '{}', 'recreate');
SELECT * FROM redefine('m', 'SELECT id, t, n::text, d FROM base', '{}', 'recreate');
SELECT * FROM changed();
BEGIN;
SELECT * FROM redefine('m', 'SELECT id, t, n::numeric, d FROM base', '{}', 'recreate');
SELECT relispopulated FROM pg_class WHERE oid = 'm2'::regclass;
-- Nobody who is not concerned is locked.
SELECT relation::regclass FROM pg_locks WHERE pid = pg_backend_pid() AND mode = 'AccessExclusiveLock' AND locktype = 'relation'
   AND relation IN (SELECT oid FROM pg_class WHERE relkind = 'v' AND relnamespace = 'redefinition'::regnamespace) ORDER BY 1;
REFRESH MATERIALIZED VIEW m;
REFRESH MATERIALIZED VIEW m2;
SELECT * FROM dangling();
SELECT * FROM changed();
SELECT attrelid::regclass, attname, format_type(atttypid, atttypmod) FROM pg_attribute
 WHERE attrelid IN ('m'::regclass, 'm2'::regclass, 'uses_n'::regclass, 'sums'::regclass, 'on_top'::regclass, 'on_count'::regclass,
                    'by_join'::regclass, 'in_cte'::regclass) AND attnum > 0 ORDER BY 1, attnum;
SELECT * FROM on_top, on_count;
SELECT f, at FROM in_cte LIMIT 1;
SELECT f_atomic();
INSERT INTO uses_n VALUES (11, 4);
INSERT INTO uses_join VALUES (5, 5);
COMMIT;
SET ROLE regress_redefinition_reader;
SELECT count(n) FROM redefinition.m2;
SELECT count(*) FROM redefinition.on_top;
RESET ROLE;
INSERT INTO guarded VALUES (4), (5), (99);
GRANT SELECT ON guarded, m TO regress_redefinition_reader;
SET ROLE regress_redefinition_reader;
SELECT * FROM redefinition.guarded ORDER BY id;
RESET ROLE;
REVOKE SELECT ON guarded, m FROM regress_redefinition_reader;
SET ROLE regress_redefinition_owner;

-- Moved, with a new name: texts name columns, and follow.
SELECT * FROM redefine('m', 'SELECT d, n::numeric AS amount, id, t FROM base', '{n,amount}', 'keep');
BEGIN;
SELECT * FROM redefine('m', 'SELECT d, n::numeric AS amount, id, t FROM base', '{n,amount}', 'recreate');
REFRESH MATERIALIZED VIEW m;
SELECT * FROM dangling();
SELECT * FROM changed();
SELECT (SELECT b FROM by_place ORDER BY b COLLATE "C" LIMIT 1), (SELECT sum(n) FROM by_join), (SELECT sum(z) FROM uses_join WHERE id < 11),
       (SELECT sum(id) FROM uses_id), f_atomic(), (SELECT top FROM sums);
SELECT pg_get_expr(polqual, polrelid) ~ 'amount' AS follows FROM pg_policy WHERE polname = 'known';
COMMIT;
SET ROLE regress_redefinition_reader;
SELECT count(n) FROM redefinition.m2;
SET ROLE regress_redefinition_owner;

-- Back to where it began. A text keeps the casts that came with the other type, and with it expressions of m2.
BEGIN;
SELECT count(*) FROM redefine('m', 'SELECT id, t, n, d FROM base', '{amount,n}', 'recreate');
REFRESH MATERIALIZED VIEW m;
REFRESH MATERIALIZED VIEW m2;
SELECT * FROM changed();
SELECT * FROM dangling();
COMMIT;

-- Names by their place in a function cannot follow a column that moves.
CREATE FUNCTION f_place() RETURNS text LANGUAGE sql STABLE BEGIN ATOMIC SELECT max(x.b) FROM m x(a, b); END;
SELECT * FROM redefine('m', 'SELECT t, id, n, d FROM base', '{}', 'recreate');
SELECT count(*) FROM redefine('m', 'SELECT id, t, n::numeric, d FROM base', '{}', 'recreate');
SELECT f_place();
DROP FUNCTION f_place();
SELECT count(*) FROM redefine('m', 'SELECT id, t, n, d FROM base', '{}', 'recreate');
REFRESH MATERIALIZED VIEW m;

-- The rows as a whole: an append is nobody's business, and who only takes them follows; who keeps them is in the way.
CREATE VIEW whole AS SELECT m AS r, to_jsonb(m) AS j FROM m;
CREATE FUNCTION f_row(m) RETURNS integer LANGUAGE sql AS 'SELECT $1.id';
CREATE FUNCTION f_row_atomic(r m) RETURNS integer LANGUAGE sql BEGIN ATOMIC SELECT r.id; END;
CREATE FUNCTION f_rows() RETURNS SETOF m LANGUAGE sql STABLE AS 'SELECT id, t, n, d FROM redefinition.base';
CREATE VIEW from_function AS SELECT f.t, f.id FROM f_rows() f;
SELECT count(*) FROM redefine('m', 'SELECT id, t, n, d, 1 AS one FROM base');
REFRESH MATERIALIZED VIEW m;
SELECT j ->> 'one' AS one FROM whole LIMIT 1;
SELECT why_not_reversible('m', 4);
SELECT object FROM redefine('m', 'SELECT id, t, n, d FROM base');
REFRESH MATERIALIZED VIEW m;
SELECT j FROM whole ORDER BY j LIMIT 1;
SELECT * FROM from_function ORDER BY id LIMIT 1;
SELECT * FROM redefine('m', 'SELECT t, id, n, d FROM base');
CREATE TABLE holds (r m);
INSERT INTO holds SELECT m FROM m WHERE id = 1;
SELECT * FROM redefine('m', 'SELECT t, id, n, d FROM base', '{}', 'recreate');
DROP TABLE holds;
DROP VIEW from_function;
SELECT object FROM redefine('m', 'SELECT t, id, n, d FROM base', '{}', 'recreate');
REFRESH MATERIALIZED VIEW m;
SELECT r, (r).t, f_row(r), f_row_atomic(r) FROM whole ORDER BY (r).id LIMIT 1;
SELECT object FROM redefine('m', 'SELECT id, t, n, d FROM base', '{}', 'recreate');
REFRESH MATERIALIZED VIEW m;
DROP VIEW whole;
DROP FUNCTION f_row(m), f_row_atomic(m), f_rows();

-- Statistics objects are restated where their expressions take the new type.
CREATE STATISTICS m_expression ON (n + 1), d FROM m;
ALTER STATISTICS m_expression SET STATISTICS 99;
COMMENT ON STATISTICS m_expression IS 'about expressions';
BEGIN;
SELECT count(*) FROM redefine('m', 'SELECT t, id, n::numeric AS amount, d FROM base', '{n,amount}', 'recreate');
REFRESH MATERIALIZED VIEW m;
ANALYZE m;
SELECT pg_get_statisticsobjdef(oid), stxstattarget, obj_description(oid) FROM pg_statistic_ext WHERE stxname = 'm_expression';
ROLLBACK;
SELECT count(*) FROM redefine('m', 'SELECT id, t, n::text, d FROM base', '{}', 'recreate');
SELECT count(*) FROM redefine('m', 'SELECT id, t, d FROM base', '{}', 'recreate');
DROP STATISTICS m_expression;

-- An index that is built aside may be dropped; one made by hand is in the way.
CREATE INDEX m_n ON m (n);
SELECT count(*) FROM redefine('m', 'SELECT id, t, n::numeric, d FROM base', '{}', 'recreate');
SELECT count(*) FROM redefine('m', 'SELECT id, t, n::numeric, d FROM base', '{}', 'recreate', '{m_n}');
SELECT to_regclass('m_n');
REFRESH MATERIALIZED VIEW m;
CREATE INDEX m_n ON m ((n + 1), id);
ALTER INDEX m_n ALTER COLUMN 1 SET STATISTICS 44;
ALTER MATERIALIZED VIEW m CLUSTER ON m_n;
COMMENT ON INDEX m_n IS 'it''s by hand';
BEGIN;
SELECT * FROM dropped_indexes('m', 'SELECT id, t, n, d FROM base', '{m_n}');
ROLLBACK;
DROP INDEX m_n;
SELECT count(*) FROM redefine('m', 'SELECT id, t, n, d FROM base', '{}', 'recreate');
REFRESH MATERIALIZED VIEW m;

-- Somebody else's dependent.
GRANT SELECT ON m TO regress_redefinition_other;
SET ROLE regress_redefinition_other;
CREATE VIEW theirs AS SELECT n FROM m;
CREATE VIEW theirs_joined AS SELECT m.id FROM m JOIN other o USING (id);
SET ROLE regress_redefinition_owner;
SELECT * FROM redefine('m', 'SELECT id, t, n::numeric, d FROM base', '{}', 'recreate');
RESET ROLE;
DROP VIEW theirs;
GRANT SELECT ON uses_n TO regress_redefinition_other;
SET ROLE regress_redefinition_other;
CREATE VIEW theirs AS SELECT n FROM uses_n;
SET ROLE regress_redefinition_owner;
SELECT * FROM redefine('m', 'SELECT id, t, n::numeric, d FROM base', '{}', 'recreate');
RESET ROLE;
SELECT count(*) FROM redefine('m', 'SELECT id, t, n::numeric, d FROM base', '{}', 'recreate');
SELECT relowner::regrole FROM pg_class WHERE relname = 'theirs';
DROP VIEW theirs;
SET ROLE regress_redefinition_owner;
-- The other one uses no column that changes, so nobody asks whose it is.
SELECT object FROM redefine('m', 'SELECT id, t, n::numeric FROM base', '{}', 'keep');
REFRESH MATERIALIZED VIEW m;

RESET ROLE;
RESET search_path;
SET client_min_messages = warning;
DROP SCHEMA redefinition CASCADE;
REVOKE USAGE ON SCHEMA mvmanager_test FROM regress_redefinition_reader, regress_redefinition_owner;
DROP ROLE regress_redefinition_owner, regress_redefinition_reader, regress_redefinition_other;
