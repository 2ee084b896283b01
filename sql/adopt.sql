-- Managing what exists already, giving it back, and taking it again.
CREATE SCHEMA ad;
SET search_path = ad, public;
CREATE ROLE regress_mv_owner;
CREATE ROLE regress_mv_other;
GRANT ALL ON SCHEMA ad TO regress_mv_owner, regress_mv_other;
CREATE TABLE base (id int, v text);
INSERT INTO base VALUES (1, 'a'), (2, 'b');
GRANT SELECT ON base TO regress_mv_owner, regress_mv_other;

SET ROLE regress_mv_owner;
CREATE MATERIALIZED VIEW mine WITH (fillfactor = 60) AS SELECT id, lower(v) AS v FROM base;
CREATE UNIQUE INDEX mine_key ON mine (id);
COMMENT ON MATERIALIZED VIEW mine IS 'kept';
GRANT SELECT (id) ON mine TO regress_mv_other;
CREATE TABLE before AS SELECT oid, relfilenode, relacl::text, reloptions, relowner FROM pg_class WHERE relname = 'mine';
SELECT * FROM mv_adopt('mine', label => 'initial');
SELECT (c.oid, c.relfilenode, c.relacl::text, c.reloptions, c.relowner) IS NOT DISTINCT FROM (b.oid, b.relfilenode, b.relacl, b.reloptions, b.relowner) AS untouched
FROM pg_class c, before b WHERE c.relname = 'mine';
SET search_path = pg_catalog;
SELECT public.mv_definition('ad.mine') = rtrim(ltrim(pg_get_viewdef('ad.mine'::regclass)), ';') AS as_the_server_prints_it;
SET search_path = ad, public;
SELECT mv_definition('mine', canonical => true);
SELECT action, message FROM mv_adopt('mine');
SELECT version, label, state, origin FROM mv_history('mine');
RESET ROLE;
SELECT indexes, options, comment, owner_name FROM mvmanager.version x JOIN mvmanager.view v ON v.id = x.view_id WHERE v.schema_name = 'ad';

-- Somebody else's view.
SET ROLE regress_mv_other;
SELECT mv_adopt('mine');
SELECT mv_definition('mine');
SELECT mv_history('mine');
SELECT mv_drop('mine');
SELECT mv_release('mine');
SELECT mv_verify('mine');
SELECT mv_apply('mine', 'SELECT 1 AS a');
SELECT * FROM mv_release();
SELECT count(*) FROM mv_verify() WHERE name IS NOT NULL;
SELECT * FROM mvmanager.version;
SELECT mvmanager.refuse_change();
RESET ROLE;

-- Asked for everything, a schema that the caller may not look into is not an error.
REVOKE USAGE ON SCHEMA ad FROM regress_mv_other;
SET ROLE regress_mv_other;
SELECT * FROM mv_release();
SELECT count(*) FROM mv_verify() WHERE name IS NOT NULL;
SELECT * FROM mv_refresh_all();
SELECT public.mv_refresh('ad.mine');
RESET ROLE;
GRANT USAGE ON SCHEMA ad TO regress_mv_other;

-- A member of the owning role is an owner.
GRANT regress_mv_owner TO regress_mv_other;
SET ROLE regress_mv_other;
SELECT action FROM mv_adopt('mine');
RESET ROLE;
REVOKE regress_mv_owner FROM regress_mv_other;

-- Released and adopted again by the same owner: the same history goes on.
SET ROLE regress_mv_owner;
SELECT name, version, action, state, relation, message FROM mv_release('mine');
SELECT mv_definition('mine');
REFRESH MATERIALIZED VIEW mine;
SELECT version, action, message FROM mv_adopt('mine');
SELECT action FROM mv_release('mine');
CREATE INDEX mine_v ON mine (v);
SELECT version, action, message FROM mv_adopt('mine', label => 'again');
SELECT version, label, state, origin FROM mv_history('mine');
SELECT check_name, ok FROM mv_verify('mine');
RESET ROLE;
SELECT count(*) AS ids FROM mvmanager.view WHERE schema_name = 'ad' AND view_name = 'mine';
-- A label names one definition, whoever gives it.
CREATE MATERIALIZED VIEW labelled AS SELECT 1 AS a;
SELECT action, version FROM mv_adopt('labelled', label => 'one');
SELECT action FROM mv_release('labelled');
SELECT action, version FROM mv_adopt('labelled', label => 'one');
SELECT action FROM mv_release('labelled');
DROP MATERIALIZED VIEW labelled;
CREATE MATERIALIZED VIEW labelled AS SELECT 2 AS a;
SELECT mv_adopt('labelled', label => 'one');
SELECT action, version FROM mv_adopt('labelled', label => 'two');
SELECT action FROM mv_drop('labelled');

-- By another owner: another id.
SELECT count(*) FROM mv_release('mine');
ALTER MATERIALIZED VIEW mine OWNER TO regress_mv_other;
SET ROLE regress_mv_other;
SELECT version, action, message FROM mv_adopt('mine');
RESET ROLE;
SELECT count(*) AS ids FROM mvmanager.view WHERE schema_name = 'ad' AND view_name = 'mine';
SELECT count(*) FROM mv_release('mine');

-- A whole schema, what is read first before what reads it, also through plain views.
CREATE MATERIALIZED VIEW z_base AS SELECT id FROM base;
CREATE VIEW between AS SELECT id FROM z_base;
CREATE MATERIALIZED VIEW a_top AS SELECT id FROM between;
CREATE MATERIALIZED VIEW m_empty AS SELECT id FROM a_top WITH NO DATA;
SELECT name, version, action FROM mv_adopt_schema('ad');
SELECT name, version, action FROM mv_adopt_schema('ad');
SET ROLE regress_mv_other;
SELECT name, action FROM mv_adopt_schema('ad');
RESET ROLE;
SELECT mv_adopt_schema('nowhere');

-- What is no materialized view.
SELECT mv_adopt('base');
SELECT mv_adopt('between');
SELECT mv_adopt('missing');
SELECT mv_adopt('mvmanager.view');
SELECT mv_adopt('a.b.c.d');
SELECT mv_adopt(NULL);
SELECT mv_adopt('a_top', label => '');

-- Released, everything is an ordinary materialized view.
SELECT name, action FROM mv_release() WHERE name LIKE 'ad.%';
SELECT count(*) FROM a_top;
SET client_min_messages = warning;
DROP SCHEMA ad CASCADE;
DROP ROLE regress_mv_owner, regress_mv_other;
