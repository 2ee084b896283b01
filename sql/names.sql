-- Every call with names that break careless code, in two schemas at once; and with a search_path that is hostile.
\set VERBOSITY terse
CREATE SCHEMA "näm.e ""1""";
CREATE SCHEMA names2;
CREATE TABLE names2.hostile (n serial PRIMARY KEY, name text NOT NULL UNIQUE);
INSERT INTO names2.hostile (name) VALUES
    (repeat('a', 63)), (repeat('é', 31) || 'x'), (repeat('日', 21)), (repeat('"', 63)), (repeat('''', 63)), (repeat('.', 63)),
    ('"'), ('""'), ('a"b'), ('"quoted"'), ('a"".""b'), (''''), ('a''b'), (''''''), ('.'), ('..'), ('a.b'), ('a.b.c'), ('.a'), ('a.'),
    (' '), (' lead'), ('trail '), ('a b'), (E'a\nb'), (E'\n'), (E'a\tb'), (E'a\r\nb'), (E'\x01'), (E'\x7f'), (E'a\\b'), (E'\\'), ('\n'),
    ('$$'), ('$1'), ('$mv$'), ('%s'), ('%I'), ('%'), ('%%n'), ('{}'), ('{0}'), ('{'), ('}'), (':a'), (':''a'''), ('?'), ('??'),
    ('; DROP TABLE x; --'), ('--'), ('/*'), ('*/'), ('select'), ('table'), ('user'), ('null'), ('NULL'), ('UPPER'), ('MixedCase'), ('mixedcase'),
    ('naïve'), ('日本語'), ('🙂'), (E'e\u0301'), ('مرحبا'), (E'zero\u200Bwidth'), (E'no\u00A0break'), ('1abc'), ('123'), ('-1'), ('a-b'), ('a,b'),
    ('(a)'), ('[a]'), ('{a,b}'), ('a=b'), ('*'), ('&'), ('|'), ('<>'), ('~'), ('@'), ('#'), ('!'), ('^'), ('_'), ('__v1_1'), ('x__v2_3'),
    ('public'), ('mvmanager'), ('pg_classes'), ('_RETURN'), ('old'), ('new'), ('e''a\nb'''), ('U&"d\0061t"');
SELECT count(*) AS names, max(octet_length(name)) AS longest FROM names2.hostile;

CREATE FUNCTION names2.try_all(schema_name text, name text, other_schema text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    q text := format('%I.%I', schema_name, name);
    other text := format('%I.%I', other_schema, name);
    definition text := format('SELECT 1 AS a, %L::text AS %I', name, CASE WHEN name = 'a' THEN 'b' ELSE name END);
    c mvmanager.mv_change;
BEGIN
    c := mv_create(q, definition, indexes => ARRAY[format('CREATE UNIQUE INDEX ON %I (%I)', name, name)], label => name, comment => name, build => 'now');
    IF c.action <> 'created' OR c.name <> q OR c.relation <> q::regclass OR (SELECT relname FROM pg_class WHERE oid = c.relation) <> name THEN
        RETURN NEXT 'mv_create: ' || c;
    END IF;
    IF mv_definition(q) <> definition THEN RETURN NEXT 'mv_definition'; END IF;
    IF mv_definition(q, 1, true) NOT LIKE '%SELECT 1 AS a,%' THEN RETURN NEXT 'canonical'; END IF;
    c := mv_apply(q, definition, indexes => ARRAY[format('CREATE UNIQUE INDEX ON %s (%I)', q, name)], label => name);
    IF c.action <> 'unchanged' THEN RETURN NEXT 'mv_apply: ' || c; END IF;
    c := mv_apply(q, mv_definition(q, canonical => true));
    IF c.action <> 'unchanged' THEN RETURN NEXT 'mv_apply canonical: ' || c; END IF;
    c := mv_apply(q, definition, comment => name || name);
    IF c.action <> 'altered' OR obj_description(q::regclass, 'pg_class') <> name || name THEN RETURN NEXT 'mv_apply comment: ' || c; END IF;
    EXECUTE format('CREATE VIEW %I.%I AS SELECT * FROM %s', schema_name, 'dependent', q);
    IF (SELECT count(*) FROM mv_dependents(q)) <> 1 THEN RETURN NEXT 'mv_dependents'; END IF;
    BEGIN
        PERFORM mv_drop(q);
        RETURN NEXT 'mv_drop dropped';
    EXCEPTION WHEN dependent_objects_still_exist THEN NULL;
    END;
    EXECUTE format('DROP VIEW %I.%I', schema_name, 'dependent');
    PERFORM mv_refresh(q);
    IF (SELECT count(*) FROM mv_history(q) h WHERE h.label = name) <> 1 THEN RETURN NEXT 'mv_history'; END IF;
    RETURN QUERY SELECT 'mv_verify: ' || v.detail FROM mv_verify(q) v WHERE NOT v.ok;
    -- The same name in the other schema is another view.
    c := mv_create(other, 'SELECT 2 AS two', with_data => false);
    IF mv_definition(q) <> definition OR mv_definition(other) <> 'SELECT 2 AS two' THEN RETURN NEXT 'two schemas'; END IF;
    c := mv_release(q);
    IF c.action <> 'released' THEN RETURN NEXT 'mv_release: ' || c; END IF;
    c := mv_adopt(q, label => name);
    IF c.action <> 'adopted' OR c.version <> 2 THEN RETURN NEXT 'mv_adopt: ' || c; END IF;
    -- Unqualified, along search_path.
    PERFORM set_config('search_path', format('%I, public', other_schema), true);
    c := mv_drop(format('%I', name));
    IF c.name <> other OR to_regclass(other) IS NOT NULL OR to_regclass(q) IS NULL THEN RETURN NEXT 'unqualified: ' || c; END IF;
    PERFORM set_config('search_path', 'public', true);
    -- Where event triggers do not fire, the catalog does not learn of it.
    PERFORM set_config('session_replication_role', 'replica', true);
    EXECUTE 'DROP MATERIALIZED VIEW ' || q;
    PERFORM set_config('session_replication_role', 'origin', true);
    BEGIN
        PERFORM mv_definition(q);
        RETURN NEXT 'found after DROP';
    EXCEPTION WHEN undefined_object THEN NULL;
    END;
    c := mv_release(q);
    IF c.relation IS NOT NULL THEN RETURN NEXT 'mv_release of what is gone: ' || c; END IF;
EXCEPTION WHEN OTHERS THEN
    RETURN NEXT format('%s: %s', SQLSTATE, SQLERRM);
END $$;
SELECT h.n, h.name, t AS failure FROM names2.hostile h, names2.try_all('näm.e "1"', h.name, 'names2') t
ORDER BY h.n;
SELECT count(*) FROM mvmanager.view WHERE schema_name IN ('näm.e "1"', 'names2') AND ended_at IS NULL;

-- Names are cut where the server cuts them, and found again by the long one.
SELECT name = repeat('b', 63) || '' AS cut FROM (SELECT split_part(name, '.', 2) AS name FROM mv_create('names2.' || repeat('b', 70), 'SELECT 1 AS a', build => 'now')) x;
SELECT action FROM mv_drop('names2.' || repeat('b', 70));

-- A schema that shadows what careless SQL uses: every one of these raises when it is called.
CREATE SCHEMA evil;
CREATE FUNCTION evil.raise() RETURNS boolean LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''evil was called''; END';
DO $$
DECLARE
    t text;
    o text;
BEGIN
    FOREACH t IN ARRAY ARRAY['text', 'bigint', 'integer', 'oid', 'name', '"char"', 'boolean', 'regclass', 'bytea'] LOOP
        EXECUTE format('CREATE FUNCTION evil.op(%1$s, %1$s) RETURNS boolean LANGUAGE sql AS ''SELECT evil.raise()''', t);
        FOREACH o IN ARRAY ARRAY['=', '<>', '<', '>'] LOOP
            EXECUTE format('CREATE OPERATOR evil.%s (LEFTARG = %2$s, RIGHTARG = %2$s, FUNCTION = evil.op)', o, t);
        END LOOP;
    END LOOP;
    CREATE FUNCTION evil.concat_op(text, text) RETURNS text LANGUAGE sql AS 'SELECT evil.raise()::text';
    CREATE OPERATOR evil.|| (LEFTARG = text, RIGHTARG = text, FUNCTION = evil.concat_op);
    CREATE FUNCTION evil.json_op(jsonb, text) RETURNS text LANGUAGE sql AS 'SELECT evil.raise()::text';
    CREATE OPERATOR evil.->> (LEFTARG = jsonb, RIGHTARG = text, FUNCTION = evil.json_op);
END $$;
CREATE FUNCTION evil.now() RETURNS timestamptz LANGUAGE sql AS 'SELECT evil.raise()::text::timestamptz';
CREATE FUNCTION evil.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS 'SELECT evil.raise()::text::timestamptz';
CREATE FUNCTION evil.format(text, VARIADIC text[]) RETURNS text LANGUAGE sql AS 'SELECT evil.raise()::text';
CREATE FUNCTION evil.quote_ident(text) RETURNS text LANGUAGE sql AS 'SELECT evil.raise()::text';
CREATE FUNCTION evil.max(bigint) RETURNS bigint LANGUAGE sql AS 'SELECT evil.raise()::int::bigint';
CREATE FUNCTION evil.jsonb_agg(jsonb) RETURNS jsonb LANGUAGE sql AS 'SELECT evil.raise()::text::jsonb';
CREATE FUNCTION evil.pg_identify_object(oid, oid, integer) RETURNS boolean LANGUAGE sql AS 'SELECT evil.raise()';
CREATE FUNCTION evil.raise_state(boolean) RETURNS boolean LANGUAGE sql AS 'SELECT evil.raise()';
CREATE AGGREGATE evil.count(*) (SFUNC = evil.raise_state, STYPE = boolean, INITCOND = 'f');
CREATE TABLE evil.pg_class (oid oid, relname name);
CREATE TABLE evil.view (id bigint);
CREATE DOMAIN evil.text AS pg_catalog.int4;
SET search_path = evil, pg_catalog, public, names2;
SELECT 'a'::pg_catalog.text = 'a'::pg_catalog.text AS is_it_armed;
SELECT action FROM mv_create('names2.v', 'SELECT 1 AS a', indexes => ARRAY['CREATE UNIQUE INDEX ON names2.v (a)'], label => 'l', comment => 'c', options => '{"fillfactor": 50}', build => 'now');
SELECT action FROM mv_apply('names2.v', 'SELECT 1 AS a', indexes => ARRAY['CREATE INDEX ON names2.v (a)'], drop_indexes => true, label => 'm', options => '{"fillfactor": 60}');
SELECT action FROM mv_apply('v', 'SELECT 1 AS a', label => 'n');
CREATE MATERIALIZED VIEW names2.w AS SELECT a FROM names2.v;
SELECT action FROM mv_adopt('w');
SELECT depth, kind, object FROM mv_dependents('v');
SELECT action FROM mv_adopt_schema('names2');
SELECT strategy FROM mv_refresh('v');
SELECT check_name, ok FROM mv_verify('v');
SELECT version, label FROM mv_history('v');
SELECT mv_definition('v', canonical => true);
SELECT action FROM mv_release('w');
DROP MATERIALIZED VIEW names2.w;
SELECT action FROM mv_drop('v');

RESET search_path;
SET client_min_messages = warning;
DROP SCHEMA evil, names2, "näm.e ""1""" CASCADE;
