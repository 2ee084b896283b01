-- A hostile owner gains nothing when a superuser refreshes: whatever the view calls runs as its owner, restricted, and
-- leaves nothing behind.
CREATE SCHEMA attack;
CREATE ROLE security_evil;
GRANT CREATE, USAGE ON SCHEMA attack TO security_evil;
CREATE ROLE security_victim;
CREATE TABLE attack.victims_table (id int);
INSERT INTO attack.victims_table VALUES (1);
CREATE MATERIALIZED VIEW attack.victims_view AS SELECT * FROM attack.victims_table;
SELECT name, action FROM mv_adopt('attack.victims_view');

SET ROLE security_evil;
SET search_path = attack, public;
CREATE TABLE seen (place text, who name, attempt text, outcome text);
CREATE TABLE deferred_trap (place text);
CREATE FUNCTION spring() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO attack.seen VALUES ('deferred trigger', current_user, 'commit', 'fired');
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER trap AFTER INSERT ON deferred_trap DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION spring();

-- Counts without regard to rollbacks whoever else runs the owner's code.
CREATE SEQUENCE escaped;

-- Tries each way out once per place and refresh, and notes as whom and how it ended.
CREATE FUNCTION try(place text) RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    attempt text;
BEGIN
    IF current_user <> 'security_evil' THEN
        PERFORM nextval('attack.escaped');
    END IF;
    IF EXISTS (SELECT FROM attack.seen s WHERE s.place = try.place) THEN
        RETURN true;
    END IF;
    INSERT INTO attack.seen VALUES (place, current_user, 'look', 'here');
    PERFORM set_config('work_mem', '777kB', false), set_config('search_path', 'attack', false);
    FOREACH attempt IN ARRAY ARRAY[
        'ALTER ROLE security_evil SUPERUSER',
        'GRANT security_victim TO security_evil',
        'CREATE TEMP TABLE attack_temp (id int)',
        'RESET ROLE',
        'SET ROLE security_victim',
        'SET SESSION AUTHORIZATION DEFAULT',
        'RESET SESSION AUTHORIZATION',
        'DECLARE attack_held CURSOR WITH HOLD FOR SELECT attack.try(''held cursor'')',
        'INSERT INTO attack.deferred_trap VALUES (''x'')',
        'SET session_replication_role = replica',
        'SET log_statement = ''none''',
        'DELETE FROM attack.victims_table',
        'SELECT mv_refresh(''attack.victims_view'')',
        'SELECT * FROM mv_refresh_all(''{attack}'')',
        'DELETE FROM mvmanager.run',
        'UPDATE mvmanager.view SET live_version = 4711'] LOOP
        BEGIN
            EXECUTE replace(replace(attempt, ' mv_refresh(', ' public.mv_refresh('), ' mv_refresh_all(', ' public.mv_refresh_all(');
            INSERT INTO attack.seen VALUES (place, current_user, attempt, 'SUCCEEDED');
        EXCEPTION WHEN OTHERS THEN
            INSERT INTO attack.seen VALUES (place, current_user, attempt, sqlstate);
        END;
    END LOOP;
    RETURN true;
END $$;

-- The places: select list, WHERE, operator, cast, domain check, index expression, index predicate, row security policy.
CREATE FUNCTION quietly(place text, of int) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN attack.try(place); END $$;
CREATE FUNCTION by_operator(int, int) RETURNS boolean LANGUAGE sql AS $$ SELECT attack.try('operator') $$;
CREATE OPERATOR <<< (LEFTARG = int, RIGHTARG = int, FUNCTION = by_operator);
CREATE TYPE pair AS (a int, b int);
CREATE FUNCTION by_cast(pair) RETURNS int LANGUAGE plpgsql AS $$ BEGIN PERFORM attack.try('cast'); RETURN $1.a; END $$;
CREATE CAST (pair AS int) WITH FUNCTION by_cast(pair);
CREATE DOMAIN checked AS int CHECK (attack.try('domain check'));
CREATE TABLE source (id int, b int);
INSERT INTO source VALUES (1, 1), (2, 2);
ALTER TABLE source ENABLE ROW LEVEL SECURITY;
ALTER TABLE source FORCE ROW LEVEL SECURITY;
CREATE POLICY by_policy ON source USING (attack.try('row security policy'));
CREATE MATERIALIZED VIEW hostile AS
    SELECT s.id, s.id::checked AS checked, ROW(s.id, s.b)::pair::int AS cast_, try('select list') AS listed, s.b
      FROM source s WHERE try('where') AND s.id <<< s.b
WITH NO DATA;
CREATE UNIQUE INDEX hostile_id ON hostile (id);
CREATE INDEX hostile_expression ON hostile ((quietly('index expression', b)));
CREATE INDEX hostile_predicate ON hostile (b) WHERE quietly('index predicate', b);
-- Folded to a constant by whoever simplifies the expression, once per session or never.
CREATE INDEX hostile_folded ON hostile ((quietly('folded', 1))) WHERE quietly('folded', 2);
TRUNCATE seen;
RESET search_path;
RESET ROLE;
SELECT name, action FROM mv_adopt('attack.hostile');

-- What came of it; then everything is forgotten, and the source changes so that the next refresh has rows to write.
CREATE VIEW attack.places AS
    SELECT place, string_agg(DISTINCT who, ', ') AS who, count(*) FILTER (WHERE outcome = 'SUCCEEDED') AS succeeded,
           count(*) FILTER (WHERE outcome = '42501') AS refused,
           string_agg(DISTINCT attempt || ': ' || outcome, '; ') FILTER (WHERE outcome NOT IN ('here', '42501')) AS other
      FROM attack.seen WHERE place <> 'folded' OR who <> 'security_evil' GROUP BY place ORDER BY place COLLATE "C";
CREATE FUNCTION attack.left_behind() RETURNS TABLE (what text) LANGUAGE sql AS $$
    SELECT 'superuser' FROM pg_catalog.pg_roles WHERE rolname = 'security_evil' AND rolsuper
    UNION ALL SELECT 'member' WHERE pg_catalog.pg_has_role('security_evil', 'security_victim', 'MEMBER')
    UNION ALL SELECT 'temp table' FROM pg_catalog.pg_class WHERE relname = 'attack_temp'
    UNION ALL SELECT 'cursor' FROM pg_catalog.pg_cursors WHERE name = 'attack_held'
    UNION ALL SELECT 'work_mem' WHERE pg_catalog.current_setting('work_mem') = '777kB'
    UNION ALL SELECT 'search_path' WHERE pg_catalog.current_setting('search_path') = 'attack'
    UNION ALL SELECT 'role ' || current_user WHERE current_user <> session_user
    UNION ALL SELECT 'victim''s rows' WHERE NOT EXISTS (SELECT FROM attack.victims_table)
    UNION ALL SELECT 'deferred' FROM attack.deferred_trap
    UNION ALL SELECT 'ran as another' FROM attack.escaped WHERE is_called
    UNION ALL SELECT 'catalog' FROM mvmanager.view WHERE live_version = 4711
$$;
CREATE PROCEDURE attack.again() LANGUAGE sql AS $$
    TRUNCATE attack.seen;
    UPDATE attack.source SET b = b + 1;
$$;

-- Called by the superuser outside all of it, the same attempts get through: they are worth refusing.
BEGIN;
SET LOCAL client_min_messages = error;
SELECT attack.try('outside');
SELECT place, succeeded > 5 AS gets_through FROM attack.places;
ROLLBACK;
SELECT * FROM attack.left_behind();
SELECT setval('attack.escaped', 1, false);

CALL attack.again();
SELECT strategy, rows_total FROM mv_refresh('attack.hostile');
SELECT * FROM attack.places;
SELECT * FROM attack.left_behind();

CALL attack.again();
SELECT strategy, rows_total FROM mv_refresh('attack.hostile', 'native');
SELECT place, who, succeeded, refused FROM attack.places;
SELECT * FROM attack.left_behind();

CALL attack.again();
SELECT strategy, rows_inserted, rows_total FROM mv_refresh('attack.hostile', 'concurrently');
SELECT place, who, succeeded, refused FROM attack.places;
SELECT * FROM attack.left_behind();

CALL attack.again();
SELECT strategy, rows_total FROM mv_refresh('attack.hostile', 'diff');
SELECT place, who, succeeded, refused FROM attack.places;
SELECT * FROM attack.left_behind();

CALL attack.again();
SELECT strategy, rows_total FROM mv_refresh('attack.hostile', 'swap');
SELECT place, who, succeeded, refused FROM attack.places;
SELECT * FROM attack.left_behind();

-- The predicate is the caller's, its functions the owner's.
CALL attack.again();
SELECT strategy, rows_total FROM mv_refresh('attack.hostile', 'partial', $$attack.quietly('partial predicate', b)$$);
SELECT place, who, succeeded, refused FROM attack.places;
SELECT * FROM attack.left_behind();

CALL attack.again();
SELECT name, strategy, rows_total FROM mv_refresh_all('{attack}');
SELECT place, who, succeeded, refused FROM attack.places;
SELECT * FROM attack.left_behind();

-- Everything else a superuser may call on the view: looking at it, and altering its indexes by mv_apply.
CALL attack.again();
SELECT check_name FROM mv_verify('attack.hostile') WHERE NOT ok;
SELECT count(*) FROM mv_history('attack.hostile');
SELECT count(*) FROM mv_dependents('attack.hostile');
SELECT mv_definition('attack.hostile') AS definition \gset
SELECT action FROM mv_apply('attack.hostile', :'definition');
SELECT action, message FROM mv_apply('attack.hostile', :'definition', drop_indexes => true, indexes => ARRAY[
    'CREATE UNIQUE INDEX hostile_id ON attack.hostile (id)',
    $$CREATE INDEX hostile_expression ON attack.hostile ((attack.quietly('index expression', id)))$$,
    $$CREATE INDEX hostile_predicate ON attack.hostile (b) WHERE attack.quietly('index predicate', id)$$,
    $$CREATE INDEX hostile_folded ON attack.hostile ((attack.quietly('folded', 3))) WHERE attack.quietly('folded', 4)$$]);
SELECT place, who, succeeded, refused FROM attack.places;
SELECT * FROM attack.left_behind();
SELECT name, action FROM mv_release('attack.hostile');
SELECT name, action FROM mv_adopt('attack.hostile');
SELECT * FROM attack.left_behind();

-- In a block, up to and with its commit; and after a failure in the middle.
CALL attack.again();
BEGIN;
SELECT strategy FROM mv_refresh('attack.hostile', 'native');
SELECT current_user = session_user AS myself;
COMMIT;
SELECT place, who, succeeded, refused FROM attack.places;
SELECT * FROM attack.left_behind();
SET ROLE security_evil;
CREATE FUNCTION attack.fail() RETURNS int LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('work_mem', '777kB', false);
    RAISE EXCEPTION 'as % with %', current_user, current_setting('work_mem');
END $$;
CREATE MATERIALIZED VIEW attack.failing AS SELECT attack.fail() WITH NO DATA;
RESET ROLE;
SELECT name, action FROM mv_adopt('attack.failing');
SELECT strategy FROM mv_refresh('attack.failing');
SELECT * FROM attack.left_behind();
SELECT name, strategy, reason FROM mv_refresh_all('{attack}') WHERE strategy = 'failed';
SELECT * FROM attack.left_behind();

-- Operators and functions of a hostile schema in front of pg_catalog are not ours to call.
SET ROLE security_evil;
CREATE FUNCTION attack.count_shadow(text, text) RETURNS boolean LANGUAGE sql AS
    $$ INSERT INTO attack.seen VALUES ('shadow =', current_user, 'look', 'here') RETURNING true $$;
CREATE OPERATOR attack.= (LEFTARG = text, RIGHTARG = text, FUNCTION = attack.count_shadow);
CREATE FUNCTION attack.count_shadow(bigint, bigint) RETURNS boolean LANGUAGE sql AS
    $$ INSERT INTO attack.seen VALUES ('shadow =', current_user, 'look', 'here') RETURNING true $$;
CREATE OPERATOR attack.= (LEFTARG = bigint, RIGHTARG = bigint, FUNCTION = attack.count_shadow);
CREATE FUNCTION attack.count_shadow(oid, oid) RETURNS boolean LANGUAGE sql AS
    $$ INSERT INTO attack.seen VALUES ('shadow =', current_user, 'look', 'here') RETURNING true $$;
CREATE OPERATOR attack.= (LEFTARG = oid, RIGHTARG = oid, FUNCTION = attack.count_shadow);
CREATE FUNCTION attack.count_shadow(int, int) RETURNS boolean LANGUAGE sql AS
    $$ INSERT INTO attack.seen VALUES ('shadow =', current_user, 'look', 'here') RETURNING true $$;
CREATE OPERATOR attack.= (LEFTARG = int, RIGHTARG = int, FUNCTION = attack.count_shadow);
CREATE FUNCTION attack.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS
    $$ INSERT INTO attack.seen VALUES ('shadow clock', current_user, 'look', 'here') RETURNING '2000-01-01'::timestamptz $$;
CREATE FUNCTION attack.pg_backend_pid() RETURNS int LANGUAGE sql AS
    $$ INSERT INTO attack.seen VALUES ('shadow pid', current_user, 'look', 'here') RETURNING 1 $$;
RESET ROLE;
TRUNCATE attack.seen;
SET search_path = attack, pg_catalog, public;
SELECT name, strategy FROM public.mv_refresh('attack.victims_view');
SELECT name, strategy FROM public.mv_refresh_all('{attack}') WHERE strategy <> 'failed';
RESET search_path;
SELECT DISTINCT place, who FROM attack.seen WHERE place LIKE 'shadow%';

SELECT name, action FROM mv_release('attack.hostile');
SELECT name, action FROM mv_release('attack.failing');
SELECT name, action FROM mv_release('attack.victims_view');
SET client_min_messages = warning;
DROP SCHEMA attack CASCADE;
DROP ROLE security_evil, security_victim;
