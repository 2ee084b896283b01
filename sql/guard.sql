-- Managed views against other people's DDL: what is refused, what is let go, what is followed.
CREATE SCHEMA gd;
CREATE SCHEMA gd_other;
SET search_path = gd, public;
CREATE ROLE regress_guard_owner;
CREATE ROLE regress_guard_heir;
GRANT ALL ON SCHEMA gd, gd_other TO regress_guard_owner, regress_guard_heir;
CREATE TYPE mood AS ENUM ('good', 'bad');
CREATE FUNCTION twice(integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT $1 * 2';
CREATE TABLE base (id int, note text, m mood);
INSERT INTO base VALUES (1, 'a', 'good'), (2, 'b', 'bad');
CREATE VIEW between AS SELECT id, note FROM base;
SELECT action FROM mv_create('v', 'SELECT id, note FROM base', '{CREATE UNIQUE INDEX v_id ON v (id)}', build => 'now');
SELECT action FROM mv_create('w', 'SELECT id FROM between', build => 'now');
SELECT action FROM mv_create('typed', 'SELECT id, m FROM base', build => 'now');
SELECT action FROM mv_create('called', 'SELECT twice(id) AS two FROM base', build => 'now');
CREATE MATERIALIZED VIEW wild AS SELECT id FROM base;

-- What a statement raises, with its detail and hint. Rolled back either way.
CREATE FUNCTION guarded(statement text) RETURNS TABLE (told text) LANGUAGE plpgsql AS $$
DECLARE
    message text;
    detail text;
    hint text;
BEGIN
    BEGIN
        EXECUTE statement;
        told := 'done';
        RAISE EXCEPTION USING ERRCODE = 'MV001';
    EXCEPTION
        WHEN SQLSTATE 'MV001' THEN
            RETURN NEXT;
            RETURN;
        WHEN OTHERS THEN
            GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
            told := SQLSTATE || ' ' || message;
            RETURN NEXT;
            FOREACH told IN ARRAY string_to_array(detail, E'\n') LOOP
                told := 'DETAIL: ' || regexp_replace(told, 'since \d{4}-\d\d-\d\d', 'since <day>');
                RETURN NEXT;
            END LOOP;
            told := 'HINT: ' || hint;
            RETURN NEXT;
    END;
END $$;
-- The managed views of these schemas that a statement ends. Rolled back.
CREATE FUNCTION ended_by(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    seen text;
BEGIN
    EXECUTE statement;
    SELECT coalesce(string_agg(v.view_name || ' ' || v.ended_how || ' ' || c.action, ', ' ORDER BY v.view_name), 'none') INTO seen
      FROM mvmanager.view v JOIN LATERAL (SELECT c.action FROM mvmanager.change c WHERE c.view_id = v.id ORDER BY c.id DESC LIMIT 1) c ON true
     WHERE v.schema_name LIKE 'gd%' AND v.ended_at >= now();
    RAISE EXCEPTION USING ERRCODE = 'MV001', MESSAGE = seen;
EXCEPTION WHEN SQLSTATE 'MV001' THEN
    RETURN SQLERRM;
END $$;
SET client_min_messages = warning;

-- A database that is not armed only warns.
DELETE FROM mvmanager.local;
BEGIN;
\set VERBOSITY terse
DROP MATERIALIZED VIEW v;
ROLLBACK;
\set VERBOSITY default

-- Armed, every way is refused.
INSERT INTO mvmanager.local (database_oid, armed_at) SELECT oid, now() FROM pg_database WHERE datname = current_database();
SELECT * FROM guarded('DROP MATERIALIZED VIEW v');
SELECT * FROM guarded('DROP MATERIALIZED VIEW wild, v, w CASCADE');
SELECT * FROM guarded('DROP TABLE base CASCADE');
SELECT * FROM guarded('DROP VIEW between CASCADE');
SELECT * FROM guarded('ALTER TABLE base DROP COLUMN note CASCADE');
SELECT * FROM guarded('DROP TYPE mood CASCADE');
SELECT * FROM guarded('DROP FUNCTION twice(integer) CASCADE');
SELECT * FROM guarded('DROP SCHEMA gd CASCADE');
SELECT * FROM guarded($$DO 'BEGIN DROP MATERIALIZED VIEW v; END'$$);
-- Without CASCADE the server has the first word, and what is not managed goes.
SELECT * FROM guarded('DROP TABLE base');
SELECT * FROM guarded('DROP MATERIALIZED VIEW wild');
SELECT * FROM guarded('DROP INDEX v_id');
SELECT * FROM guarded('CREATE TABLE other (id int); DROP TABLE other');
SELECT * FROM guarded('CREATE TEMP TABLE v (id int); DROP TABLE v');

-- DROP OWNED.
ALTER MATERIALIZED VIEW w OWNER TO regress_guard_owner;
SELECT * FROM guarded('DROP OWNED BY regress_guard_owner');

-- With an extension it depends on.
BEGIN;
\set VERBOSITY terse
ALTER MATERIALIZED VIEW v DEPENDS ON EXTENSION plpgsql;
DROP EXTENSION plpgsql CASCADE;
\set VERBOSITY default
ROLLBACK;

-- Let go, with and without a word; the catalog knows.
SELECT ended_by('SET LOCAL mvmanager.guard = off; DROP TABLE base CASCADE');
SELECT ended_by('SET LOCAL mvmanager.guard = off; DROP MATERIALIZED VIEW v');
SELECT ended_by('SET LOCAL mvmanager.guard = off; DROP OWNED BY regress_guard_owner');
SELECT ended_by('SET LOCAL mvmanager.guard = off; DROP SCHEMA gd CASCADE');
SELECT ended_by('SET LOCAL mvmanager.guard = off; DROP MATERIALIZED VIEW wild');
\set VERBOSITY terse
BEGIN;
SET LOCAL mvmanager.guard = warn;
DROP MATERIALIZED VIEW v;
DROP TYPE mood CASCADE;
SAVEPOINT s;
DROP TABLE base CASCADE;
ROLLBACK TO s;
SELECT view_name, ended_how FROM mvmanager.view WHERE schema_name = 'gd' ORDER BY 1;
ROLLBACK;
\set VERBOSITY default
SELECT count(*) FROM mvmanager.view WHERE schema_name = 'gd' AND ended_at IS NULL;
SET mvmanager.guard = maybe;

-- What mvmanager does itself it may.
BEGIN;
SELECT action, message FROM mv_drop('v');
SELECT action FROM mv_drop('typed', cascade => true);
ROLLBACK;
SELECT strategy, rows_total FROM mv_refresh('v', 'native');
SELECT strategy, rows_total FROM mv_refresh('v', 'concurrently');

-- What a view's query calls is somebody's, though mvmanager runs it.
CREATE FUNCTION meddling() RETURNS integer LANGUAGE plpgsql AS $$ BEGIN
    IF pg_catalog.current_setting('gd.meddle', true) = 'drop' THEN DROP MATERIALIZED VIEW gd.typed; END IF;
    IF pg_catalog.current_setting('gd.meddle', true) = 'refresh' THEN REFRESH MATERIALIZED VIEW gd.typed; END IF;
    RETURN 1;
END $$;
SELECT action FROM mv_create('meddler', 'SELECT meddling() AS a', build => 'now');
SELECT * FROM guarded($$SET LOCAL gd.meddle = 'drop'; SELECT mv_refresh('meddler', 'native')$$);
SELECT * FROM guarded($$SET LOCAL gd.meddle = 'drop'; SELECT mv_refresh('meddler', 'diff')$$);
BEGIN;
SET LOCAL gd.meddle = 'refresh';
SELECT rows_total FROM mv_refresh('meddler', 'native');
SELECT v.view_name, r.reason FROM mvmanager.run r JOIN mvmanager.view v ON v.id = r.view_id
 WHERE v.schema_name = 'gd' AND v.view_name IN ('typed', 'meddler') AND v.ended_at IS NULL ORDER BY r.id DESC LIMIT 2;
ROLLBACK;
SELECT action FROM mv_drop('meddler');

-- Where event triggers do not fire, nothing is known of it.
BEGIN;
SET LOCAL session_replication_role = replica;
DROP MATERIALIZED VIEW v;
SELECT check_name, detail FROM mv_verify('v') WHERE NOT ok;
ROLLBACK;
BEGIN;
ALTER EVENT TRIGGER mvmanager_guard_drop DISABLE;
SELECT check_name, detail FROM mv_verify('v') WHERE NOT ok;
ROLLBACK;

-- Names.
CREATE FUNCTION known() RETURNS TABLE (view text, live int, origin text, verified text) LANGUAGE sql AS $$
    SELECT v.schema_name || '.' || v.view_name, v.live_version, x.origin,
           coalesce((SELECT string_agg(f.check_name || ': ' || f.detail, ', ') FROM mv_verify(format('%I.%I', v.schema_name, v.view_name)) f WHERE NOT f.ok), 'ok')
      FROM mvmanager.view v JOIN mvmanager.version x ON x.view_id = v.id AND x.number = v.live_version
     WHERE v.ended_at IS NULL AND v.schema_name LIKE 'gd%' ORDER BY 1
$$;
ALTER MATERIALIZED VIEW v RENAME TO "V ""2""";
ALTER TABLE typed RENAME TO typed_2;
ALTER INDEX called RENAME TO called_2;
ALTER MATERIALIZED VIEW w SET SCHEMA gd_other;
SELECT * FROM known();
ALTER SCHEMA gd_other RENAME TO gd_else;
ALTER TABLE gd_else.w SET SCHEMA gd;
ALTER TABLE w SET SCHEMA gd_else;
ALTER SCHEMA gd_else RENAME TO gd_other;
ALTER MATERIALIZED VIEW "V ""2""" RENAME TO v;
SELECT * FROM known();
GRANT SELECT ON between TO regress_guard_owner;
SELECT name, strategy, rows_total FROM mv_refresh('gd_other.w', 'diff');
SELECT action FROM mv_apply('v', 'SELECT id, note FROM base', indexes => '{CREATE UNIQUE INDEX v_id ON v (id)}');
BEGIN;
ALTER MATERIALIZED VIEW typed_2 RENAME TO typed_3;
ALTER MATERIALIZED VIEW typed_3 RENAME TO typed_4;
SELECT view FROM known() WHERE view LIKE '%typed%';
ROLLBACK;
SELECT view FROM known() WHERE view LIKE '%typed%';
-- Two change names in one transaction, as tools do that swap; the one that was managed is followed.
BEGIN;
ALTER MATERIALIZED VIEW v RENAME TO v_old;
ALTER MATERIALIZED VIEW wild RENAME TO v;
SELECT view FROM known() WHERE view LIKE 'gd.v%';
SELECT * FROM guarded('DROP MATERIALIZED VIEW v_old');
ROLLBACK;
-- A name that the catalog still has for a view that is gone.
BEGIN;
SET LOCAL session_replication_role = replica;
DROP MATERIALIZED VIEW called_2;
SET LOCAL session_replication_role = origin;
ALTER MATERIALIZED VIEW v RENAME TO called_2;
SELECT view FROM known();
SELECT view_name, ended_how FROM mvmanager.view WHERE schema_name = 'gd' AND view_name = 'called_2' ORDER BY id;
ROLLBACK;
-- Other things of that name are none of its business.
ALTER MATERIALIZED VIEW wild RENAME TO wilder;
ALTER TABLE base RENAME COLUMN note TO remark;
ALTER TABLE base RENAME COLUMN remark TO note;
ALTER TABLE base RENAME TO base_2;
ALTER TABLE base_2 RENAME TO base;
SELECT * FROM known();

-- Columns and registered indexes: a version of their own, the definition as it is now.
ALTER MATERIALIZED VIEW v RENAME COLUMN note TO remark;
ALTER TABLE v RENAME remark TO "Re mark";
SELECT * FROM known() WHERE view = 'gd.v';
SELECT version, state, origin FROM mv_history('v');
SELECT mv_definition('v', canonical => true) LIKE '%note AS "Re mark"%FROM gd.base' AS as_it_is_now, mv_definition('v', version => 1) AS as_it_was;
SELECT action FROM mv_apply('v', 'SELECT id, note AS "Re mark" FROM base');
ALTER MATERIALIZED VIEW v RENAME COLUMN "Re mark" TO note;
SELECT action FROM mv_apply('v', 'SELECT id, note FROM base', label => 'as before');
ALTER INDEX v_id RENAME TO v_key;
CREATE INDEX v_hand ON v (note);
ALTER INDEX v_hand RENAME TO v_by_hand;
SELECT * FROM known() WHERE view = 'gd.v';
SELECT name, written IS NULL AS unwritten FROM mvmanager.version x JOIN mvmanager.view v ON v.id = x.view_id,
       jsonb_to_recordset(x.indexes) AS i (name text, written text)
 WHERE v.view_name = 'v' AND v.schema_name = 'gd' AND v.ended_at IS NULL AND x.number = v.live_version;
SELECT action FROM mv_apply('v', 'SELECT id, note FROM base', indexes => '{CREATE UNIQUE INDEX v_key ON v (id), CREATE INDEX v_by_hand ON v (note)}');
SELECT from_version, to_version, action FROM mvmanager.change c JOIN mvmanager.view v ON v.id = c.view_id
 WHERE v.view_name = 'v' AND v.schema_name = 'gd' AND v.ended_at IS NULL ORDER BY c.id;

-- Where no event trigger tells of it, mv_verify does.
BEGIN;
SET LOCAL session_replication_role = replica;
ALTER MATERIALIZED VIEW v RENAME COLUMN note TO remark;
SELECT check_name, detail FROM mv_verify('v') WHERE NOT ok;
ROLLBACK;

-- What hangs on the view survives by itself.
ALTER MATERIALIZED VIEW v SET (fillfactor = 70);
ALTER MATERIALIZED VIEW v ALTER COLUMN note SET STATISTICS 500;
ALTER MATERIALIZED VIEW v ALTER COLUMN note SET STORAGE EXTERNAL;
ALTER MATERIALIZED VIEW v ALTER COLUMN note SET (n_distinct = 7);
ALTER MATERIALIZED VIEW v CLUSTER ON v_key;
ALTER MATERIALIZED VIEW v SET TABLESPACE pg_default;
ALTER MATERIALIZED VIEW v DEPENDS ON EXTENSION plpgsql;
ALTER MATERIALIZED VIEW v NO DEPENDS ON EXTENSION plpgsql;
COMMENT ON MATERIALIZED VIEW v IS 'by hand';
COMMENT ON COLUMN v.note IS 'by hand';
GRANT SELECT ON v TO regress_guard_owner;
CREATE STATISTICS v_stat ON id, note FROM v;
DROP STATISTICS v_stat;
SELECT * FROM known() WHERE view = 'gd.v';

-- The owner: rows of other versions of the view go with it.
BEGIN;
CREATE MATERIALIZED VIEW kept AS SELECT 1 AS a;
INSERT INTO mvmanager.version_state (view_id, number, state, relation_schema, relation_name)
SELECT v.id, 99, 'archived', 'gd', 'kept' FROM mvmanager.view v WHERE v.schema_name = 'gd' AND v.view_name = 'v' AND v.ended_at IS NULL;
ALTER MATERIALIZED VIEW v OWNER TO regress_guard_owner;
SELECT relname, relowner::regrole FROM pg_class WHERE relname IN ('v', 'kept', 'v_key') AND relnamespace = 'gd'::regnamespace ORDER BY 1;
REASSIGN OWNED BY regress_guard_owner TO regress_guard_heir;
SELECT relname, relowner::regrole FROM pg_class WHERE relname IN ('v', 'kept', 'v_key') AND relnamespace = 'gd'::regnamespace ORDER BY 1;
-- Somebody else's of that name is not given away.
SAVEPOINT s;
ALTER MATERIALIZED VIEW kept OWNER TO CURRENT_USER;
ALTER MATERIALIZED VIEW v OWNER TO regress_guard_owner;
SELECT relname, relowner = 'regress_guard_owner'::regrole AS given FROM pg_class WHERE relname IN ('v', 'kept') AND relnamespace = 'gd'::regnamespace ORDER BY 1;
ROLLBACK TO s;
-- They are not dropped, refreshed or lost sight of in passing either.
SELECT * FROM guarded('DROP MATERIALIZED VIEW kept');
SELECT * FROM guarded('REFRESH MATERIALIZED VIEW kept');
SELECT * FROM guarded('SET LOCAL mvmanager.guard = off; REFRESH MATERIALIZED VIEW kept; DROP MATERIALIZED VIEW kept');
SELECT * FROM guarded('DROP OWNED BY regress_guard_heir');
ALTER MATERIALIZED VIEW kept RENAME TO kept_2;
ALTER MATERIALIZED VIEW kept_2 SET SCHEMA gd_other;
ALTER SCHEMA gd_other RENAME TO gd_else;
SELECT relation_schema, relation_name FROM mvmanager.version_state WHERE number = 99;
UPDATE mvmanager.version_state SET state = 'ready' WHERE number = 99;
SELECT * FROM guarded('DROP SCHEMA gd_else CASCADE');
SELECT * FROM guarded('DROP MATERIALIZED VIEW gd_else.kept_2');
SELECT ended_by('SET LOCAL mvmanager.guard = off; DROP MATERIALIZED VIEW gd_else.kept_2');
\set VERBOSITY terse
SET LOCAL mvmanager.guard = warn;
DROP MATERIALIZED VIEW gd_else.kept_2;
\set VERBOSITY default
ROLLBACK;

-- A REFRESH by hand is a run.
CREATE FUNCTION last_run(view text) RETURNS TABLE (reason text, state text, strategy text, strategy_used text, strategy_reason text, rows_total bigint, blocked interval, counted bigint, recent boolean)
LANGUAGE sql AS $$
    SELECT r.reason, r.state, r.strategy, r.strategy_used, r.strategy_reason, r.rows_total, r.blocked, v.refreshes_total,
           v.last_refresh_at >= statement_timestamp() - interval '1 minute' AND r.started_at <= r.finished_at
      FROM mvmanager.view v JOIN mvmanager.run r ON r.view_id = v.id
     WHERE v.schema_name = 'gd' AND v.view_name = view AND v.ended_at IS NULL ORDER BY r.id DESC LIMIT 1
$$;
REFRESH MATERIALIZED VIEW v;
SELECT * FROM last_run('v');
REFRESH MATERIALIZED VIEW CONCURRENTLY v;
SELECT * FROM last_run('v');
BEGIN;
REFRESH MATERIALIZED VIEW v;
ROLLBACK;
REFRESH MATERIALIZED VIEW v WITH NO DATA;
REFRESH MATERIALIZED VIEW wilder;
SELECT * FROM last_run('v');
REFRESH MATERIALIZED VIEW v;
SELECT * FROM last_run('v');
SELECT strategy FROM mv_refresh('v', 'native');
SELECT * FROM last_run('v');
-- In a database that is not armed, the first fill is a dump being restored.
BEGIN;
DELETE FROM mvmanager.local;
REFRESH MATERIALIZED VIEW v WITH NO DATA;
REFRESH MATERIALIZED VIEW v;
SELECT reason, counted FROM last_run('v');
REFRESH MATERIALIZED VIEW v;
SELECT reason, counted FROM last_run('v');
ROLLBACK;

-- Somebody who is not a superuser, and has no right on the catalog.
SET ROLE regress_guard_owner;
SELECT action FROM mv_create('gd.theirs', 'SELECT 1 AS a', build => 'now');
ALTER MATERIALIZED VIEW theirs RENAME TO still_theirs;
ALTER MATERIALIZED VIEW still_theirs RENAME COLUMN a TO b;
REFRESH MATERIALIZED VIEW still_theirs;
RESET ROLE;
SELECT reason, counted FROM last_run('still_theirs');
SELECT * FROM known() WHERE view LIKE '%theirs';
SELECT * FROM guarded('SET ROLE regress_guard_owner; DROP MATERIALIZED VIEW still_theirs');
SELECT mvmanager.guard_drop();
SELECT mvmanager.follow_ddl();

-- Released, a view is nobody's business any more.
SELECT action FROM mv_release('still_theirs');
ALTER MATERIALIZED VIEW still_theirs RENAME TO theirs;
DROP MATERIALIZED VIEW theirs;

SET mvmanager.guard = off;
DROP SCHEMA gd, gd_other CASCADE;
DROP ROLE regress_guard_owner, regress_guard_heir;
SELECT count(*) FROM mvmanager.view WHERE schema_name LIKE 'gd%' AND ended_at IS NULL;
SELECT schema_name, view_name, ended_how FROM mvmanager.view WHERE schema_name LIKE 'gd%' ORDER BY id;
DELETE FROM mvmanager.local;
