-- mv_verify: drift told from renames, versions that could not come back, relations that nothing names.
SET client_min_messages = warning;
SET mvmanager.guard = off;
CREATE SCHEMA verified;
SET search_path = verified, public;
\pset format unaligned
CREATE TABLE usages (user_id integer, day date, plan text);
CREATE TABLE users (id integer, name text);
CREATE TYPE kind AS ENUM ('free', 'paid');
CREATE FUNCTION shown(text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT upper($1)';
SELECT version FROM mv_create('v', 'WITH w AS (SELECT user_id, count(*) AS n FROM usages GROUP BY user_id)
    SELECT u.user_id, x.name, shown(x.name), (x.name = ''a'')::text, ''free''::kind AS k, u.day, w.n, (SELECT max(day) FROM usages) AS last_day
    FROM usages u JOIN users x ON x.id = u.user_id LEFT JOIN w ON w.user_id = u.user_id WHERE u.plan <> ''user_id'' ORDER BY u.day', build => 'now');
SELECT version FROM mv_create('plain', 'SELECT day, plan FROM usages', build => 'now');
PREPARE found AS SELECT name, check_name, ok, regexp_replace(detail, '[0-9a-f]{64}', 'HASH') AS detail FROM mv_verify() WHERE name LIKE 'verified.%' ORDER BY name, check_name;
EXECUTE found;

-- Renamed: columns, tables, functions, types.
ALTER TABLE usages RENAME COLUMN user_id TO uid;
SELECT name, ok, detail FROM mv_verify() WHERE name LIKE 'verified.%' AND check_name IN ('definition', 'restorable') ORDER BY name, check_name;
ALTER TABLE usages RENAME TO "Usages of";
ALTER TABLE users RENAME COLUMN name TO full_name;
ALTER FUNCTION shown RENAME TO displayed;
ALTER TYPE kind RENAME TO plan_kind;
SELECT name, ok, detail FROM mv_verify() WHERE name LIKE 'verified.%' AND check_name = 'definition' ORDER BY name;

-- Replaced by hand: the same shape, another column, and both are there.
ALTER TABLE "Usages of" RENAME TO usages;
ALTER TABLE usages RENAME COLUMN uid TO user_id;
SELECT name, ok, detail FROM mv_verify('plain') WHERE check_name = 'definition';
ALTER TABLE usages ADD COLUMN month date;
SELECT (mv_release('plain')).action;
DROP MATERIALIZED VIEW plain;
CREATE MATERIALIZED VIEW plain AS SELECT month AS day, plan FROM usages;
SELECT (mv_adopt('plain')).version;
SET session_replication_role = replica;
UPDATE mvmanager.version_state SET state = CASE number WHEN 1 THEN 'live' ELSE 'cancelled' END WHERE view_id = (SELECT id FROM mvmanager.view WHERE view_name = 'plain' AND schema_name = 'verified');
UPDATE mvmanager.view SET live_version = 1 WHERE view_name = 'plain' AND schema_name = 'verified';
RESET session_replication_role;
SELECT name, ok, detail FROM mv_verify('plain') WHERE check_name = 'definition';

-- Versions that could not come back.
ALTER TABLE usages RENAME COLUMN plan TO "Plan";
SELECT check_name, ok, detail FROM mv_verify('plain') WHERE check_name IN ('definition', 'restorable');
ALTER TABLE usages RENAME COLUMN "Plan" TO plan;

-- Relations that nothing names, and rows that are not there.
SELECT id AS v FROM mvmanager.view WHERE schema_name = 'verified' AND view_name = 'v' \gset
CREATE SCHEMA IF NOT EXISTS mvmanager_data;
CREATE MATERIALIZED VIEW mvmanager_data.v__v7_:v AS SELECT 1 AS a;
CREATE MATERIALIZED VIEW mvmanager_data."Gone__r12_999999" AS SELECT 1 AS a;
CREATE MATERIALIZED VIEW mvmanager_data.somebodys AS SELECT 1 AS a;
-- Of a view that was dropped, and of one that was released, whose rows are its owner's.
SELECT (mv_create('gone', 'SELECT 1 AS a', build => 'now')).action, (mv_create('let_go', 'SELECT 1 AS a', build => 'now')).action;
SELECT id AS gone FROM mvmanager.view WHERE schema_name = 'verified' AND view_name = 'gone' \gset
SELECT id AS let_go FROM mvmanager.view WHERE schema_name = 'verified' AND view_name = 'let_go' \gset
SELECT (mv_drop('gone')).action, (mv_release('let_go')).action;
CREATE MATERIALIZED VIEW mvmanager_data.gone__v1_:gone AS SELECT 1 AS a;
CREATE MATERIALIZED VIEW mvmanager_data.let_go__v1_:let_go AS SELECT 1 AS a;
UPDATE mvmanager.version_state SET relation_schema = 'mvmanager_data', relation_name = CASE view_id WHEN :gone THEN 'gone__v1_' ELSE 'let_go__v1_' END || view_id WHERE view_id IN (:gone, :let_go);
UPDATE mvmanager.version_state SET state = 'archived', relation_schema = 'mvmanager_data', relation_name = 'plain__v2'
 WHERE state = 'cancelled' AND view_id = (SELECT id FROM mvmanager.view WHERE view_name = 'plain' AND schema_name = 'verified');
SELECT name, check_name, ok, regexp_replace(detail, format('_(%s|%s|%s) ', :v, :gone, :let_go), '_N ') AS detail FROM mv_verify() WHERE check_name = 'missing' AND name LIKE 'verified.%' OR check_name = 'orphan' AND detail ~ '__v7_|Gone|somebodys|gone__v1|let_go' ORDER BY name, detail COLLATE "C";
DROP MATERIALIZED VIEW mvmanager_data.v__v7_:v, mvmanager_data."Gone__r12_999999", mvmanager_data.somebodys, mvmanager_data.gone__v1_:gone, mvmanager_data.let_go__v1_:let_go;
SELECT count(*) FROM mv_verify() WHERE check_name = 'orphan' AND detail ~ '__v7_|Gone|somebodys|gone__v1|let_go';
DROP SCHEMA verified CASCADE;
SELECT count(*) FROM mvmanager.view v CROSS JOIN LATERAL mv_release(format('%I.%I', v.schema_name, v.view_name)) WHERE v.ended_at IS NULL AND v.schema_name = 'verified';
