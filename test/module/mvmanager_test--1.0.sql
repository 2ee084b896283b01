-- complain if the script is sourced in psql rather than via CREATE EXTENSION
\echo Use "CREATE EXTENSION mvmanager_test" to load this file. \quit

-- Wait points.

CREATE FUNCTION hold(point text) RETURNS void LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'mvm_test_hold';
COMMENT ON FUNCTION hold(text) IS
'Makes every other process of the cluster that comes to this point wait there, until release() or the end of this session.';

CREATE FUNCTION release(point text) RETURNS void LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'mvm_test_release';
COMMENT ON FUNCTION release(text) IS 'Lets the processes that wait at this point go on.';

CREATE FUNCTION pass(point text) RETURNS void LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'mvm_test_pass';
COMMENT ON FUNCTION pass(text) IS 'Comes to the point in this session, as the code under test does.';

CREATE FUNCTION point_key(point text) RETURNS bigint LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'mvm_test_point_key';
COMMENT ON FUNCTION point_key(text) IS 'The key of the point''s lock: classid and objid of pg_locks in one number.';

CREATE FUNCTION waiting(point text) RETURNS SETOF integer LANGUAGE sql VOLATILE STRICT
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT l.pid
      FROM pg_locks l
     WHERE l.locktype = 'advisory' AND l.objsubid = 27908 -- LockSpace::wait_point
       AND (l.classid::bigint << 32) + l.objid::bigint = mvmanager_test.point_key(point) AND NOT l.granted
     ORDER BY l.pid
$$;
COMMENT ON FUNCTION waiting(text) IS 'The processes that wait at this point now.';

CREATE FUNCTION await(point text, count integer DEFAULT 1, timeout interval DEFAULT '60 seconds') RETURNS integer
LANGUAGE plpgsql VOLATILE STRICT SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    deadline timestamptz := clock_timestamp() + timeout;
    pids integer[];
BEGIN
    LOOP
        pids := ARRAY(SELECT mvmanager_test.waiting(point));
        IF cardinality(pids) >= count THEN
            RETURN pids[1];
        END IF;
        IF clock_timestamp() > deadline THEN
            RAISE EXCEPTION '% of % processes came to wait point "%" in %', cardinality(pids), count, point, timeout;
        END IF;
        PERFORM pg_sleep(0.01); -- polls, because nothing tells that another process began to wait
    END LOOP;
END
$$;
COMMENT ON FUNCTION await(text, integer, interval) IS
'Returns when that many processes wait at the point, with the id of one of them. Raises an error after the timeout.';

-- Errors on their way through the border.

CREATE FUNCTION raise(kind text) RETURNS void LANGUAGE C VOLATILE AS 'MODULE_PATHNAME', 'mvm_test_raise';
COMMENT ON FUNCTION raise(text) IS 'Raises an error of that kind past living C++ objects.';

CREATE FUNCTION provoke(kind text, times integer) RETURNS integer LANGUAGE C VOLATILE
AS 'MODULE_PATHNAME', 'mvm_test_provoke';
COMMENT ON FUNCTION provoke(text, integer) IS 'Raises that many errors and catches each in C++; returns how many were caught.';

CREATE FUNCTION live_objects() RETURNS integer LANGUAGE C VOLATILE AS 'MODULE_PATHNAME', 'mvm_test_live_objects';
COMMENT ON FUNCTION live_objects() IS 'C++ objects of the test that are alive in this session.';

CREATE FUNCTION memory(OUT contexts bigint, OUT resident bigint) LANGUAGE C VOLATILE AS 'MODULE_PATHNAME', 'mvm_test_memory';
COMMENT ON FUNCTION memory() IS 'Bytes in all memory contexts, and bytes of the process in physical memory.';

CREATE FUNCTION fields(crossings integer, OUT field text, OUT raised text, OUT arrived text) RETURNS SETOF record
LANGUAGE C VOLATILE AS 'MODULE_PATHNAME', 'mvm_test_fields';
COMMENT ON FUNCTION fields(integer) IS
'Each field of a server error as it was caught first, and after it crossed the border both ways that many times.';

CREATE FUNCTION fields_born_here(OUT field text, OUT arrived text) RETURNS SETOF record
LANGUAGE C VOLATILE AS 'MODULE_PATHNAME', 'mvm_test_fields_born_here';
COMMENT ON FUNCTION fields_born_here() IS 'Each field of an error that was born in C++ and became a server error.';

CREATE FUNCTION hang(stage text) RETURNS text LANGUAGE C VOLATILE AS 'MODULE_PATHNAME', 'mvm_test_hang';
COMMENT ON FUNCTION hang(text) IS 'Stays for ever in pg::call (sleep) or in C++ (loop), on demand inside a subtransaction.';

-- Scopes.

CREATE FUNCTION security_scope(role regrole, mode text, OUT moment text, OUT "user" text, OUT local_change boolean,
                               OUT restricted boolean, OUT search_path text, OUT statement_timeout text)
RETURNS SETOF record LANGUAGE C VOLATILE AS 'MODULE_PATHNAME', 'mvm_test_security_scope';
COMMENT ON FUNCTION security_scope(regrole, text) IS 'Who runs, how and with which settings, around and in security scopes.';

CREATE FUNCTION fail_as(role regrole) RETURNS void LANGUAGE C VOLATILE AS 'MODULE_PATHNAME', 'mvm_test_fail_as';
COMMENT ON FUNCTION fail_as(regrole) IS 'Raises an error inside a security scope of that role.';

CREATE FUNCTION scopes(OUT scope text, OUT restored boolean) RETURNS SETOF record
LANGUAGE C VOLATILE AS 'MODULE_PATHNAME', 'mvm_test_scopes';
COMMENT ON FUNCTION scopes() IS 'Whether each scope leaves memory context, resource owner and exception stack as they were.';

CREATE FUNCTION change_parameters() RETURNS void LANGUAGE C VOLATILE AS 'MODULE_PATHNAME', 'mvm_test_change_parameters';
COMMENT ON FUNCTION change_parameters() IS 'Runs a kept statement with a parameter of another type than it was planned with.';

-- Values.

CREATE FUNCTION echo(INOUT b boolean = NULL, INOUT i integer = NULL, INOUT l bigint = NULL, INOUT t text = NULL,
                     INOUT at timestamptz = NULL, INOUT d interval = NULL, INOUT r regclass = NULL, INOUT bytes bytea = NULL,
                     INOUT j jsonb = NULL, INOUT a text[] = NULL)
LANGUAGE C VOLATILE AS 'MODULE_PATHNAME', 'mvm_test_echo';
COMMENT ON FUNCTION echo IS 'Reads each argument into its C++ type and writes it again.';

CREATE FUNCTION as_text(value anyelement) RETURNS text LANGUAGE C VOLATILE AS 'MODULE_PATHNAME', 'mvm_test_as_text';
COMMENT ON FUNCTION as_text(anyelement) IS 'The value as std::string.';
CREATE FUNCTION as_bigint(value anyelement) RETURNS bigint LANGUAGE C VOLATILE AS 'MODULE_PATHNAME', 'mvm_test_as_bigint';
COMMENT ON FUNCTION as_bigint(anyelement) IS 'The value as std::int64_t.';
CREATE FUNCTION as_integer(value anyelement) RETURNS integer LANGUAGE C VOLATILE AS 'MODULE_PATHNAME', 'mvm_test_as_integer';
COMMENT ON FUNCTION as_integer(anyelement) IS 'The value as std::int32_t.';
CREATE FUNCTION names(names anyarray) RETURNS text[] LANGUAGE C VOLATILE AS 'MODULE_PATHNAME', 'mvm_test_names';
COMMENT ON FUNCTION names(anyarray) IS 'The array as std::vector<std::string>.';

CREATE FUNCTION quote(text text, OUT identifier text, OUT literal text, OUT qualified text)
LANGUAGE C VOLATILE AS 'MODULE_PATHNAME', 'mvm_test_quote';
COMMENT ON FUNCTION quote(text) IS 'The text as identifier, as literal, and twice as a qualified name.';
CREATE FUNCTION parse_name(written text, OUT schema_name text, OUT name text)
LANGUAGE C VOLATILE AS 'MODULE_PATHNAME', 'mvm_test_parse_name';
COMMENT ON FUNCTION parse_name(text) IS 'The parts of a written name.';
CREATE FUNCTION sha256(bytes bytea) RETURNS bytea LANGUAGE C IMMUTABLE AS 'MODULE_PATHNAME', 'mvm_test_sha256';
COMMENT ON FUNCTION sha256(bytea) IS 'SHA-256 as pg::sha256 computes it.';

-- Columns.

CREATE FUNCTION change_columns(view regclass, definition text, renames text[] DEFAULT '{}') RETURNS text
LANGUAGE C VOLATILE AS 'MODULE_PATHNAME', 'mvm_test_change_columns';
COMMENT ON FUNCTION change_columns(regclass, text, text[]) IS
'Gives the view the columns and the query of the definition, without a look at who depends on it, and returns the kind of
change. Renames are pairs of an old and a new name. A materialized view must be refreshed before it is read.';

CREATE FUNCTION redefine(view regclass, definition text, renames text[] DEFAULT '{}', dependents text DEFAULT 'keep',
                         replaceable regclass[] DEFAULT '{}', OUT object regclass, OUT columns_changed boolean,
                         OUT needs_refill boolean, OUT definition_changed boolean)
RETURNS SETOF record LANGUAGE C VOLATILE AS 'MODULE_PATHNAME', 'mvm_test_redefine';
COMMENT ON FUNCTION redefine(regclass, text, text[], text, regclass[]) IS
'The same with those who depend on the view: kept, or stored anew. Returns what was stored anew, the view first.';

CREATE FUNCTION dropped_indexes(view regclass, definition text, replaceable regclass[]) RETURNS SETOF text
LANGUAGE C VOLATILE AS 'MODULE_PATHNAME', 'mvm_test_dropped_indexes';
COMMENT ON FUNCTION dropped_indexes(regclass, text, regclass[]) IS
'Redefines the view, and returns the indexes dropped on the way and what an index in their place must be told.';

CREATE FUNCTION why_not_reversible(view regclass, count integer) RETURNS text
LANGUAGE C VOLATILE AS 'MODULE_PATHNAME', 'mvm_test_why_not_reversible';
COMMENT ON FUNCTION why_not_reversible(regclass, integer) IS
'Who uses the columns behind the first ones, so that they cannot be taken away.';
