-- The catalog. Rows hold names and SQL as text, never an OID and never a node tree, so that they survive
-- pg_dump, pg_upgrade and a server of another major. Only the C code of the extension writes here.
-- No foreign keys: pg_restore --jobs loads an extension's tables in any order, with the constraints in place.

CREATE TABLE mvmanager.view (
    id               bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    schema_name      text NOT NULL,
    view_name        text NOT NULL,
    live_version     integer,
    settings         jsonb NOT NULL DEFAULT '{}',
    refreshes_total  bigint NOT NULL DEFAULT 0,
    failures_total   bigint NOT NULL DEFAULT 0,
    skipped_total    bigint NOT NULL DEFAULT 0,
    last_refresh_at  timestamptz,
    created_at       timestamptz NOT NULL,
    ended_at         timestamptz,
    ended_how        text CHECK (ended_how IN ('dropped', 'released')),
    CHECK ((ended_at IS NULL) = (ended_how IS NULL))
);
CREATE UNIQUE INDEX view_name_key ON mvmanager.view (schema_name, view_name) WHERE ended_at IS NULL;
COMMENT ON TABLE mvmanager.view IS
'One row per managed view. The id is the key of everything else; schema and name are attributes, unique among views that have not ended.';
COMMENT ON COLUMN mvmanager.view.schema_name IS 'Schema of the materialized view.';
COMMENT ON COLUMN mvmanager.view.view_name IS 'Name of the materialized view.';
COMMENT ON COLUMN mvmanager.view.created_at IS 'When the view was created or adopted.';
COMMENT ON COLUMN mvmanager.view.id IS 'Identity of the managed view. The same name created again is a new id.';
COMMENT ON COLUMN mvmanager.view.live_version IS 'Number of the version that the materialized view shows now.';
COMMENT ON COLUMN mvmanager.view.settings IS 'Settings of this view.';
COMMENT ON COLUMN mvmanager.view.refreshes_total IS 'Refreshes that succeeded and were committed, since the view is managed.';
COMMENT ON COLUMN mvmanager.view.failures_total IS 'Refreshes by the worker that failed or crashed, and views that failed in a committed mv_refresh_all. A single mv_refresh that fails rolls back and is not counted.';
COMMENT ON COLUMN mvmanager.view.skipped_total IS 'Runs that were due but skipped, for example because an upstream view failed, and views that mv_refresh_all skipped for that.';
COMMENT ON COLUMN mvmanager.view.last_refresh_at IS 'When the transaction that last changed the rows began its refresh; written in that same transaction.';
COMMENT ON COLUMN mvmanager.view.ended_at IS 'When the view was dropped or released; NULL while it is managed.';
COMMENT ON COLUMN mvmanager.view.ended_how IS 'dropped or released.';

CREATE TABLE mvmanager.version (
    view_id        bigint NOT NULL,
    number         integer NOT NULL CHECK (number > 0),
    definition     text NOT NULL,
    canonical      text NOT NULL,
    server_major   integer NOT NULL,
    columns        jsonb NOT NULL,
    indexes        jsonb NOT NULL,
    options        jsonb NOT NULL,
    comment        text,
    data_hash      bytea NOT NULL,
    metadata_hash  bytea NOT NULL,
    parents_hash   bytea NOT NULL,
    owner_name     text NOT NULL,
    author         text NOT NULL,
    created_at     timestamptz NOT NULL,
    origin         text NOT NULL CHECK (origin IN ('created', 'adopted', 'replaced', 'altered', 'external')),
    chain_hash     bytea NOT NULL,
    PRIMARY KEY (view_id, number)
);
COMMENT ON TABLE mvmanager.version IS
'Every definition a managed view ever had. Rows are immutable: UPDATE, DELETE and TRUNCATE are refused for everyone, and a chain of SHA-256 hashes, checked by mv_verify, shows tampering.';
COMMENT ON COLUMN mvmanager.version.view_id IS 'The managed view.';
COMMENT ON COLUMN mvmanager.version.number IS 'Number of the version, counted from 1 for each view.';
COMMENT ON COLUMN mvmanager.version.created_at IS 'When the version was registered.';
COMMENT ON COLUMN mvmanager.version.origin IS 'How it came: created, adopted, replaced, altered, or external (changed without mvmanager).';
COMMENT ON COLUMN mvmanager.version.definition IS 'The query as its author wrote it.';
COMMENT ON COLUMN mvmanager.version.canonical IS 'The query as this server prints it with every name qualified (pg_get_viewdef under an empty search_path).';
COMMENT ON COLUMN mvmanager.version.server_major IS 'Major version of the server that made the canonical text; such texts are compared only within one major.';
COMMENT ON COLUMN mvmanager.version.columns IS 'Array of {"name", "type", "collation"} in column order.';
COMMENT ON COLUMN mvmanager.version.indexes IS 'Array of {"name", "written", "canonical"}: the index name kept for ever, the text as written (null if adopted), and as the server prints it.';
COMMENT ON COLUMN mvmanager.version.options IS 'Object with any of "reloptions" (object), "tablespace", "access_method".';
COMMENT ON COLUMN mvmanager.version.comment IS 'Comment on the materialized view that came with this version, or NULL.';
COMMENT ON COLUMN mvmanager.version.data_hash IS 'SHA-256 over canonical text and columns: equal means the same rows.';
COMMENT ON COLUMN mvmanager.version.metadata_hash IS 'SHA-256 over indexes, options and comment.';
COMMENT ON COLUMN mvmanager.version.parents_hash IS 'SHA-256 over the managed views it reads: their ids and data hashes.';
COMMENT ON COLUMN mvmanager.version.owner_name IS 'Owner of the materialized view when the version was registered. Informative: rights are always taken from the relation.';
COMMENT ON COLUMN mvmanager.version.author IS 'Session user who registered the version.';
COMMENT ON COLUMN mvmanager.version.chain_hash IS 'SHA-256 over this row and the chain hash of the row before.';

CREATE TABLE mvmanager.version_state (
    view_id          bigint NOT NULL,
    number           integer NOT NULL,
    state            text NOT NULL CHECK (state IN ('queued', 'building', 'ready', 'live', 'archived', 'pruned',
                                                    'skipped', 'failed', 'cancelled')),
    relation_schema  text,
    relation_name    text,
    built_at         timestamptz,
    rows             bigint,
    bytes            bigint,
    error            text,
    fresh_at         timestamptz,
    promote          text NOT NULL DEFAULT 'auto' CHECK (promote IN ('auto', 'manual')),
    dependents       text NOT NULL DEFAULT 'keep' CHECK (dependents IN ('keep', 'recreate')),
    rename_columns   jsonb NOT NULL DEFAULT '{}',
    validate         text,
    family           bigint,
    PRIMARY KEY (view_id, number)
);
CREATE INDEX version_state_relation_key ON mvmanager.version_state (view_id) WHERE relation_name IS NOT NULL;
CREATE INDEX version_state_open_key ON mvmanager.version_state (view_id) WHERE state IN ('queued', 'building', 'ready');
COMMENT ON TABLE mvmanager.version_state IS
'What became of each version: queued -> building -> ready -> live -> archived -> pruned, or skipped, failed, cancelled.';
COMMENT ON COLUMN mvmanager.version_state.view_id IS 'The managed view.';
COMMENT ON COLUMN mvmanager.version_state.number IS 'Number of the version.';
COMMENT ON COLUMN mvmanager.version_state.state IS 'queued, building, ready, live, archived, pruned, skipped, failed or cancelled.';
COMMENT ON COLUMN mvmanager.version_state.relation_schema IS 'Schema of relation_name.';
COMMENT ON COLUMN mvmanager.version_state.built_at IS 'When its rows were first there.';
COMMENT ON COLUMN mvmanager.version_state.rows IS 'Rows it had then.';
COMMENT ON COLUMN mvmanager.version_state.bytes IS 'Bytes it had then.';
COMMENT ON COLUMN mvmanager.version_state.error IS 'Why its build failed.';
COMMENT ON COLUMN mvmanager.version_state.relation_name IS 'Where the rows of a staged or archived version are; NULL where there are none. For the live version, for a moment, where its rows are about to be archived.';
COMMENT ON COLUMN mvmanager.version_state.fresh_at IS 'Everything committed before that time is in its rows.';
COMMENT ON COLUMN mvmanager.version_state.promote IS 'auto: it becomes live as soon as it is built; manual: mv_promote does it.';
COMMENT ON COLUMN mvmanager.version_state.dependents IS 'What is done about objects that use changed columns: keep (refuse) or recreate.';
COMMENT ON COLUMN mvmanager.version_state.rename_columns IS 'Object of old column names to new ones, against the version that was live when it was registered.';
COMMENT ON COLUMN mvmanager.version_state.validate IS 'Query that must return true before it may become live; NULL for none.';
COMMENT ON COLUMN mvmanager.version_state.family IS 'Versions of several views with the same number become live together.';

CREATE TABLE mvmanager.change (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    view_id       bigint NOT NULL,
    action        text NOT NULL,
    label         text,
    from_version  integer,
    to_version    integer,
    changed_by    text NOT NULL,
    changed_at    timestamptz NOT NULL
);
CREATE INDEX change_view_key ON mvmanager.change (view_id, id);
CREATE INDEX change_label_key ON mvmanager.change (view_id, label, id) WHERE label IS NOT NULL;
COMMENT ON TABLE mvmanager.change IS
'Journal of every call that meant something, append-only. A label (a migration''s revision) belongs to the call, so that the newest row with it tells what it did.';
COMMENT ON COLUMN mvmanager.change.id IS 'Order of the calls.';
COMMENT ON COLUMN mvmanager.change.view_id IS 'The managed view.';
COMMENT ON COLUMN mvmanager.change.action IS 'What the call did, as in the result type mv_change.';
COMMENT ON COLUMN mvmanager.change.label IS 'Name that the caller gave to the call, a migrations revision for example.';
COMMENT ON COLUMN mvmanager.change.to_version IS 'Version that was wanted after the call (live, or queued to become so), NULL if it ended the view.';
COMMENT ON COLUMN mvmanager.change.changed_by IS 'Session user who called.';
COMMENT ON COLUMN mvmanager.change.changed_at IS 'When the transaction of the call began.';
COMMENT ON COLUMN mvmanager.change.from_version IS 'Version that was wanted before the call, NULL if the call made the view; of a promotion, the version that was live before.';

CREATE TABLE mvmanager.schedule (
    view_id               bigint PRIMARY KEY,
    schedule              text NOT NULL,
    time_zone             text NOT NULL,
    jitter                interval,
    time_window           text,
    settings              jsonb NOT NULL DEFAULT '{}',
    anchor                timestamptz NOT NULL,
    next_due              timestamptz,
    paused                boolean NOT NULL DEFAULT false,
    suspended             text CHECK (suspended IN ('failures', 'crashes', 'invalid')),
    suspended_reason      text,
    consecutive_failures  integer NOT NULL DEFAULT 0,
    consecutive_crashes   integer NOT NULL DEFAULT 0,
    created_at            timestamptz NOT NULL,
    changed_at            timestamptz NOT NULL
);
COMMENT ON TABLE mvmanager.schedule IS 'When runs of a managed view are due. At most one row per view.';
COMMENT ON COLUMN mvmanager.schedule.view_id IS 'The managed view.';
COMMENT ON COLUMN mvmanager.schedule.jitter IS 'Up to this much later each run starts, always as much for this view.';
COMMENT ON COLUMN mvmanager.schedule.time_window IS 'Times of the week in which runs may start; NULL for any.';
COMMENT ON COLUMN mvmanager.schedule.settings IS 'Settings that its runs use.';
COMMENT ON COLUMN mvmanager.schedule.suspended_reason IS 'The error that suspended it.';
COMMENT ON COLUMN mvmanager.schedule.consecutive_failures IS 'Runs that failed since the last one that succeeded.';
COMMENT ON COLUMN mvmanager.schedule.consecutive_crashes IS 'Runs that crashed since the last one that did not.';
COMMENT ON COLUMN mvmanager.schedule.created_at IS 'When the view was first scheduled.';
COMMENT ON COLUMN mvmanager.schedule.changed_at IS 'When the schedule was last changed.';
COMMENT ON COLUMN mvmanager.schedule.schedule IS 'The schedule as written: cron (''*/5 * * * *'', ''@hourly'', optional leading seconds field) or an interval (''10 minutes'').';
COMMENT ON COLUMN mvmanager.schedule.time_zone IS 'Time zone in which the schedule is read.';
COMMENT ON COLUMN mvmanager.schedule.anchor IS 'Interval schedules are due at anchor + k * interval: no drift.';
COMMENT ON COLUMN mvmanager.schedule.next_due IS 'When the next run is due; computed from the previous due time.';
COMMENT ON COLUMN mvmanager.schedule.paused IS 'Set by mv_pause, cleared by mv_resume.';
COMMENT ON COLUMN mvmanager.schedule.suspended IS 'Why mvmanager itself stopped the schedule (failures, crashes, invalid); cleared by mv_resume.';

CREATE TABLE mvmanager.run (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    view_id         bigint NOT NULL,
    version         integer,
    kind            text NOT NULL CHECK (kind IN ('refresh', 'build')),
    reason          text NOT NULL CHECK (reason IN ('manual', 'schedule', 'async', 'retry', 'external')),
    state           text NOT NULL CHECK (state IN ('queued', 'running', 'succeeded', 'failed', 'skipped',
                                                   'cancelled', 'crashed', 'lost')),
    strategy        text NOT NULL,
    strategy_used   text,
    strategy_reason text,
    predicate       text,
    attempt         integer NOT NULL DEFAULT 1,
    requested_by    text NOT NULL,
    scheduled_for   timestamptz,
    queued_at       timestamptz,
    started_at      timestamptz,
    finished_at     timestamptz,
    pid             integer,
    generation      text,
    rows_inserted   bigint,
    rows_updated    bigint,
    rows_deleted    bigint,
    rows_total      bigint,
    blocked         interval,
    wal_bytes       bigint,
    sqlstate        text,
    message         text,
    staged_name     text
);
CREATE INDEX run_view_key ON mvmanager.run (view_id, id);
CREATE INDEX run_succeeded_key ON mvmanager.run (view_id, id) WHERE state = 'succeeded';
CREATE INDEX run_open_key ON mvmanager.run (state, id) WHERE state IN ('queued', 'running');
CREATE INDEX run_finished_key ON mvmanager.run (finished_at);
CREATE INDEX run_staged_key ON mvmanager.run (view_id) WHERE staged_name IS NOT NULL;
COMMENT ON TABLE mvmanager.run IS
'One row per execution of a refresh or a build, queued or finished. Holds SQLSTATE and message of a failure, never the statement.';
COMMENT ON COLUMN mvmanager.run.id IS 'Identity of the run.';
COMMENT ON COLUMN mvmanager.run.view_id IS 'The managed view.';
COMMENT ON COLUMN mvmanager.run.version IS 'Version that was refreshed or built.';
COMMENT ON COLUMN mvmanager.run.kind IS 'refresh or build.';
COMMENT ON COLUMN mvmanager.run.reason IS 'Why it ran: manual, schedule, async, retry or external.';
COMMENT ON COLUMN mvmanager.run.state IS 'queued, running, succeeded, failed, skipped, cancelled, crashed or lost.';
COMMENT ON COLUMN mvmanager.run.predicate IS 'Predicate of a partial refresh.';
COMMENT ON COLUMN mvmanager.run.attempt IS 'Which attempt it is, counted from 1.';
COMMENT ON COLUMN mvmanager.run.requested_by IS 'Session user who asked for it, or who made the schedule.';
COMMENT ON COLUMN mvmanager.run.queued_at IS 'When it was asked for.';
COMMENT ON COLUMN mvmanager.run.started_at IS 'When the work began.';
COMMENT ON COLUMN mvmanager.run.finished_at IS 'When it ended.';
COMMENT ON COLUMN mvmanager.run.pid IS 'Process that ran it.';
COMMENT ON COLUMN mvmanager.run.rows_inserted IS 'Rows inserted.';
COMMENT ON COLUMN mvmanager.run.rows_updated IS 'Rows updated.';
COMMENT ON COLUMN mvmanager.run.rows_deleted IS 'Rows deleted.';
COMMENT ON COLUMN mvmanager.run.wal_bytes IS 'Bytes of WAL written.';
COMMENT ON COLUMN mvmanager.run.sqlstate IS 'SQLSTATE of the error that ended it.';
COMMENT ON COLUMN mvmanager.run.message IS 'Message of that error.';
COMMENT ON COLUMN mvmanager.run.staged_name IS 'Relation in mvmanager_data that the run fills, or left behind and the next refresh of the view or the scheduler drops.';
COMMENT ON COLUMN mvmanager.run.strategy IS 'The strategy that was asked for.';
COMMENT ON COLUMN mvmanager.run.strategy_used IS 'The strategy that was taken.';
COMMENT ON COLUMN mvmanager.run.strategy_reason IS 'Why it was taken, as a sentence.';
COMMENT ON COLUMN mvmanager.run.scheduled_for IS 'The due time this run answers; NULL for runs asked for by a call.';
COMMENT ON COLUMN mvmanager.run.generation IS 'Timeline and start time of the server that ran it: tells a crashed run from one whose server is gone.';
COMMENT ON COLUMN mvmanager.run.rows_total IS 'Rows of the view after the run. Counts that a strategy cannot know are NULL.';
COMMENT ON COLUMN mvmanager.run.blocked IS 'Time spent waiting for locks.';

CREATE TABLE mvmanager.local (
    only_row      boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    database_oid  oid NOT NULL,
    armed_at      timestamptz NOT NULL,
    paused        boolean NOT NULL DEFAULT false
);
COMMENT ON TABLE mvmanager.local IS
'The database whose schedules are armed. Not dumped: a restored dump and a database made from a template are inert until mv_resume().';
COMMENT ON COLUMN mvmanager.local.only_row IS 'Always true: there is one row.';
COMMENT ON COLUMN mvmanager.local.armed_at IS 'When the database was armed.';
COMMENT ON COLUMN mvmanager.local.database_oid IS 'OID of the armed database; a copy of the database has another one.';
COMMENT ON COLUMN mvmanager.local.paused IS 'Set by mv_pause() for the whole database, cleared by mv_resume().';

SELECT pg_catalog.pg_extension_config_dump('mvmanager.view', '');
SELECT pg_catalog.pg_extension_config_dump('mvmanager.view_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('mvmanager.version', '');
SELECT pg_catalog.pg_extension_config_dump('mvmanager.version_state', '');
SELECT pg_catalog.pg_extension_config_dump('mvmanager.change', '');
SELECT pg_catalog.pg_extension_config_dump('mvmanager.change_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('mvmanager.schedule', '');
SELECT pg_catalog.pg_extension_config_dump('mvmanager.run', '');
SELECT pg_catalog.pg_extension_config_dump('mvmanager.run_id_seq', '');

