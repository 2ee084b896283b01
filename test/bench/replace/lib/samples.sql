-- Where every measurement goes, and what was true for all of them.
CREATE EXTENSION mvmanager;
SELECT count(*) AS armed FROM mv_resume() \gset
CREATE TABLE setting AS
SELECT :'scale'::numeric AS scale, :'rounds'::integer AS rounds, :'rate'::integer AS rate, :'hold'::integer AS hold, :'load'::numeric AS load_before, :'cores'::integer AS cores;
CREATE TABLE sample (
    id         bigint GENERATED ALWAYS AS IDENTITY,
    what_case  text NOT NULL,      -- readers, held, rollback, call, queue
    method     text NOT NULL,      -- nothing, mvmanager, drop_create, rename_swap, refresh; in call: what was called
    round      integer NOT NULL,
    rows       bigint NOT NULL,    -- of the view
    call_ms    numeric,            -- of the call in the migration, with its commit
    ms         numeric,            -- until the new version was served
    worst_ms   numeric,            -- the slowest read, from when it was due
    p99_ms     numeric,            -- 99 of 100 reads were faster
    slow       bigint,             -- reads of more than 100 ms
    reads      bigint,
    errors     bigint,             -- reads that failed
    builds     bigint,             -- in queue: how often the view was built
    skipped    bigint              -- and how many versions were not
);
