-- Errors of every kind cross the border whole, and leave nothing behind.
CREATE TABLE kind (kind text PRIMARY KEY);
INSERT INTO kind VALUES ('Error'), ('ereport'), ('server function'), ('bad_alloc'), ('length_error'), ('runtime_error'),
    ('int'), ('thrown in call'), ('palloc'), ('nested doors'), ('nested calls'), ('division');

CREATE FUNCTION report(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    s text; m text; d text; h text; c text; o1 text; o2 text; o3 text; o4 text; o5 text;
BEGIN
    EXECUTE statement;
    RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS s = RETURNED_SQLSTATE, m = MESSAGE_TEXT, d = PG_EXCEPTION_DETAIL, h = PG_EXCEPTION_HINT,
        c = PG_EXCEPTION_CONTEXT, o1 = SCHEMA_NAME, o2 = TABLE_NAME, o3 = COLUMN_NAME, o4 = PG_DATATYPE_NAME,
        o5 = CONSTRAINT_NAME;
    RETURN concat_ws(' | ', s, m, nullif(d, ''), nullif(h, ''), nullif(concat_ws(',', o1, o2, o3, o4, o5), ',,,,'),
                     regexp_replace(c, E'\n', ' < ', 'g'));
END $$;

-- What arrives: SQLSTATE, message, detail, hint, names, context lines.
SELECT k.kind, report(format('SELECT mvmanager_test.raise(%L)', k.kind)) FROM kind k WHERE k.kind <> 'length_error' ORDER BY 1;
-- The detail is the C++ library's.
SELECT split_part(report('SELECT mvmanager_test.raise(''length_error'')'), ' | ', 1) AS length_error;
-- Position, internal query and its position arrive at the client.
SELECT mvmanager_test.raise('ereport');
SELECT mvmanager_test.raise('Error');
-- The server lives, and this session too.
SELECT mvmanager_test.raise('int');
SELECT 'alive' AS session;

-- Every field is the same after four more crossings, both ways.
SELECT * FROM mvmanager_test.fields(4) WHERE arrived IS DISTINCT FROM raised;
SELECT field, arrived FROM mvmanager_test.fields(4)
 WHERE field NOT IN ('line', 'severity', 'domain', 'context domain', 'backtrace');
-- An error born in C++ loses nothing either, and its texts are not read as formats.
SELECT * FROM mvmanager_test.fields_born_here();

-- 2,000 errors of each kind, caught by PL/pgSQL and caught by C++.
CREATE PROCEDURE provoke_each(times integer) LANGUAGE plpgsql AS $$
DECLARE
    k text;
    caught integer;
BEGIN
    FOR k IN SELECT kind FROM kind ORDER BY 1 LOOP
        caught := 0;
        FOR i IN 1 .. times LOOP
            BEGIN
                PERFORM mvmanager_test.raise(k);
            EXCEPTION WHEN OTHERS THEN
                caught := caught + 1;
            END;
        END LOOP;
        IF caught <> times OR mvmanager_test.provoke(k, times) <> times THEN
            RAISE EXCEPTION 'not each error of kind % was caught', k;
        END IF;
    END LOOP;
END $$;
CALL provoke_each(300); -- warms up caches, plans and the C library's heap
SELECT contexts AS contexts_before, resident AS resident_before FROM mvmanager_test.memory() \gset
CALL provoke_each(2000);
SELECT mvmanager_test.live_objects();
SELECT contexts - :contexts_before <= 64 * 1024 AS contexts_did_not_grow,
       resident - :resident_before <= 2 * 1024 * 1024 AS process_did_not_grow
  FROM mvmanager_test.memory();
-- The counter does see what an error past the border skips: the two objects that live in raise().
SELECT mvmanager_test.raise('naked');
SELECT mvmanager_test.live_objects();

-- A kept statement refuses a parameter of another type.
SELECT mvmanager_test.change_parameters();

DROP PROCEDURE provoke_each(integer);
DROP FUNCTION report(text);
DROP TABLE kind;
