-- Definitions and the journal cannot be changed, and a superuser who does so anyway shows.
CREATE SCHEMA im;
SET search_path = im, public;
CREATE TABLE t (id int);
SELECT action FROM mv_create('v', 'SELECT id FROM t', label => 'one', build => 'now');
SELECT action FROM mv_apply('v', 'SELECT id FROM t', comment => 'x');
SELECT action FROM mv_create('w', 'SELECT id FROM v', build => 'now');

UPDATE mvmanager.version SET definition = 'SELECT 2';
DELETE FROM mvmanager.version;
TRUNCATE mvmanager.version;
SET client_min_messages = warning;
TRUNCATE mvmanager.version CASCADE;
RESET client_min_messages;
UPDATE mvmanager.change SET label = 'two';
DELETE FROM mvmanager.change;
TRUNCATE mvmanager.change;
MERGE INTO mvmanager.change c USING (SELECT 1) s ON true WHEN MATCHED THEN DELETE;
INSERT INTO mvmanager.version SELECT * FROM mvmanager.version WHERE number = 1 ON CONFLICT (view_id, number) DO UPDATE SET definition = 'SELECT 3';
-- Not even as a replica.
SET session_replication_role = replica;
UPDATE mvmanager.version SET definition = 'SELECT 2';
RESET session_replication_role;

SELECT check_name, ok, regexp_replace(detail, '[0-9a-f]{64}', '<hash>') AS detail FROM mv_verify('v');
SELECT bool_and(ok) FROM mv_verify('w');

-- One field at a time, each seen; the chain of the other view stays whole.
ALTER TABLE mvmanager.version DISABLE TRIGGER version_rows;
SELECT check_name, detail FROM mv_verify('v') WHERE NOT ok;
CREATE FUNCTION tampering(assignment text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    seen text;
BEGIN
    EXECUTE 'UPDATE mvmanager.version SET ' || assignment
        || ' WHERE number = 1 AND view_id = (SELECT id FROM mvmanager.view WHERE schema_name = ''im'' AND view_name = ''v'')';
    SELECT detail INTO seen FROM mv_verify('v') WHERE check_name = 'chain' AND NOT ok;
    IF EXISTS (SELECT FROM mv_verify('w') WHERE check_name = 'chain' AND NOT ok) THEN
        seen := seen || ' and the other chain';
    END IF;
    RAISE EXCEPTION USING ERRCODE = 'MV001', MESSAGE = coalesce(seen, 'not seen');
EXCEPTION WHEN SQLSTATE 'MV001' THEN
    RETURN SQLERRM;
END $$;
SELECT a AS assignment, tampering(a) FROM unnest(ARRAY[
    $q$definition = 'SELECT id FROM t '$q$, $q$canonical = canonical || ' '$q$, 'server_major = server_major + 1',
    $q$columns = '[]'$q$, $q$columns = jsonb_set(columns, '{0,type}', '"bigint"')$q$,
    $q$indexes = '[{"name": "a", "canonical": "b"}]'$q$, $q$options = '{"reloptions": {"fillfactor": "10"}}'$q$,
    $q$comment = 'y'$q$, $q$data_hash = '\x00'$q$, $q$metadata_hash = '\x00'$q$, $q$parents_hash = '\x00'$q$,
    $q$owner_name = 'somebody'$q$, $q$author = 'somebody'$q$, $q$created_at = created_at + interval '1 microsecond'$q$,
    $q$origin = 'adopted'$q$, $q$chain_hash = '\x00'$q$]) a;
ALTER TABLE mvmanager.version ENABLE TRIGGER version_rows;
SELECT check_name, detail FROM mv_verify('v') WHERE NOT ok;
ALTER TABLE mvmanager.version ENABLE ALWAYS TRIGGER version_rows;
SELECT count(*) FROM mv_verify('v') WHERE NOT ok;

-- A version that is removed altogether.
BEGIN;
ALTER TABLE mvmanager.version DISABLE TRIGGER version_rows;
DELETE FROM mvmanager.version_state s USING mvmanager.view v WHERE v.id = s.view_id AND v.schema_name = 'im' AND v.view_name = 'v' AND s.number = 2;
DELETE FROM mvmanager.version s USING mvmanager.view v WHERE v.id = s.view_id AND v.schema_name = 'im' AND v.view_name = 'v' AND s.number = 2;
SELECT check_name, detail FROM mv_verify('v') WHERE NOT ok AND check_name = 'chain';
ROLLBACK;
BEGIN;
DROP TRIGGER change_table ON mvmanager.change;
SELECT check_name, detail FROM mv_verify('v') WHERE NOT ok;
ROLLBACK;
DROP FUNCTION mvmanager.refuse_change() CASCADE;

-- Drift: what happens outside.
CREATE INDEX v_extra ON v (id);
SELECT check_name, ok, detail FROM mv_verify('v') WHERE check_name = 'indexes';
ALTER TABLE t RENAME COLUMN id TO ident;
SELECT check_name, ok, detail FROM mv_verify('v') WHERE check_name IN ('definition', 'restorable');

SET client_min_messages = warning;
SET mvmanager.guard = off;
DROP SCHEMA im CASCADE;
SELECT count(*) FROM mv_release() WHERE name LIKE 'im.%';
