-- complain if the script is sourced in psql rather than via CREATE EXTENSION
\echo Use "CREATE EXTENSION mvmanager" to load this file. \quit

-- Plain CREATE SCHEMA: it fails if somebody made one of that name before, so nothing of theirs is adopted.
CREATE SCHEMA mvmanager;
COMMENT ON SCHEMA mvmanager IS
'Catalog and status views of mvmanager. The functions (mv_create, mv_refresh, ...) are in the schema chosen at CREATE EXTENSION.';
REVOKE ALL ON SCHEMA mvmanager FROM PUBLIC;
GRANT USAGE ON SCHEMA mvmanager TO PUBLIC;

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
    PRIMARY KEY (view_id, number)
);
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
COMMENT ON COLUMN mvmanager.version_state.relation_name IS 'Where the rows of a staged or archived version are; NULL for the live one and where there are none.';

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
COMMENT ON COLUMN mvmanager.change.to_version IS 'Version that was live after the call, NULL if it ended the view.';
COMMENT ON COLUMN mvmanager.change.changed_by IS 'Session user who called.';
COMMENT ON COLUMN mvmanager.change.changed_at IS 'When the transaction of the call began.';
COMMENT ON COLUMN mvmanager.change.from_version IS 'Version that was live before the call, NULL if the call made the view.';

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

-- What the mv_* functions return. Every mutator returns a row, because many tools hide NOTICEs.

CREATE TYPE mvmanager.mv_change AS (
    name      text,
    version   integer,
    action    text,
    state     text,
    relation  regclass,
    message   text
);
COMMENT ON TYPE mvmanager.mv_change IS
'What a call did: name of the view; version it is about; action (created, replaced, altered, unchanged, adopted, queued, promoted, rolled_back, dropped, released, cancelled, pruned, scheduled, unscheduled, paused, resumed, armed); state of that version; the relation, NULL once it is gone; a sentence for people.';

CREATE TYPE mvmanager.mv_refresh_result AS (
    name           text,
    version        integer,
    strategy       text,
    reason         text,
    rows_inserted  bigint,
    rows_updated   bigint,
    rows_deleted   bigint,
    rows_total     bigint,
    duration       interval,
    blocked        interval,
    run_id         bigint,
    wal_bytes      bigint
);
COMMENT ON TYPE mvmanager.mv_refresh_result IS
'What a refresh did: name and version of the view; the strategy taken and, as a sentence, why; rows inserted, updated and deleted and rows of the view afterwards (NULL where the strategy cannot know); duration; time of it spent waiting for locks; id of the row in mvmanager.runs; bytes of WAL written.';

CREATE TYPE mvmanager.mv_schedule_result AS (
    name         text,
    schedule     text,
    time_zone    text,
    next_run_at  timestamptz,
    action       text,
    is_armed     boolean,
    message      text
);
COMMENT ON TYPE mvmanager.mv_schedule_result IS
'What mv_schedule did: name of the view; the schedule and its time zone; when it is due next; action (scheduled, unchanged); whether this database runs its schedules; a sentence for people.';


CREATE FUNCTION mv_create(
    name        text,
    definition  text,
    indexes     text[] DEFAULT '{}',
    label       text DEFAULT NULL,
    build       text DEFAULT 'auto',
    with_data   boolean DEFAULT true,
    comment     text DEFAULT NULL,
    options     jsonb DEFAULT NULL
) RETURNS mvmanager.mv_change
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'mvm_create';
COMMENT ON FUNCTION mv_create(text, text, text[], text, text, boolean, text, jsonb) IS
'Creates a managed materialized view, owned by the caller, in the caller''s transaction. name: of the view, with or without schema, as in CREATE MATERIALIZED VIEW. definition: exactly one query (SELECT, VALUES, TABLE or WITH), read with the caller''s search_path. indexes: one CREATE INDEX text each, on the view''s own name; NULL: none. label: a migration''s revision; NULL: none. build: now fills it in this transaction, background lets the worker fill it after commit, auto (the default, also for NULL) takes background where the worker would start at once, else now with a NOTICE. with_data: true (the default, also for NULL) fills it, false leaves it unfilled until mv_refresh. comment: the COMMENT of the view; NULL: none. options: storage parameters, "tablespace" and "access_method", as a JSON object; NULL: the server''s defaults. Returns one row, action "created". Errors: 42710 already managed, 42P07 a materialized view or an index of that name exists (for the view the hint is mv_adopt), 42809 the name is a table, 42601 no single query, 42P02 a parameter such as $1, 0A000 data-modifying WITH, temporary table or CONCURRENTLY, 42P16 an index text that does not fit, 22023 a bad argument or option, 22004 no name or definition, 42602 a name that cannot be read, 42501 the caller may not create in the schema, 53400 no background worker slot is free, 25006 standby or read-only transaction, and what the query itself raises. An error leaves nothing.';

CREATE FUNCTION mv_apply(
    name            text,
    definition      text,
    indexes         text[] DEFAULT NULL,
    label           text DEFAULT NULL,
    build           text DEFAULT 'auto',
    promote         text DEFAULT 'auto',
    dependents      text DEFAULT 'keep',
    rename_columns  jsonb DEFAULT NULL,
    validate        text DEFAULT NULL,
    comment         text DEFAULT NULL,
    options         jsonb DEFAULT NULL,
    drop_indexes    boolean DEFAULT false,
    with_data       boolean DEFAULT true
) RETURNS mvmanager.mv_change
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'mvm_apply';
COMMENT ON FUNCTION mv_apply(text, text, text[], text, text, text, text, jsonb, text, text, jsonb, boolean, boolean) IS
'Makes a managed view what the arguments say: creates it where it is missing, as mv_create does, alters it in place where only indexes, options or comment differ, and does nothing where nothing differs. name: the view, as regclass reads it. definition: exactly one query, compared as the server prints it, so that layout does not matter. indexes: one CREATE INDEX text each, on the view''s own name; NULL keeps what is there. label: a migration''s revision, which means one definition; NULL: none. build: auto, now or background, as for mv_create, used only where the view is created. promote: auto or manual; dependents: keep or recreate; rename_columns: a JSON object, old name to new; validate: a query; these four are for changed definitions and change nothing in this release. comment: the COMMENT of the view; an empty one removes it, NULL keeps it. options: a JSON object as for mv_create; a value of null resets that parameter, NULL keeps all. drop_indexes: true drops registered indexes that the list does not name, and replaces one whose name the list uses for another; false (the default, also for NULL) drops none. with_data: as for mv_create, used only where the view is created. Returns one row, action "created", "altered" or "unchanged"; unchanged takes no lock on the view. Errors: those of mv_create, 42704 a materialized view that is not managed (hint: mv_adopt), 42501 not the owner, 42710 a label used for another definition or an index name used for another index, 42P19 a view that would read itself, 0A000 a changed definition, tablespace or access method: not available in this release.';

CREATE FUNCTION mv_adopt(
    name   text,
    label  text DEFAULT NULL
) RETURNS mvmanager.mv_change
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'mvm_adopt';
COMMENT ON FUNCTION mv_adopt(text, text) IS
'Manages an existing materialized view as it is: rows, owner, grants, indexes, options and comment stay. A view that the same owner released before continues with its history. name: the view, as regclass reads it. label: a migration''s revision; NULL: none. Returns one row, action "adopted", or "unchanged" where it is managed already. For the owner and members of its role. Errors: 22004 no name, 42602 a name that cannot be read, 42P01 no such view, 42809 not a materialized view, 42704 dropped outside mvmanager, 42501 not the owner, 42P16 a temporary view, 22023 an empty label, 25006 standby or read-only transaction.';

CREATE FUNCTION mv_adopt_schema(
    schema  text
) RETURNS SETOF mvmanager.mv_change
LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 20
AS 'MODULE_PATHNAME', 'mvm_adopt_schema';
COMMENT ON FUNCTION mv_adopt_schema(text) IS
'Manages every materialized view of a schema that the caller owns, as mv_adopt does. schema: its name, as written in pg_namespace. Returns one row per view, those that are read first; views managed already are "unchanged". A NOTICE tells how many belong to others. Errors: 22004 no schema, 3F000 no such schema, 42P19 views that read each other in a circle, 25006 standby or read-only transaction.';

CREATE FUNCTION mv_release(
    name      text DEFAULT NULL,
    archives  text DEFAULT 'keep'
) RETURNS SETOF mvmanager.mv_change
LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 20
AS 'MODULE_PATHNAME', 'mvm_release';
COMMENT ON FUNCTION mv_release(text, text) IS
'Stops managing a view and leaves it as an ordinary materialized view; its schedule is removed, its history kept. name: the view, as regclass reads it; NULL releases every view the caller owns. archives: keep (the default, also for NULL) or drop, what becomes of kept rows of earlier versions; in this release there are none. Returns one row per view, action "released". Errors: 42602 a name that cannot be read, 42P01 no such view, 42809 not a materialized view, 42704 not managed, 42501 not the owner, 22023 unknown word for archives, 25006 standby or read-only transaction.';

CREATE FUNCTION mv_drop(
    name     text,
    cascade  boolean DEFAULT false
) RETURNS mvmanager.mv_change
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'mvm_drop';
COMMENT ON FUNCTION mv_drop(text, boolean) IS
'Drops a managed view and ends its history, which is kept. name: the view, as regclass reads it. cascade: true drops what depends on it too, table columns of its row type included; false (the default, also for NULL) refuses and lists what depends on it. Returns one row, action "dropped". For the owner and members of its role. Errors: 2BP01 other objects depend on it (listed in DETAIL), 22004 no name, 42602 a name that cannot be read, 42P01 no such view, 42809 not a materialized view, 42704 not managed, or dropped outside mvmanager, 42501 not the owner, 55006 used by a query of this session, 25006 standby or read-only transaction.';

CREATE FUNCTION mv_definition(
    name       text,
    version    integer DEFAULT NULL,
    canonical  boolean DEFAULT false
) RETURNS text
LANGUAGE C STABLE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'mvm_definition';
COMMENT ON FUNCTION mv_definition(text, integer, boolean) IS
'The query of a managed view. name: the view, as regclass reads it. version: its number; NULL for the live one. canonical: false (the default, also for NULL) for the text byte for byte as it was written, true for the text as the server printed it, every name qualified. Returns the text. For the owner and members of its role. Errors: 22004 no name, 42602 a name that cannot be read, 42P01 no such view, 42809 not a materialized view, 42704 not managed, or dropped outside mvmanager, or no such version, 42501 not the owner.';

CREATE FUNCTION mv_history(
    name  text
) RETURNS TABLE (
    version      integer,
    label        text,
    hash         text,
    state        text,
    origin       text,
    author       text,
    created_at   timestamptz,
    promoted_at  timestamptz,
    rows         bigint,
    bytes        bigint,
    restorable   boolean,
    has_data     boolean
)
LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 20
AS 'MODULE_PATHNAME', 'mvm_history';
COMMENT ON FUNCTION mv_history(text) IS
'Every version of a managed view, newest first. name: the view, as regclass reads it. Returns the number of the version, its newest label, hash in the chain, state, origin (created, adopted, replaced, altered, external), author and created_at (who registered it and when), promoted_at (when it last became live), rows after its last recorded run and bytes where it has data, whether it is restorable (could be built again now), and whether it has data. For the owner and members of its role. Errors: 22004 no name, 42602 a name that cannot be read, 42P01 no such view, 42809 not a materialized view, 42704 not managed, or dropped outside mvmanager, 42501 not the owner.';

CREATE FUNCTION mv_dependents(
    name  text
) RETURNS TABLE (
    depth    integer,
    kind     text,
    object   text,
    columns  text[],
    blocks   text
)
LANGUAGE C STABLE PARALLEL UNSAFE ROWS 20
AS 'MODULE_PATHNAME', 'mvm_dependents';
COMMENT ON FUNCTION mv_dependents(text) IS
'What depends on a managed view, directly and through others. name: the view, as regclass reads it. Returns one row per object: depth (1: directly), kind and name of the object, the columns it uses of what it depends on, and what it blocks. For everybody. Errors: 22004 no name, 42602 a name that cannot be read, 42P01 no such view, 42809 not a materialized view, 42704 not managed, or dropped outside mvmanager.';

CREATE FUNCTION mv_verify(
    name  text DEFAULT NULL
) RETURNS TABLE (
    name        text,
    check_name  text,
    ok          boolean,
    detail      text
)
LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 20
AS 'MODULE_PATHNAME', 'mvm_verify';
COMMENT ON FUNCTION mv_verify(text) IS
'Checks that catalog and database agree; changes nothing. name: the view, as regclass reads it; NULL for every view the caller owns. Returns one row per check: name of the view, check_name, whether it is ok, and detail. guard: the triggers that keep definitions immutable, once a call. Then for each view: relation (it exists), definition (what is live is what was registered), restorable (it could be built again), indexes (present and valid), chain (no version was altered; the detail ends with the hash of its head, to be kept elsewhere), and only where there is one, leftover (what a refresh that was killed left in mvmanager_data). Errors: 42602 a name that cannot be read, 42P01 no such view, 42809 not a materialized view, 42704 not managed, 42501 not the owner.';

CREATE FUNCTION mv_refresh(
    name       text,
    strategy   text DEFAULT 'auto',
    predicate  text DEFAULT NULL,
    wait       boolean DEFAULT true
) RETURNS mvmanager.mv_refresh_result
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'mvm_refresh';
COMMENT ON FUNCTION mv_refresh(text, text, text, boolean) IS
'Brings the rows of a managed materialized view up to date, in the transaction of the caller. name: the view, as regclass reads it. strategy: auto (the default, also for NULL: compares as diff does, then writes the differences, or, where these are so many or the heap is so bloated that it is cheaper, a new heap that it swaps in); diff (compares each row of the query with the view, byte by byte, and writes only what differs: no index needed, no reader waits, nothing written where nothing changed); swap (fills a new heap with its indexes beside the view and exchanges the files in one short moment); partial (diff of the rows for which predicate is true); native (REFRESH MATERIALIZED VIEW: readers wait); concurrently (REFRESH MATERIALIZED VIEW CONCURRENTLY); incremental answers 0A000 in this release. A view without rows is filled by swap whatever was asked, native excepted. auto swaps a view that has rows only where its lock ends with this call: not in a transaction block or a function, nor beside another call in the statement. predicate: for partial, and only there: a condition on columns of the view with stable functions only, as it would follow WHERE, evaluated as the owner with search_path pg_catalog; who is not the owner may use leakproof built-in functions only. Rows outside of it are left alone, those excepted that share a unique key with a new row. wait: true (the default, also for NULL) waits for locks on the view; false never does: if another session has it, nothing is refreshed and the row says "skipped" and who has it. Returns one row: the strategy taken and why, counts (NULL where the strategy cannot know), duration, time blocked on locks, bytes of WAL. Under READ COMMITTED the rows are those of the moment the locks were granted; locks last to the end of the transaction. Settings: mvmanager.diff_memory, mvmanager.swap_lock_timeout, mvmanager.swap_timeout. For the owner, members of its role, and from PostgreSQL 17 on who has MAINTAIN. Errors: 22004 no name, 42602 a name that cannot be read, 42P01 no such view, 42809 not a materialized view, 42704 not managed, or dropped outside mvmanager, 42501 not allowed, 22023 unknown strategy, a predicate without partial or the reverse, 42601 and 0A000 and 42P17 a predicate that is no single expression, holds a subquery or is volatile, 55000 no usable unique index for concurrently, 0A000 strategy not available, 55006 used by a query of this session, 55P03 the lock of a swap was not to be had within mvmanager.swap_timeout, 40001 the view was refreshed after the snapshot of a REPEATABLE READ transaction, 23505 rows of the query violate a unique index of the view, 25006 standby or read-only transaction, and what the query of the view raises.';

CREATE FUNCTION mv_refresh_all(
    schemas  text[] DEFAULT NULL
) RETURNS SETOF mvmanager.mv_refresh_result
LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 20
AS 'MODULE_PATHNAME', 'mvm_refresh_all';
COMMENT ON FUNCTION mv_refresh_all(text[]) IS
'Refreshes managed materialized views in the order in which they read each other, also through plain views, each by strategy auto, which swaps no view that has rows here, since the locks last to the end of the transaction. schemas: names of schemas, for the views of these alone; NULL: every view the caller may refresh. Returns one row per view in that order. A view that fails keeps its rows, gives a row with strategy "failed" and message and SQLSTATE as reason, and is counted; what reads it gives a row with strategy "skipped"; the others go on, and a WARNING tells how many failed. Locks of all refreshed views last to the end of the transaction. Errors: 3F000 no such schema, 42501 a view of a named schema that the caller may not refresh, 42P19 views that read each other in a circle, 25006 standby or read-only transaction; a cancel (57014) ends the whole call, and so does a serialization failure (40001) under REPEATABLE READ and above.';

CREATE FUNCTION mv_schedule(
    name         text,
    schedule     text,
    time_zone    text DEFAULT NULL,
    jitter       interval DEFAULT NULL,
    time_window  text DEFAULT NULL,
    settings     jsonb DEFAULT NULL
) RETURNS mvmanager.mv_schedule_result
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'mvm_schedule';
COMMENT ON FUNCTION mv_schedule(text, text, text, interval, text, jsonb) IS
'Refreshes a managed materialized view by itself from the commit on, or changes when. name: the view, as regclass reads it. schedule: cron with five fields (''*/5 * * * *'') or six (seconds first), names, ranges, steps and lists, L for the last day of the month, @hourly and its kind; or an interval (''30 seconds'', ''10 minutes''). time_zone: in which cron texts are read; NULL keeps the one the schedule has, at first the configured TimeZone of the server or database. jitter, time_window, settings: not available in this release (0A000); leave them NULL. Returns one row, action "scheduled", or "unchanged" for the same call again. Without shared_preload_libraries the first call starts the launcher, which is gone after a restart of the server. In a restored or copied database schedules are inert until mv_resume(). For the owner and members of its role. Errors: 22023 a text that is no schedule (with the position) or never due, or an unknown time zone, 0A000 a kind that is not available, 22004 no name or schedule, 42602 a name that cannot be read, 42P01 no such view, 42809 not a materialized view, 42704 not managed, or dropped outside mvmanager, 42501 not the owner, 53400 no background worker slot is free, 25006 standby or read-only transaction.';

CREATE FUNCTION mv_schedule(
    names        text[],
    schedule     text,
    time_zone    text DEFAULT NULL,
    jitter       interval DEFAULT NULL,
    time_window  text DEFAULT NULL,
    settings     jsonb DEFAULT NULL
) RETURNS SETOF mvmanager.mv_schedule_result
LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 20
AS 'MODULE_PATHNAME', 'mvm_schedule_all';
COMMENT ON FUNCTION mv_schedule(text[], text, text, interval, text, jsonb) IS
'The same schedule for several managed materialized views, all or none. names: the views, each as regclass reads it. schedule, time_zone, jitter, time_window, settings: as for one view, with the same meaning of NULL. Returns one row per name, in order. Errors: those of mv_schedule for one view; any of them undoes the whole call.';

CREATE FUNCTION mv_unschedule(name text) RETURNS mvmanager.mv_change
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'mvm_unschedule';
COMMENT ON FUNCTION mv_unschedule(text) IS
'Removes the schedule of a managed materialized view; a run that has begun goes on. name: the view, as regclass reads it. Returns one row, action "unscheduled", or "unchanged" where it has none. For the owner and members of its role. Errors: 22004 no name, 42602 a name that cannot be read, 42P01 no such view, 42809 not a materialized view, 42704 not managed, or dropped outside mvmanager, 42501 not the owner, 25006 standby or read-only transaction.';

CREATE FUNCTION mv_pause(name text DEFAULT NULL) RETURNS SETOF mvmanager.mv_change
LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 1
AS 'MODULE_PATHNAME', 'mvm_pause';
COMMENT ON FUNCTION mv_pause(text) IS
'Stops schedules from starting runs; a run that has begun goes on, and mv_refresh and mv_refresh_async still work. name: the view, as regclass reads it; NULL: every schedule of this database. Returns one row, action "paused" or "unchanged". For the owner of the view and members of its role; without name for the owners of the database and of the extension. Errors: 42602 a name that cannot be read, 42P01 no such view, 42809 not a materialized view, 42704 not managed or without a schedule, 42501 not allowed, 25006 standby or read-only transaction.';

CREATE FUNCTION mv_resume(name text DEFAULT NULL) RETURNS SETOF mvmanager.mv_change
LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 1
AS 'MODULE_PATHNAME', 'mvm_resume';
COMMENT ON FUNCTION mv_resume(text) IS
'Ends a pause. name: the view, as regclass reads it: its suspension after failures or crashes ends too, and its counters start again; what was missed is made up by one run. With NULL it lets the schedules of this database run here (action armed), after a restore or a copy, and ends the pause of the whole database; views paused by name stay paused. Starts the launcher where there is none. Returns one row, action "resumed", "armed" or "unchanged". For the owner of the view and members of its role; without name for the owners of the database and of the extension. Errors: 42602 a name that cannot be read, 42P01 no such view, 42809 not a materialized view, 42704 not managed or without a schedule, 42501 not allowed, 53400 no background worker slot is free, 25006 standby or read-only transaction.';

CREATE FUNCTION mv_next_runs(
    schedule   text,
    time_zone  text DEFAULT NULL,
    count      integer DEFAULT 5,
    since      timestamptz DEFAULT now()
) RETURNS SETOF timestamptz
LANGUAGE C STABLE PARALLEL SAFE ROWS 5
AS 'MODULE_PATHNAME', 'mvm_next_runs';
COMMENT ON FUNCTION mv_next_runs(text, text, integer, timestamptz) IS
'When a schedule would be due. schedule: as for mv_schedule. time_zone: in which cron texts are read; NULL is the configured TimeZone of the server or database. count: how many due times, 0 to 10000; NULL is 5. since: the first one lies after it, and intervals are counted from it; NULL is now. Returns the due times, earliest first. Works on a standby too. Errors: 22004 no schedule, 22023 a text that is no schedule (with the position), an unknown time zone or an argument out of range, 0A000 a kind without due times.';

CREATE FUNCTION mv_refresh_async(
    name       text,
    strategy   text DEFAULT 'auto',
    predicate  text DEFAULT NULL
) RETURNS bigint
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'mvm_refresh_async';
COMMENT ON FUNCTION mv_refresh_async(text, text, text) IS
'Lets the worker refresh a managed materialized view once, after the commit. name: the view, as regclass reads it. strategy: auto (the default, also for NULL), native or concurrently, as for mv_refresh; with diff, swap, partial or incremental the run fails with 0A000 in this release. predicate: for strategy partial only; NULL: the whole view. Returns the id of the run, for CALL mv_wait(run => ...) and mvmanager.runs. A pause does not hold it back. In a restored or copied database it stays queued until mv_resume(). For the owner, members of its role, and from PostgreSQL 17 on who has MAINTAIN. Errors: 22004 no name, 42602 a name that cannot be read, 42P01 no such view, 42809 not a materialized view, 42704 not managed, or dropped outside mvmanager, 42501 not allowed, 22023 unknown strategy or a predicate that does not fit, 53400 no background worker slot is free, 25006 standby or read-only transaction.';

CREATE PROCEDURE mv_wait(
    name     text DEFAULT NULL,
    version  integer DEFAULT NULL,
    label    text DEFAULT NULL,
    run      bigint DEFAULT NULL,
    timeout  interval DEFAULT '30 min'
)
LANGUAGE C
AS 'MODULE_PATHNAME', 'mvm_wait';
COMMENT ON PROCEDURE mv_wait(text, integer, text, bigint, interval) IS
'Waits until runs have ended, without holding a snapshot or a lock. name: the view, as regclass reads it, for all its runs that are queued or running now; NULL where run is given. version, label: not available in this release (0A000); leave them NULL. run: id of one run, as mv_refresh_async returns it; NULL where name is given. timeout: how long to wait at most, 30 minutes unless told, never NULL. Must be called outside a transaction block. For who may refresh the view. Errors: that of a run that failed, with its SQLSTATE; 57014 a run that was cancelled, or the timeout; 55000 a run that was lost, crashed or skipped, or that nobody would execute; 2D000 inside a transaction block; 22023 neither a view nor a run, or both; 22004 no timeout; 42602 a name that cannot be read, 42P01 no such view, 42809 not a materialized view, 42704 not managed or no such run, 42501 not allowed.';

CREATE FUNCTION mvmanager.processes(
    OUT pid            integer,
    OUT kind           text,
    OUT database_oid   oid,
    OUT run_id         bigint,
    OUT since          timestamptz
) RETURNS SETOF record
LANGUAGE C VOLATILE PARALLEL RESTRICTED ROWS 4
AS 'MODULE_PATHNAME', 'mvm_processes';
COMMENT ON FUNCTION mvmanager.processes() IS
'The processes of mvmanager in this cluster: pid; kind (launcher, coordinator, worker); OID of the database; id of the run that a worker executes, NULL while it has none; since when it does what it does. Empty where the launcher is not running.';

CREATE FUNCTION mvmanager.launcher_pid() RETURNS integer
LANGUAGE C VOLATILE PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'mvm_launcher_pid';
COMMENT ON FUNCTION mvmanager.launcher_pid() IS
'Process id of the launcher; NULL where it is not running, so that nothing is executed in the background.';

CREATE FUNCTION mvmanager.is_served() RETURNS boolean
LANGUAGE C STABLE PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'mvm_is_served';
COMMENT ON FUNCTION mvmanager.is_served() IS
'Whether the settings let schedules of this database run: mvmanager.scheduler is on, and mvmanager.databases is empty or names it.';

-- The worker may hold locks that DROP EXTENSION waits for, for as long as a refresh takes: it makes way first.
CREATE FUNCTION mvmanager.before_drop() RETURNS event_trigger
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'mvm_before_drop';
COMMENT ON FUNCTION mvmanager.before_drop() IS
'Event trigger function: ends the processes of mvmanager in this database before a command drops the extension. Rolled back, they come again. Errors: 0A000 not called by an event trigger.';
REVOKE ALL ON FUNCTION mvmanager.before_drop() FROM PUBLIC;

CREATE EVENT TRIGGER mvmanager_before_drop ON ddl_command_start
    WHEN TAG IN ('DROP EXTENSION', 'DROP SCHEMA', 'DROP OWNED')
    EXECUTE FUNCTION mvmanager.before_drop();
COMMENT ON EVENT TRIGGER mvmanager_before_drop IS
'Ends the processes of mvmanager in this database before the extension is dropped.';

-- Signatures that are final; what they do comes with a later release. Until then they answer 0A000 and say what to call.

CREATE FUNCTION mv_replace(
    name            text,
    definition      text,
    indexes         text[] DEFAULT NULL,
    label           text DEFAULT NULL,
    build           text DEFAULT 'auto',
    promote         text DEFAULT 'auto',
    dependents      text DEFAULT 'keep',
    rename_columns  jsonb DEFAULT NULL,
    validate        text DEFAULT NULL,
    comment         text DEFAULT NULL,
    options         jsonb DEFAULT NULL,
    drop_indexes    boolean DEFAULT false
) RETURNS mvmanager.mv_change
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'mvm_not_available';
COMMENT ON FUNCTION mv_replace(text, text, text[], text, text, text, text, jsonb, text, text, jsonb, boolean) IS
'Replaces the definition of a managed view. name: the view. definition, indexes, label, build, promote, dependents, rename_columns, validate, comment, options, drop_indexes: as for mv_apply. Not available in this release: raises 0A000 with a hint what to call instead.';

CREATE FUNCTION mv_apply_all(
    specs     jsonb,
    together  boolean DEFAULT false
) RETURNS SETOF mvmanager.mv_change
LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 20
AS 'MODULE_PATHNAME', 'mvm_not_available';
COMMENT ON FUNCTION mv_apply_all(jsonb, boolean) IS
'Applies many definitions, those that are read first. specs: a JSON array, one object of mv_apply''s arguments per view. together: true to let all become live at one moment. Not available in this release: raises 0A000 with a hint what to call instead.';

CREATE FUNCTION mv_promote(
    name     text,
    version  integer DEFAULT NULL,
    label    text DEFAULT NULL
) RETURNS mvmanager.mv_change
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'mvm_not_available';
COMMENT ON FUNCTION mv_promote(text, integer, text) IS
'Makes a staged version live. name: the view. version: its number; label: its label; NULL both for the newest one that is ready. Not available in this release: raises 0A000 with a hint what to call instead.';

CREATE FUNCTION mv_rollback(
    name        text,
    to_version  integer DEFAULT NULL,
    to_label    text DEFAULT NULL,
    undo_label  text DEFAULT NULL,
    data        text DEFAULT 'archived'
) RETURNS mvmanager.mv_change
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'mvm_not_available';
COMMENT ON FUNCTION mv_rollback(text, integer, text, text, text) IS
'Makes an earlier version live again. name: the view. to_version: its number; to_label: its label; undo_label: the label whose change is to be undone; NULL all three for the version that was live before. data: archived for kept rows, rebuild for new ones. Not available in this release: raises 0A000 with a hint what to call instead.';

CREATE FUNCTION mv_cancel(
    name     text,
    version  integer
) RETURNS mvmanager.mv_change
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'mvm_not_available';
COMMENT ON FUNCTION mv_cancel(text, integer) IS
'Cancels a staged version. name: the view. version: its number. Not available in this release: raises 0A000 with a hint what to call instead.';

CREATE FUNCTION mv_prune(
    name        text DEFAULT NULL,
    keep        integer DEFAULT NULL,
    older_than  interval DEFAULT NULL
) RETURNS SETOF mvmanager.mv_change
LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 20
AS 'MODULE_PATHNAME', 'mvm_not_available';
COMMENT ON FUNCTION mv_prune(text, integer, interval) IS
'Drops the kept rows of earlier versions. name: the view; NULL for all. keep: how many versions keep their rows. older_than: only rows kept for longer than this. Not available in this release: raises 0A000 with a hint what to call instead.';

CREATE FUNCTION mv_cancel_run(
    run  bigint
) RETURNS boolean
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'mvm_not_available';
COMMENT ON FUNCTION mv_cancel_run(bigint) IS
'Cancels a queued or running run. run: its id in mvmanager.runs. Not available in this release: raises 0A000 with a hint what to call instead.';

CREATE FUNCTION mv_plan(
    name        text,
    definition  text DEFAULT NULL,
    indexes     text[] DEFAULT NULL,
    to_version  integer DEFAULT NULL
) RETURNS TABLE (
    step            integer,
    action          text,
    object          text,
    sql             text,
    lock_mode       text,
    blocks_readers  boolean,
    hazard          text
)
LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 20
AS 'MODULE_PATHNAME', 'mvm_not_available';
COMMENT ON FUNCTION mv_plan(text, text, text[], integer) IS
'Shows the steps, locks and hazards of a change before it happens. name: the view. definition, indexes: as for mv_apply; to_version: the earlier version to return to. Not available in this release: raises 0A000 with a hint what to call instead.';

CREATE FUNCTION mv_diff(
    name          text,
    from_version  integer,
    to_version    integer DEFAULT NULL
) RETURNS TABLE (
    kind    text,
    item    text,
    before  text,
    after   text
)
LANGUAGE C STABLE PARALLEL UNSAFE ROWS 20
AS 'MODULE_PATHNAME', 'mvm_not_available';
COMMENT ON FUNCTION mv_diff(text, integer, integer) IS
'Compares two versions. name: the view. from_version, to_version: their numbers; NULL as the second for the live one. Not available in this release: raises 0A000 with a hint what to call instead.';

CREATE FUNCTION mv_lint(
    sql  text
) RETURNS TABLE (
    line      integer,
    rule      text,
    severity  text,
    object    text,
    message   text,
    hint      text
)
LANGUAGE C STABLE PARALLEL UNSAFE ROWS 20
AS 'MODULE_PATHNAME', 'mvm_not_available';
COMMENT ON FUNCTION mv_lint(text) IS
'Finds hazards in a migration. sql: its statements. Not available in this release: raises 0A000 with a hint what to call instead.';

CREATE FUNCTION mv_export(
    name          text DEFAULT NULL,
    format        text DEFAULT 'sql',
    from_version  integer DEFAULT NULL,
    to_version    integer DEFAULT NULL
) RETURNS text
LANGUAGE C STABLE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'mvm_not_available';
COMMENT ON FUNCTION mv_export(text, text, integer, integer) IS
'Writes a view or a change of it as a migration script. name: the view; NULL for all. format: sql, plain, alembic, django, rails, knex, flyway or sqitch. from_version, to_version: numbers of the versions between which the script goes. Not available in this release: raises 0A000 with a hint what to call instead.';

CREATE FUNCTION mv_graph(
    format  text DEFAULT 'mermaid'
) RETURNS text
LANGUAGE C STABLE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'mvm_not_available';
COMMENT ON FUNCTION mv_graph(text) IS
'Draws which view reads which. format: mermaid. Not available in this release: raises 0A000 with a hint what to call instead.';

CREATE FUNCTION mv_report(
    since  timestamptz DEFAULT NULL,
    until  timestamptz DEFAULT NULL
) RETURNS text
LANGUAGE C STABLE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'mvm_not_available';
COMMENT ON FUNCTION mv_report(timestamptz, timestamptz) IS
'Reports what changed and ran between two times. since, until: these times; NULL for no bound. Not available in this release: raises 0A000 with a hint what to call instead.';

-- What a person reads. The views belong to the extension's owner and are security barriers: a row is shown only to
-- whoever may see the materialized view it is about, and what could quote its data only to members of its owner.

CREATE FUNCTION mvmanager.due_times(
    schedule       text,
    time_zone      text,
    since          timestamptz,
    OUT due_at     timestamptz,
    OUT due_again  timestamptz
) RETURNS record
LANGUAGE C STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'mvm_due_times';
COMMENT ON FUNCTION mvmanager.due_times(text, text, timestamptz) IS
'The next two times at which a schedule is due. schedule: its text. time_zone: in which it is read. since: due_at is the first time after it, due_again the one after that. NULLs where an argument is NULL, where the text or the zone cannot be read by this server, or where the clock alone does not say. Raises nothing.';

CREATE FUNCTION mvmanager.relation_bytes(
    relation  regclass
) RETURNS bigint
LANGUAGE C VOLATILE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'mvm_relation_bytes';
COMMENT ON FUNCTION mvmanager.relation_bytes(regclass) IS
'Bytes of a relation with its indexes and TOAST table, as pg_total_relation_size, without ever waiting. relation: its OID. Returns NULL while another session has it locked exclusively or waits to, and where it does not exist.';

CREATE VIEW mvmanager.scheduler WITH (security_barrier) AS
SELECT b.datname::text AS database,
       coalesce(o.database_oid = b.oid, false) AS is_armed,
       coalesce(o.paused, false) AS is_paused,
       mvmanager.is_served() AS is_served,
       (SELECT min(l.pid)
          FROM pg_catalog.pg_locks l
         WHERE l.locktype = 'advisory' AND l.objsubid = 27907 AND l.database = 0 AND l.granted) AS launcher_pid,
       pg_catalog.pg_is_in_recovery() AS is_standby
  FROM pg_catalog.pg_database b
  LEFT JOIN mvmanager.local o ON true
 WHERE b.datname = current_database();
COMMENT ON VIEW mvmanager.scheduler IS 'One row: whether schedules of this database are run, and if not, why not.';
COMMENT ON COLUMN mvmanager.scheduler.database IS 'This database.';
COMMENT ON COLUMN mvmanager.scheduler.is_armed IS 'Whether it runs its schedules. False in a restored dump and in a copy of a database until mv_resume().';
COMMENT ON COLUMN mvmanager.scheduler.is_paused IS 'Whether mv_pause() without a name stopped all of them.';
COMMENT ON COLUMN mvmanager.scheduler.is_served IS 'Whether the settings let it: mvmanager.scheduler is on, and mvmanager.databases is empty or names this database.';
COMMENT ON COLUMN mvmanager.scheduler.launcher_pid IS 'The process of this server that starts what is due, in any database; NULL where none runs.';
COMMENT ON COLUMN mvmanager.scheduler.is_standby IS 'Whether this server is a standby, where nothing is run.';

CREATE VIEW mvmanager.visible WITH (security_barrier) AS
SELECT m.id,
       m.schema_name,
       m.view_name,
       m.ended_at,
       m.ended_how,
       m.relation,
       m.is_populated,
       m.owner_name,
       m.is_owner
  FROM (SELECT v.id, v.schema_name, v.view_name, v.ended_at, v.ended_how,
               c.oid AS relation, c.relispopulated AS is_populated, c.relacl,
               CASE WHEN c.oid IS NOT NULL THEN pg_catalog.pg_get_userbyid(c.relowner)::text
                    ELSE (SELECT d.owner_name FROM mvmanager.version d WHERE d.view_id = v.id
                           ORDER BY d.number DESC LIMIT 1) END AS owner_name,
               CASE WHEN c.oid IS NOT NULL THEN pg_catalog.pg_has_role(c.relowner, 'USAGE')
                    ELSE coalesce((SELECT pg_catalog.pg_has_role(r.oid, 'USAGE')
                                     FROM mvmanager.version d
                                     LEFT JOIN pg_catalog.pg_roles r ON r.rolname = d.owner_name::name
                                    WHERE d.view_id = v.id
                                    ORDER BY d.number DESC LIMIT 1),
                                  (SELECT u.rolsuper FROM pg_catalog.pg_roles u WHERE u.rolname = current_user)) END AS is_owner
          FROM mvmanager.view v
          LEFT JOIN (pg_catalog.pg_namespace n JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relkind = 'm')
            ON n.nspname = v.schema_name::name AND c.relname = v.view_name::name AND v.ended_at IS NULL) m
 WHERE m.is_owner
    OR (SELECT pg_catalog.pg_has_role('pg_read_all_stats', 'USAGE'))
    OR pg_catalog.has_table_privilege(m.relation, 'SELECT')
    OR pg_catalog.has_any_column_privilege(m.relation, 'SELECT')
    OR EXISTS (SELECT FROM pg_catalog.aclexplode(m.relacl) a
                WHERE a.grantee = 0 OR pg_catalog.pg_has_role(a.grantee, 'USAGE'));
COMMENT ON VIEW mvmanager.visible IS
'The managed views, ended ones too, that the current user may see: by any privilege on the materialized view, by membership in the role that owns it (that last owned it, where it is gone or no longer managed), or by membership in pg_read_all_stats. What the other views are built on.';
COMMENT ON COLUMN mvmanager.visible.id IS 'Identity of the managed view.';
COMMENT ON COLUMN mvmanager.visible.schema_name IS 'Schema of the view.';
COMMENT ON COLUMN mvmanager.visible.view_name IS 'Name of the view.';
COMMENT ON COLUMN mvmanager.visible.ended_at IS 'When the view was dropped or released; NULL while it is managed.';
COMMENT ON COLUMN mvmanager.visible.ended_how IS 'dropped or released.';
COMMENT ON COLUMN mvmanager.visible.relation IS 'OID of the materialized view; NULL where it is no longer managed, or is gone.';
COMMENT ON COLUMN mvmanager.visible.is_populated IS 'Whether the materialized view can be queried.';
COMMENT ON COLUMN mvmanager.visible.owner_name IS 'Owner of the materialized view; where it is gone or no longer managed, the last one recorded.';
COMMENT ON COLUMN mvmanager.visible.is_owner IS 'Whether the current user is a member of the owner.';

CREATE VIEW mvmanager.status WITH (security_barrier) AS
SELECT m.schema_name AS schema,
       m.view_name AS view,
       v.live_version,
       m.is_populated AS populated,
       v.last_refresh_at,
       CASE WHEN v.last_refresh_at IS NOT NULL
            THEN greatest(extract(epoch FROM now() - v.last_refresh_at), 0)::bigint END AS age_seconds,
       extract(epoch FROM d.due_again - d.due_at)::bigint AS expected_interval_seconds,
       CASE WHEN s.suspended = 'invalid' THEN true
            ELSE d.due_at + coalesce(s.jitter, '0') + greatest(2 * (done.finished_at - done.started_at), '1 minute') < now()
       END AS is_late,
       done.strategy_used AS last_strategy,
       round(extract(epoch FROM done.finished_at - done.started_at) * 1000)::bigint AS last_duration_ms,
       done.rows_total AS last_rows,
       newest.state AS last_state,
       CASE WHEN m.is_owner AND newest.state <> 'succeeded' THEN concat_ws(': ', newest.sqlstate, newest.message) END AS last_error,
       v.refreshes_total,
       v.failures_total,
       v.skipped_total,
       busy.pid AS running_pid,
       mvmanager.relation_bytes(m.relation::regclass) AS size_bytes,
       kept.versions::integer AS versions_kept,
       CASE WHEN here.is_armed AND here.is_served AND NOT here.is_paused AND here.launcher_pid IS NOT NULL
             AND NOT s.paused AND s.suspended IS NULL
            THEN s.next_due END AS next_run_at,
       here.is_armed
  FROM mvmanager.visible m
  JOIN mvmanager.view v ON v.id = m.id
  LEFT JOIN mvmanager.schedule s ON s.view_id = m.id
  LEFT JOIN LATERAL mvmanager.due_times(s.schedule, s.time_zone, greatest(v.last_refresh_at, s.changed_at)) d ON true
  LEFT JOIN LATERAL (SELECT r.strategy_used, r.started_at, r.finished_at, r.rows_total
                       FROM mvmanager.run r
                      WHERE r.view_id = m.id AND r.state = 'succeeded'
                      ORDER BY r.id DESC LIMIT 1) done ON true
  LEFT JOIN LATERAL (SELECT r.state, r.sqlstate, r.message
                       FROM mvmanager.run r
                      WHERE r.view_id = m.id AND r.state NOT IN ('queued', 'running')
                      ORDER BY r.id DESC LIMIT 1) newest ON true
  LEFT JOIN LATERAL (SELECT count(*) AS versions
                       FROM mvmanager.version_state t
                      WHERE t.view_id = m.id AND t.state IN ('ready', 'live', 'archived')) kept ON true
  LEFT JOIN (SELECT (l.classid::bigint << 32) + l.objid::bigint AS view_id, min(l.pid) AS pid
               FROM pg_catalog.pg_locks l
              WHERE l.locktype = 'advisory' AND l.objsubid = 27905 AND l.granted
                AND l.database = (SELECT b.oid FROM pg_catalog.pg_database b WHERE b.datname = current_database())
              GROUP BY 1) busy ON busy.view_id = m.id
 CROSS JOIN mvmanager.scheduler here
 WHERE m.ended_at IS NULL
 ORDER BY m.schema_name, m.view_name;
COMMENT ON VIEW mvmanager.status IS
'One row per managed view, for people and for every exporter: how fresh it is, how its last run went, what it costs and when it is due. Never waits for a lock, and works on a standby.';
COMMENT ON COLUMN mvmanager.status.schema IS 'Schema of the view.';
COMMENT ON COLUMN mvmanager.status.view IS 'Name of the view.';
COMMENT ON COLUMN mvmanager.status.live_version IS 'Number of the version whose definition it shows.';
COMMENT ON COLUMN mvmanager.status.populated IS 'Whether it can be queried. NULL where the materialized view was dropped behind mvmanager''s back.';
COMMENT ON COLUMN mvmanager.status.last_refresh_at IS 'Its rows are those of this moment: when the last committed refresh began. NULL before the first.';
COMMENT ON COLUMN mvmanager.status.age_seconds IS 'Seconds since then.';
COMMENT ON COLUMN mvmanager.status.expected_interval_seconds IS 'Seconds between the two times at which its schedule is due after the last refresh. NULL without a schedule that follows the clock.';
COMMENT ON COLUMN mvmanager.status.is_late IS 'True where a refresh was due and none that began since has succeeded, a minute (or twice the last duration, if that is longer) after the due time; also where it is paused, suspended or not armed. NULL without a schedule that follows the clock.';
COMMENT ON COLUMN mvmanager.status.last_strategy IS 'Strategy of the last refresh that succeeded.';
COMMENT ON COLUMN mvmanager.status.last_duration_ms IS 'Milliseconds it took, waiting for locks included.';
COMMENT ON COLUMN mvmanager.status.last_rows IS 'Rows of the view after it; NULL where the strategy cannot know.';
COMMENT ON COLUMN mvmanager.status.last_state IS 'State of the newest finished run: succeeded, failed, skipped, cancelled, crashed or lost.';
COMMENT ON COLUMN mvmanager.status.last_error IS 'SQLSTATE and message of that run where it did not succeed. Shown to members of the owner.';
COMMENT ON COLUMN mvmanager.status.refreshes_total IS 'Refreshes that succeeded since the view is managed.';
COMMENT ON COLUMN mvmanager.status.failures_total IS 'Refreshes by the worker that failed or crashed since then, and views that failed in a committed mv_refresh_all.';
COMMENT ON COLUMN mvmanager.status.skipped_total IS 'Runs that were due but skipped since then, and views that mv_refresh_all skipped because one they read failed.';
COMMENT ON COLUMN mvmanager.status.running_pid IS 'Process that refreshes or replaces it now, a worker or a session; NULL where none does on this server.';
COMMENT ON COLUMN mvmanager.status.size_bytes IS 'Bytes of the view with its indexes and TOAST table. NULL while it is locked exclusively.';
COMMENT ON COLUMN mvmanager.status.versions_kept IS 'Versions whose rows exist: the live one, archived ones, and one that is ready to be promoted.';
COMMENT ON COLUMN mvmanager.status.next_run_at IS 'When the schedule starts it next. NULL where nothing will: no schedule, paused, suspended, not armed, no launcher running, a standby.';
COMMENT ON COLUMN mvmanager.status.is_armed IS 'Whether this database runs its schedules. False in a restored dump and in a copy of the database until mv_resume().';

CREATE VIEW mvmanager.versions WITH (security_barrier) AS
SELECT m.schema_name AS schema,
       m.view_name AS view,
       d.number AS version,
       t.state,
       d.number = v.live_version AND m.ended_at IS NULL AS is_live,
       d.origin,
       j.labels,
       d.owner_name AS owner,
       d.author,
       d.created_at,
       t.built_at,
       t.rows,
       t.bytes,
       t.relation_schema || '.' || t.relation_name AS data_in,
       CASE WHEN m.is_owner THEN t.error END AS error,
       d.comment,
       d.columns,
       CASE WHEN m.is_owner THEN d.indexes END AS indexes,
       d.options,
       CASE WHEN m.is_owner THEN d.definition END AS definition,
       CASE WHEN m.is_owner THEN d.canonical END AS canonical,
       d.chain_hash,
       m.ended_at,
       m.id AS view_id
  FROM mvmanager.visible m
  JOIN mvmanager.view v ON v.id = m.id
  JOIN mvmanager.version d ON d.view_id = m.id
  LEFT JOIN mvmanager.version_state t ON t.view_id = d.view_id AND t.number = d.number
  LEFT JOIN LATERAL (SELECT array_agg(c.label ORDER BY c.id) AS labels
                       FROM mvmanager.change c
                      WHERE c.view_id = d.view_id AND c.to_version = d.number AND c.label IS NOT NULL) j ON true
 ORDER BY m.schema_name, m.view_name, m.id, d.number;
COMMENT ON VIEW mvmanager.versions IS
'Every definition every managed view ever had, those of dropped and released views too. Definitions are shown to members of the owner.';
COMMENT ON COLUMN mvmanager.versions.schema IS 'Schema of the view.';
COMMENT ON COLUMN mvmanager.versions.view IS 'Name of the view.';
COMMENT ON COLUMN mvmanager.versions.version IS 'Number of the version, counted from 1 for each view.';
COMMENT ON COLUMN mvmanager.versions.state IS 'queued, building, ready, live, archived, pruned, skipped, failed or cancelled.';
COMMENT ON COLUMN mvmanager.versions.is_live IS 'Whether the view shows this version now.';
COMMENT ON COLUMN mvmanager.versions.origin IS 'How it came: created, adopted, replaced, altered, or external (changed without mvmanager).';
COMMENT ON COLUMN mvmanager.versions.labels IS 'Labels of the calls that led to it, oldest first.';
COMMENT ON COLUMN mvmanager.versions.owner IS 'Owner of the view when the version was registered.';
COMMENT ON COLUMN mvmanager.versions.author IS 'Session user who registered it.';
COMMENT ON COLUMN mvmanager.versions.created_at IS 'When it was registered.';
COMMENT ON COLUMN mvmanager.versions.built_at IS 'When its rows were first there.';
COMMENT ON COLUMN mvmanager.versions.rows IS 'Rows it had then.';
COMMENT ON COLUMN mvmanager.versions.bytes IS 'Bytes it had then.';
COMMENT ON COLUMN mvmanager.versions.data_in IS 'Relation that holds the rows of a staged or archived version.';
COMMENT ON COLUMN mvmanager.versions.error IS 'Why its build failed. Shown to members of the owner.';
COMMENT ON COLUMN mvmanager.versions.comment IS 'Comment on the view that came with it.';
COMMENT ON COLUMN mvmanager.versions.columns IS 'Its columns, as an array of {"name", "type", "collation"}.';
COMMENT ON COLUMN mvmanager.versions.indexes IS 'Its indexes, as an array of {"name", "written", "canonical"}. Shown to members of the owner.';
COMMENT ON COLUMN mvmanager.versions.options IS 'Its storage options, tablespace and access method, where they are not the default.';
COMMENT ON COLUMN mvmanager.versions.definition IS 'The query as its author wrote it. Shown to members of the owner.';
COMMENT ON COLUMN mvmanager.versions.canonical IS 'The query with every name qualified. Shown to members of the owner.';
COMMENT ON COLUMN mvmanager.versions.chain_hash IS 'SHA-256 over this version and the chain hash of the one before: keep the newest elsewhere to notice any edit of the history.';
COMMENT ON COLUMN mvmanager.versions.ended_at IS 'When the view was dropped or released; NULL while it is managed.';
COMMENT ON COLUMN mvmanager.versions.view_id IS 'Identity of the view; the same name created again is another one.';

CREATE VIEW mvmanager.runs WITH (security_barrier) AS
SELECT r.id AS run_id,
       m.schema_name AS schema,
       m.view_name AS view,
       r.version,
       r.kind,
       r.reason,
       r.state,
       coalesce(r.strategy_used, r.strategy) AS strategy,
       r.scheduled_for,
       r.started_at,
       r.finished_at,
       r.finished_at - r.started_at AS duration,
       r.blocked,
       r.rows_inserted,
       r.rows_updated,
       r.rows_deleted,
       r.rows_total,
       r.wal_bytes,
       r.strategy_reason,
       r.sqlstate,
       CASE WHEN m.is_owner THEN r.message END AS message,
       r.strategy AS strategy_asked,
       CASE WHEN m.is_owner THEN r.predicate END AS predicate,
       r.attempt,
       r.requested_by,
       r.queued_at,
       r.pid,
       m.id AS view_id
  FROM mvmanager.run r
  JOIN mvmanager.visible m ON m.id = r.view_id
 ORDER BY r.id DESC;
COMMENT ON VIEW mvmanager.runs IS
'Every execution of a refresh or a build, newest first: queued, running and finished, those of dropped and released views too. Finished ones are kept for mvmanager.keep_runs days. A manual call that failed is not here: its caller has the error.';
COMMENT ON COLUMN mvmanager.runs.run_id IS 'What mv_refresh_async returned, and mv_wait and mv_cancel_run take.';
COMMENT ON COLUMN mvmanager.runs.schema IS 'Schema of the view.';
COMMENT ON COLUMN mvmanager.runs.view IS 'Name of the view.';
COMMENT ON COLUMN mvmanager.runs.version IS 'Version of the view that was refreshed or built.';
COMMENT ON COLUMN mvmanager.runs.kind IS 'refresh or build.';
COMMENT ON COLUMN mvmanager.runs.reason IS 'Why it ran: manual, schedule, async, retry or external.';
COMMENT ON COLUMN mvmanager.runs.state IS 'queued, running, succeeded, failed, skipped, cancelled, crashed (its process or the server died) or lost (it ran on a server that is no longer this one).';
COMMENT ON COLUMN mvmanager.runs.strategy IS 'Strategy that was taken; while none is chosen yet, the one asked for.';
COMMENT ON COLUMN mvmanager.runs.scheduled_for IS 'Due time that a scheduled run answers.';
COMMENT ON COLUMN mvmanager.runs.started_at IS 'When the work began.';
COMMENT ON COLUMN mvmanager.runs.finished_at IS 'When it ended.';
COMMENT ON COLUMN mvmanager.runs.duration IS 'How long it took, waiting for locks included.';
COMMENT ON COLUMN mvmanager.runs.blocked IS 'How much of that it waited for locks.';
COMMENT ON COLUMN mvmanager.runs.rows_inserted IS 'Rows inserted; NULL where the strategy cannot know.';
COMMENT ON COLUMN mvmanager.runs.rows_updated IS 'Rows updated; NULL where the strategy cannot know.';
COMMENT ON COLUMN mvmanager.runs.rows_deleted IS 'Rows deleted; NULL where the strategy cannot know.';
COMMENT ON COLUMN mvmanager.runs.rows_total IS 'Rows of the view afterwards; NULL where the strategy cannot know.';
COMMENT ON COLUMN mvmanager.runs.wal_bytes IS 'Bytes of WAL written.';
COMMENT ON COLUMN mvmanager.runs.strategy_reason IS 'Why the strategy was taken, as a sentence.';
COMMENT ON COLUMN mvmanager.runs.sqlstate IS 'SQLSTATE of the error that ended it.';
COMMENT ON COLUMN mvmanager.runs.message IS 'Message of that error. Shown to members of the owner.';
COMMENT ON COLUMN mvmanager.runs.strategy_asked IS 'Strategy that was asked for.';
COMMENT ON COLUMN mvmanager.runs.predicate IS 'Predicate of a partial refresh. Shown to members of the owner.';
COMMENT ON COLUMN mvmanager.runs.attempt IS 'Which attempt it was, counted from 1.';
COMMENT ON COLUMN mvmanager.runs.requested_by IS 'Session user who asked for it, or who made the schedule.';
COMMENT ON COLUMN mvmanager.runs.queued_at IS 'When it was asked for.';
COMMENT ON COLUMN mvmanager.runs.pid IS 'Process that ran it.';
COMMENT ON COLUMN mvmanager.runs.view_id IS 'Identity of the view; the same name created again is another one.';

CREATE VIEW mvmanager.schedules WITH (security_barrier) AS
SELECT m.schema_name AS schema,
       m.view_name AS view,
       s.schedule,
       s.time_zone,
       CASE WHEN NOT here.is_armed THEN 'not armed'
            WHEN s.suspended IS NOT NULL THEN 'suspended'
            WHEN s.paused OR here.is_paused THEN 'paused'
            WHEN here.is_standby THEN 'standby'
            WHEN NOT here.is_served THEN 'off'
            WHEN here.launcher_pid IS NULL THEN 'no launcher'
            ELSE 'active' END AS state,
       CASE WHEN NOT here.is_armed THEN 'this database is a copy: SELECT mv_resume() arms it'
            WHEN s.suspended = 'failures' THEN concat(s.consecutive_failures, ' failures in a row')
            WHEN s.suspended = 'crashes' THEN concat(s.consecutive_crashes, ' crashes in a row')
            WHEN s.suspended IS NOT NULL THEN 'the schedule cannot be read here'
            WHEN s.paused THEN 'by mv_pause() of this view'
            WHEN here.is_paused THEN 'by mv_pause() of all views'
            WHEN here.is_standby THEN 'nothing is run on a standby; a promotion starts it'
            WHEN NOT here.is_served THEN 'mvmanager.scheduler is off, or mvmanager.databases leaves this database out'
            WHEN here.launcher_pid IS NULL THEN 'the next mv_schedule() or mv_resume() starts it; shared_preload_libraries keeps it' END AS why,
       s.next_due AS due_at,
       s.jitter,
       s.time_window,
       s.settings,
       s.consecutive_failures,
       s.consecutive_crashes,
       CASE WHEN m.is_owner THEN s.suspended_reason END AS suspended_reason,
       s.created_at,
       s.changed_at,
       m.id AS view_id
  FROM mvmanager.schedule s
  JOIN mvmanager.visible m ON m.id = s.view_id
 CROSS JOIN mvmanager.scheduler here
 ORDER BY m.schema_name, m.view_name;
COMMENT ON VIEW mvmanager.schedules IS 'When each managed view is due, and whether anything keeps it from being run.';
COMMENT ON COLUMN mvmanager.schedules.schema IS 'Schema of the view.';
COMMENT ON COLUMN mvmanager.schedules.view IS 'Name of the view.';
COMMENT ON COLUMN mvmanager.schedules.schedule IS 'The schedule as written.';
COMMENT ON COLUMN mvmanager.schedules.time_zone IS 'Time zone in which it is read.';
COMMENT ON COLUMN mvmanager.schedules.state IS 'active, or what keeps it from being run: not armed, suspended, paused, standby, off, no launcher.';
COMMENT ON COLUMN mvmanager.schedules.why IS 'The reason for a state other than active.';
COMMENT ON COLUMN mvmanager.schedules.due_at IS 'When the next run is due, whether or not anything keeps it from being run.';
COMMENT ON COLUMN mvmanager.schedules.jitter IS 'Up to this much later each run starts, always as much for this view.';
COMMENT ON COLUMN mvmanager.schedules.time_window IS 'Times of the week in which runs may start.';
COMMENT ON COLUMN mvmanager.schedules.settings IS 'Settings that its runs use.';
COMMENT ON COLUMN mvmanager.schedules.consecutive_failures IS 'Runs that failed since the last one that succeeded.';
COMMENT ON COLUMN mvmanager.schedules.consecutive_crashes IS 'Runs that crashed since the last one that did not.';
COMMENT ON COLUMN mvmanager.schedules.suspended_reason IS 'The last error of a suspended schedule. Shown to members of the owner.';
COMMENT ON COLUMN mvmanager.schedules.created_at IS 'When the view was first scheduled.';
COMMENT ON COLUMN mvmanager.schedules.changed_at IS 'When the schedule was last changed.';
COMMENT ON COLUMN mvmanager.schedules.view_id IS 'Identity of the view.';

GRANT SELECT ON mvmanager.status, mvmanager.versions, mvmanager.runs, mvmanager.schedules, mvmanager.scheduler TO PUBLIC;

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

-- What is written once stays: for everyone, in every session_replication_role.
CREATE FUNCTION mvmanager.refuse_change() RETURNS trigger
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'mvm_refuse_change';
COMMENT ON FUNCTION mvmanager.refuse_change() IS
'Trigger function of mvmanager.version and mvmanager.change: raises 55000 for UPDATE, DELETE and TRUNCATE.';

CREATE TRIGGER version_rows BEFORE UPDATE OR DELETE ON mvmanager.version
    FOR EACH ROW EXECUTE FUNCTION mvmanager.refuse_change();
COMMENT ON TRIGGER version_rows ON mvmanager.version IS 'Definitions are immutable.';
ALTER TABLE mvmanager.version ENABLE ALWAYS TRIGGER version_rows;
CREATE TRIGGER version_table BEFORE TRUNCATE ON mvmanager.version
    FOR EACH STATEMENT EXECUTE FUNCTION mvmanager.refuse_change();
COMMENT ON TRIGGER version_table ON mvmanager.version IS 'Definitions are immutable.';
ALTER TABLE mvmanager.version ENABLE ALWAYS TRIGGER version_table;

CREATE TRIGGER change_rows BEFORE UPDATE OR DELETE ON mvmanager.change
    FOR EACH ROW EXECUTE FUNCTION mvmanager.refuse_change();
COMMENT ON TRIGGER change_rows ON mvmanager.change IS 'The journal is append-only.';
ALTER TABLE mvmanager.change ENABLE ALWAYS TRIGGER change_rows;
CREATE TRIGGER change_table BEFORE TRUNCATE ON mvmanager.change
    FOR EACH STATEMENT EXECUTE FUNCTION mvmanager.refuse_change();
COMMENT ON TRIGGER change_table ON mvmanager.change IS 'The journal is append-only.';
ALTER TABLE mvmanager.change ENABLE ALWAYS TRIGGER change_table;

-- Default privileges of the installing role may have granted more than nothing.
REVOKE ALL ON TABLE mvmanager.view, mvmanager.version, mvmanager.version_state, mvmanager.change, mvmanager.schedule,
    mvmanager.run, mvmanager.local FROM PUBLIC;
REVOKE ALL ON SEQUENCE mvmanager.view_id_seq, mvmanager.change_id_seq, mvmanager.run_id_seq FROM PUBLIC;
REVOKE ALL ON FUNCTION mvmanager.refuse_change() FROM PUBLIC;
