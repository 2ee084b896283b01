
-- How far the refreshes have come that run now. Each process tells it in its own entry of pg_stat_activity.

CREATE FUNCTION mvmanager.refreshes_running(
    OUT pid               integer,
    OUT relation          oid,
    OUT run_id            bigint,
    OUT strategy          text,
    OUT phase             text,
    OUT started_at        timestamptz,
    OUT phase_started_at  timestamptz,
    OUT rows_read         bigint,
    OUT rows_written      bigint,
    OUT rows_estimated    bigint,
    OUT indexes_done      bigint,
    OUT indexes_total     bigint,
    OUT blocks_done       bigint,
    OUT blocks_total      bigint,
    OUT tuples_done       bigint,
    OUT tuples_total      bigint,
    OUT polls_for         integer
) RETURNS SETOF record
LANGUAGE C VOLATILE PARALLEL RESTRICTED ROWS 4
AS 'MODULE_PATHNAME', 'mvm_refreshes_running';
COMMENT ON FUNCTION mvmanager.refreshes_running() IS
'What mvmanager.progress is built on: one row per refresh that runs in this database now and that the current user may see. Raises nothing.';

CREATE VIEW mvmanager.progress WITH (security_barrier) AS
SELECT m.schema_name AS schema,
       m.view_name AS view,
       p.pid,
       p.run_id,
       p.strategy,
       p.phase,
       round(CASE WHEN here.share > 1 THEN 100 ELSE 100 * here.share END, 1) AS percent,
       p.rows_read,
       p.rows_written,
       p.rows_estimated,
       p.indexes_done,
       p.indexes_total,
       p.blocks_done AS index_blocks_done,
       p.blocks_total AS index_blocks_total,
       p.tuples_done AS index_rows_done,
       p.tuples_total AS index_rows_total,
       coalesce(nullif(pg_catalog.pg_blocking_pids(p.pid), '{}'), ARRAY[p.polls_for]) AS blocked_by,
       p.phase_started_at,
       p.started_at
  FROM mvmanager.refreshes_running() p
  JOIN mvmanager.visible m ON m.relation = p.relation
 CROSS JOIN LATERAL (SELECT CASE
           WHEN p.phase = 'building indexes'
           THEN (p.indexes_done + coalesce(p.blocks_done::numeric / nullif(p.blocks_total, 0), 0) / 2
                                + coalesce(p.tuples_done::numeric / nullif(p.tuples_total, 0), 0) / 2) / nullif(p.indexes_total, 0)
           WHEN p.phase IN ('writing rows', 'filling new storage') THEN p.rows_written::numeric / nullif(p.rows_estimated, 0)
           WHEN p.phase IN ('scanning view', 'running query', 'comparing spilled partitions')
           THEN p.rows_read::numeric / nullif(p.rows_estimated, 0) END AS share) here
 WHERE m.ended_at IS NULL
 ORDER BY p.started_at, p.pid;
COMMENT ON VIEW mvmanager.progress IS
'One row per refresh that runs now in this database, by a session or by the worker: what it is at and how far it has come. Gone when it ends. Empty where track_activities is off. As in pg_stat_activity the numbers stand still within a transaction.';
COMMENT ON COLUMN mvmanager.progress.schema IS 'Schema of the view.';
COMMENT ON COLUMN mvmanager.progress.view IS 'Name of the view.';
COMMENT ON COLUMN mvmanager.progress.pid IS 'Process that refreshes it; pg_cancel_backend(pid) stops it and leaves the view as it was.';
COMMENT ON COLUMN mvmanager.progress.run_id IS 'Its row in mvmanager.runs. NULL for a call by a session, whose row is written at the end.';
COMMENT ON COLUMN mvmanager.progress.strategy IS 'Strategy at work; until it is chosen, the one that was asked for.';
COMMENT ON COLUMN mvmanager.progress.phase IS 'waiting for locks, planning, scanning view, running query, comparing spilled partitions, writing rows, filling new storage, building indexes, flushing WAL, analyzing, waiting to swap, swapping, recording, or running REFRESH (strategies native and concurrently, where core does not tell more).';
COMMENT ON COLUMN mvmanager.progress.percent IS 'Of this phase, not of the whole: of the rows estimated, or of the indexes. NULL where nobody can tell.';
COMMENT ON COLUMN mvmanager.progress.rows_read IS 'Rows read by the latest phase that reads: of the view, or of its query. Counted in steps of 1024.';
COMMENT ON COLUMN mvmanager.progress.rows_written IS 'Rows inserted, updated and deleted so far, or put into the new storage. NULL before that. Counted in steps of 1024.';
COMMENT ON COLUMN mvmanager.progress.rows_estimated IS 'Rows that this phase will count, by the best estimate there is. NULL without one.';
COMMENT ON COLUMN mvmanager.progress.indexes_done IS 'Indexes built. NULL before that phase.';
COMMENT ON COLUMN mvmanager.progress.indexes_total IS 'Indexes to build.';
COMMENT ON COLUMN mvmanager.progress.index_blocks_done IS 'Of the index being built: blocks of the view read for it.';
COMMENT ON COLUMN mvmanager.progress.index_blocks_total IS 'Of the index being built: blocks of the view.';
COMMENT ON COLUMN mvmanager.progress.index_rows_done IS 'Of the index being built: rows put into it. Only btree indexes tell.';
COMMENT ON COLUMN mvmanager.progress.index_rows_total IS 'Of the index being built: rows it will have.';
COMMENT ON COLUMN mvmanager.progress.blocked_by IS 'Processes whose locks it waits for, as pg_blocking_pids(), or that hold the lock it polls for. NULL where it does not wait.';
COMMENT ON COLUMN mvmanager.progress.phase_started_at IS 'When this phase began.';
COMMENT ON COLUMN mvmanager.progress.started_at IS 'When the refresh began, waiting for locks included.';

GRANT SELECT ON mvmanager.progress TO PUBLIC;
