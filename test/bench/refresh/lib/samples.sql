-- Where every measurement goes, and what was true for all of them.
CREATE EXTENSION mvmanager;
CREATE TABLE setting AS
SELECT :'scale'::numeric AS scale, :'rounds'::integer AS rounds, :'load'::numeric AS load_before, :'cores'::integer AS cores;
CREATE TABLE sample (
    id          bigint GENERATED ALWAYS AS IDENTITY,
    what_case   text NOT NULL,      -- usages, wide, ...
    rate        numeric NOT NULL,   -- percent of the rows changed before it
    round       integer NOT NULL,
    method      text NOT NULL,      -- native, concurrently, diff, swap, auto, partial; query and ctas: the bare query
    situation   text NOT NULL,      -- none; transaction, dump: what held the view for three seconds; readers in hammering
    ms          numeric,            -- NULL where it failed
    wal_bytes   numeric,
    reader_ms   numeric,            -- the slowest query of the readers
    reader_n    bigint,             -- how many queries they made
    anon_kb     bigint,             -- most RssAnon of the backend and its parallel workers together
    strategy    text,               -- by which it was done
    reason      text,
    changed     bigint,
    error       text
);
CREATE TABLE plan (what_case text, settings text, plan text, rows bigint, heap_mb numeric, index_mb numeric, indexes integer);
-- The plan in one line, the top first.
CREATE FUNCTION plan_of(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    line text;
    nodes text[] := '{}';
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
        IF line ~ '^ *->|^[A-Z]' AND line !~ '^ +[A-Z]' THEN
            nodes := nodes || regexp_replace(line, '^ *-> +', '');
        ELSIF line ~ 'Workers Planned' THEN
            nodes[cardinality(nodes)] := nodes[cardinality(nodes)] || ' (' || regexp_replace(line, '^.*: ', '') || ' workers)';
        END IF;
    END LOOP;
    RETURN array_to_string(nodes, ' <- ');
END $$;
-- Milliseconds of the query with its rows thrown away, as the server itself counts them.
CREATE FUNCTION bare(query text) RETURNS numeric LANGUAGE plpgsql AS $$
DECLARE
    line text;
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (ANALYZE, TIMING OFF, BUFFERS OFF, SUMMARY ON) ' || query LOOP
        IF line ~ '^Execution Time' THEN
            RETURN substring(line FROM '[0-9.]+')::numeric;
        END IF;
    END LOOP;
END $$;
