-- Who sees which rows of the status views, and what in them.
BEGIN;
SELECT no_plan();
SET LOCAL client_min_messages = warning;

CREATE ROLE mvmanager_test_owner;
CREATE ROLE mvmanager_test_member IN ROLE mvmanager_test_owner;
CREATE ROLE mvmanager_test_reader;
CREATE ROLE mvmanager_test_column_reader;
CREATE ROLE mvmanager_test_of_group;
CREATE ROLE mvmanager_test_group ROLE mvmanager_test_of_group;
CREATE ROLE mvmanager_test_trigger;
CREATE ROLE mvmanager_test_monitor IN ROLE pg_monitor;
CREATE ROLE mvmanager_test_nobody;

CREATE SCHEMA mvmanager_test_schema AUTHORIZATION mvmanager_test_owner;
GRANT USAGE ON SCHEMA mvmanager_test_schema TO PUBLIC;
SET LOCAL ROLE mvmanager_test_owner;
CREATE MATERIALIZED VIEW mvmanager_test_schema.seen AS SELECT 'secret' AS what, 1 AS n;
CREATE MATERIALIZED VIEW mvmanager_test_schema.ended AS SELECT 'secret' AS what, 1 AS n;
CREATE MATERIALIZED VIEW mvmanager_test_schema.public_one AS SELECT 'known' AS what, 1 AS n;
GRANT SELECT ON mvmanager_test_schema.seen, mvmanager_test_schema.ended TO mvmanager_test_reader, mvmanager_test_group;
GRANT SELECT (n) ON mvmanager_test_schema.seen TO mvmanager_test_column_reader;
GRANT TRIGGER ON mvmanager_test_schema.seen TO mvmanager_test_trigger;
GRANT SELECT ON mvmanager_test_schema.public_one TO PUBLIC;
RESET ROLE;

-- The rows as the calls write them, with a failure that quotes data.
INSERT INTO mvmanager.view (schema_name, view_name, live_version, created_at, ended_at, ended_how)
VALUES ('mvmanager_test_schema', 'seen', 1, now(), NULL, NULL),
       ('mvmanager_test_schema', 'ended', 1, now(), now(), 'released'),
       ('mvmanager_test_schema', 'public_one', 1, now(), NULL, NULL),
       ('mvmanager_test_schema', 'vanished', 1, now(), NULL, NULL),
       ('mvmanager_test_schema', 'of_a_dropped_role', 1, now(), now(), 'dropped');
INSERT INTO mvmanager.version (view_id, number, definition, canonical, server_major, columns, indexes, options, data_hash,
                               metadata_hash, parents_hash, owner_name, author, created_at, origin, chain_hash)
SELECT id, 1, 'SELECT secret', 'SELECT secret', 15, '[]', '[]', '{}', '', '', '',
       CASE view_name WHEN 'of_a_dropped_role' THEN 'mvmanager_test_dropped' ELSE 'mvmanager_test_owner' END, 'a', now(), 'created', ''
  FROM mvmanager.view WHERE schema_name = 'mvmanager_test_schema';
INSERT INTO mvmanager.version_state (view_id, number, state) SELECT view_id, number, 'live' FROM mvmanager.version
 WHERE definition = 'SELECT secret';
INSERT INTO mvmanager.run (view_id, version, kind, reason, state, strategy, requested_by, started_at, finished_at, predicate, sqlstate, message)
SELECT id, 1, 'refresh', 'schedule', 'failed', 'partial', 'a', now(), now(), 'what = ''secret''', '22P02', 'invalid input: "secret"'
  FROM mvmanager.view WHERE schema_name = 'mvmanager_test_schema';
INSERT INTO mvmanager.schedule (view_id, schedule, time_zone, anchor, suspended, suspended_reason, created_at, changed_at)
SELECT id, '@hourly', 'UTC', now(), 'failures', 'invalid input: "secret"', now(), now()
  FROM mvmanager.view WHERE schema_name = 'mvmanager_test_schema' AND ended_at IS NULL;

-- What a role sees: the views by name, in order.
CREATE FUNCTION pg_temp.sees(reader text, of text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    result text;
BEGIN
    PERFORM set_config('role', reader, true);
    EXECUTE format('SELECT coalesce(string_agg(view, '' '' ORDER BY view), ''nothing'') FROM mvmanager.%I
                     WHERE schema = ''mvmanager_test_schema''', of) INTO result;
    PERFORM set_config('role', 'none', true);
    RETURN result;
END $$;
-- Whether any row that a role sees says "secret".
CREATE FUNCTION pg_temp.reads_secret(reader text, of text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    result boolean;
BEGIN
    PERFORM set_config('role', reader, true);
    EXECUTE format('SELECT coalesce(bool_or(v::text LIKE ''%%secret%%''), false) FROM mvmanager.%I v
                     WHERE schema = ''mvmanager_test_schema''', of) INTO result;
    PERFORM set_config('role', 'none', true);
    RETURN result;
END $$;

CREATE TEMP TABLE expected (reader text, live text, history text, secret boolean);
INSERT INTO expected VALUES
    ('nobody',        'public_one',               'public_one',                                       false),
    ('reader',        'public_one seen',          'public_one seen',                                  false),
    ('column_reader', 'public_one seen',          'public_one seen',                                  false),
    ('of_group',      'public_one seen',          'public_one seen',                                  false),
    ('trigger',       'public_one seen',          'public_one seen',                                  false),
    ('monitor',       'public_one seen vanished', 'ended of_a_dropped_role public_one seen vanished', false),
    ('member',        'public_one seen vanished', 'ended public_one seen vanished',                   true),
    ('owner',         'public_one seen vanished', 'ended public_one seen vanished',                   true);

SELECT unnest(ARRAY[
           is(pg_temp.sees(role, 'status'), live, format('%s: status', reader)),
           is(pg_temp.sees(role, 'schedules'), live, format('%s: schedules', reader)),
           is(pg_temp.sees(role, 'versions'), history, format('%s: versions', reader)),
           is(pg_temp.sees(role, 'runs'), history, format('%s: runs', reader)),
           is(pg_temp.reads_secret(role, 'status'), secret, format('%s: the last error', reader)),
           is(pg_temp.reads_secret(role, 'versions'), secret, format('%s: definitions', reader)),
           is(pg_temp.reads_secret(role, 'runs'), secret, format('%s: messages and predicates', reader)),
           is(pg_temp.reads_secret(role, 'schedules'), secret, format('%s: the reason of a suspension', reader))])
  FROM (SELECT *, 'mvmanager_test_' || reader AS role FROM expected) e ORDER BY reader;
SELECT is(pg_temp.sees(current_user, 'runs'), 'ended of_a_dropped_role public_one seen vanished', 'superuser: runs'),
       is(pg_temp.reads_secret(current_user, 'versions'), true, 'superuser: definitions') \g (format=unaligned fieldsep='\n')

-- MAINTAIN, where the server has it, is a privilege like any other.
SELECT CASE WHEN current_setting('server_version_num')::int >= 170000
            THEN 'GRANT MAINTAIN ON mvmanager_test_schema.seen TO mvmanager_test_nobody'
            ELSE 'GRANT TRIGGER ON mvmanager_test_schema.seen TO mvmanager_test_nobody' END \gexec
SELECT is(pg_temp.sees('mvmanager_test_nobody', 'status'), 'public_one seen', 'any privilege on the view shows its row');

-- A name that belongs to somebody else's new relation gives no look at the history under it.
CREATE MATERIALIZED VIEW mvmanager_test_schema.of_a_dropped_role AS SELECT 1;
ALTER MATERIALIZED VIEW mvmanager_test_schema.of_a_dropped_role OWNER TO mvmanager_test_nobody;
SELECT unalike(pg_temp.sees('mvmanager_test_nobody', 'versions'), '%dropped_role%', 'a relation of the same name shows no history of another');

-- A condition of the reader's sees no row that the reader does not.
CREATE TABLE pg_temp.leaked (value text);
GRANT ALL ON pg_temp.leaked TO PUBLIC;
CREATE FUNCTION pg_temp.leak(value text) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 AS $$
BEGIN
    INSERT INTO leaked VALUES (value);
    RETURN true;
END $$;
SET LOCAL ROLE mvmanager_test_reader;
SELECT count(*) > 0 FROM mvmanager.runs WHERE pg_temp.leak(view) AND pg_temp.leak(message) \g /dev/null
RESET ROLE;
SELECT set_eq('SELECT DISTINCT value FROM leaked', ARRAY['seen', 'public_one', NULL], 'a cheap function in WHERE sees nothing more');

SELECT finish();
ROLLBACK;
