-- From 0.1.0 to 0.2.0: versions are replaced, made live, rolled back; the guard. What an installation of 0.2.0 has is the same.
\echo Use "ALTER EXTENSION mvmanager UPDATE" to load this file. \quit

ALTER TABLE mvmanager.version_state
    ADD COLUMN fresh_at timestamptz,
    ADD COLUMN promote text NOT NULL DEFAULT 'auto' CHECK (promote IN ('auto', 'manual')),
    ADD COLUMN dependents text NOT NULL DEFAULT 'keep' CHECK (dependents IN ('keep', 'recreate')),
    ADD COLUMN rename_columns jsonb NOT NULL DEFAULT '{}',
    ADD COLUMN validate text,
    ADD COLUMN family bigint;

CREATE INDEX version_state_relation_key ON mvmanager.version_state (view_id) WHERE relation_name IS NOT NULL;

CREATE INDEX version_state_open_key ON mvmanager.version_state (view_id) WHERE state IN ('queued', 'building', 'ready');

COMMENT ON COLUMN mvmanager.version_state.relation_name IS 'Where the rows of a staged or archived version are; NULL where there are none. For the live version, for a moment, where its rows are about to be archived.';

COMMENT ON COLUMN mvmanager.version_state.fresh_at IS 'Everything committed before that time is in its rows.';

COMMENT ON COLUMN mvmanager.version_state.promote IS 'auto: it becomes live as soon as it is built; manual: mv_promote does it.';

COMMENT ON COLUMN mvmanager.version_state.dependents IS 'What is done about objects that use changed columns: keep (refuse) or recreate.';

COMMENT ON COLUMN mvmanager.version_state.rename_columns IS 'Object of old column names to new ones, against the version that was live when it was registered.';

COMMENT ON COLUMN mvmanager.version_state.validate IS 'Query that must return true before it may become live; NULL for none.';

COMMENT ON COLUMN mvmanager.version_state.family IS 'Versions of several views with the same number become live together.';

COMMENT ON COLUMN mvmanager.change.to_version IS 'Version that was wanted after the call (live, or queued to become so), NULL if it ended the view.';

COMMENT ON COLUMN mvmanager.change.from_version IS 'Version that was wanted before the call, NULL if the call made the view; of a promotion, the version that was live before.';

COMMENT ON FUNCTION mv_apply(text, text, text[], text, text, text, text, jsonb, text, text, jsonb, boolean, boolean) IS
'Makes a managed view what the arguments say: creates it where it is missing, as mv_create does, alters it in place where only indexes, options or comment differ, replaces it by a new version where the definition differs, as mv_replace does, and does nothing where nothing differs. name: the view, as regclass reads it. definition: exactly one query, compared as the server prints it, so that layout does not matter. indexes: one CREATE INDEX text each, on the view''s own name; NULL keeps what is there. label: a migration''s revision, which means one definition; NULL: none. build: auto, now or background, as for mv_create: indexes of a view with rows are created by the worker, where it is to do it, while readers go on, else in this transaction. promote, dependents, rename_columns, validate: as for mv_replace. comment: the COMMENT of the view; an empty one removes it, NULL keeps it. options: a JSON object as for mv_create; a value of null resets that parameter, NULL keeps all. drop_indexes: true drops registered indexes that the list does not name, and replaces one whose name the list uses for another; false (the default, also for NULL) drops none. with_data: as for mv_create, used only where the view is created. Returns one row, action "created", "queued", "replaced", "altered" or "unchanged"; unchanged takes no lock on the view and queued none that lasts. Errors: those of mv_create and mv_replace, 42704 a materialized view that is not managed (hint: mv_adopt).';

COMMENT ON FUNCTION mv_release(text, text) IS
'Stops managing a view and leaves it as an ordinary materialized view; its schedule is removed, its history kept. name: the view, as regclass reads it; NULL releases every view the caller owns. archives: what becomes of kept rows of earlier versions: keep (the default, also for NULL) leaves them in mvmanager_data as ordinary materialized views, drop drops them. Versions that are not live yet are cancelled. Returns one row per view, action "released". Errors: 42602 a name that cannot be read, 42P01 no such view, 42809 not a materialized view, 42704 not managed, 42501 not the owner, 22023 unknown word for archives, 25006 standby or read-only transaction.';

COMMENT ON FUNCTION mv_drop(text, boolean) IS
'Drops a managed view with the kept rows of its earlier versions, and ends its history, which is kept. name: the view, as regclass reads it. cascade: true drops what depends on it too, table columns of its row type included; false (the default, also for NULL) refuses and lists what depends on it. Returns one row, action "dropped". For the owner and members of its role. Errors: 2BP01 other objects depend on it (listed in DETAIL), 22004 no name, 42602 a name that cannot be read, 42P01 no such view, 42809 not a materialized view, 42704 not managed, or dropped outside mvmanager, 42501 not the owner, 55006 used by a query of this session, 25006 standby or read-only transaction.';

COMMENT ON FUNCTION mv_verify(text) IS
'Checks that catalog and database agree; changes nothing. name: the view, as regclass reads it; NULL for every view the caller owns. Returns one row per check: name of the view, check_name, whether it is ok, and detail. guard: the triggers that keep definitions immutable, once a call. Then for each view: relation (it exists), definition (what is live is what was registered; the detail tells a view that was replaced from one whose tables or columns were renamed upstream), restorable (it could be built again: the live version and each whose rows are kept, then the others together), indexes (present and valid), chain (no version was altered; the detail ends with the hash of its head, to be kept elsewhere), and only where there is one, missing (kept rows that are gone), orphan (a relation in mvmanager_data that nothing names; for no view where it belongs to none) and leftover (what a refresh that was killed left in mvmanager_data). Errors: 42602 a name that cannot be read, 42P01 no such view, 42809 not a materialized view, 42704 not managed, 42501 not the owner.';

COMMENT ON PROCEDURE mv_wait(text, integer, text, bigint, interval) IS
'Waits until runs have ended, or a version is there, without holding a snapshot or a lock. name: the view, as regclass reads it: for all its runs that are queued or running now, and for the version that is on its way; NULL where run is given. version, label: a version of the view by its number or the label that led to it: until it is live, or, promoted by hand, ready; one that was superseded is not waited for. run: id of one run, as mv_refresh_async returns it; NULL where name is given. timeout: how long to wait at most, 30 minutes unless told, never NULL. Must be called outside a transaction block. For who may refresh the view. Errors: that of a run that failed, with its SQLSTATE; 57014 a run that was cancelled, or the timeout; 55000 a run that was lost, crashed or skipped, a version that failed, or what nobody would execute; 2D000 inside a transaction block; 22023 neither a view nor a run, or both, or version and label; 22004 no timeout; 42602 a name that cannot be read, 42P01 no such view, 42809 not a materialized view, 42704 not managed, or no such run, version or label, 42501 not allowed.';

CREATE OR REPLACE FUNCTION mv_lint(
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
AS 'MODULE_PATHNAME', 'mvm_lint';

COMMENT ON FUNCTION mv_lint(text) IS
'Finds what is dangerous for materialized views in a migration, without running any of it. sql: the whole text, as a file has it or as "alembic upgrade --sql", "manage.py sqlmigrate" and pg_dump print it; transactions, comments, psql commands and :variables may be in it. Returns one row per finding: line (of the statement, from 1), rule, severity (error, warning, info), object, message, and hint, the call to use instead. Rules: drop-and-recreate, cascade, drop-managed, create-managed, rename-swap, first-refresh-concurrently, no-unique-index, concurrently-in-transaction, unknown-parameter, bound-parameter and syntax-error are errors; if-not-exists-hides-change and plain-refresh-blocks-readers are warnings; with-data-in-transaction is a warning inside BEGIN and COMMIT, else info. What is managed or indexed is looked up in this database. A statement that does not parse is a row, never an error, and the others are checked all the same. For everybody. Errors: 22004 no text.';

CREATE OR REPLACE FUNCTION mv_diff(
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
AS 'MODULE_PATHNAME', 'mvm_diff';

COMMENT ON FUNCTION mv_diff(text, integer, integer) IS
'What differs between two versions of a managed view. name: the view, as regclass reads it. from_version, to_version: their numbers; NULL as the second is the live one. Returns one row per difference, none for the same version: kind, item, and what was there before and after, NULL where nothing was. definition: lines of the query as written, item telling which as in a unified diff; lines too long to read are broken after commas and before clauses first. canonical: the same of the query as the server printed it, in place of it where the texts are equal or were laid out anew. column: name and type; a column added where another of the same type was dropped is shown as renamed; a row with positions is a column that moved. index, option (storage parameters, tablespace, access_method), comment, owner. parent: relations read, and a hash of the definitions that the managed views among them had. For the owner and members of its role. Errors: 22004 no name or from_version, 42602 a name that cannot be read, 42P01 no such view, 42809 not a materialized view, 42704 not managed, or dropped outside mvmanager, or no such version, 42501 not the owner.';

CREATE OR REPLACE FUNCTION mv_export(
    name          text DEFAULT NULL,
    format        text DEFAULT 'sql',
    from_version  integer DEFAULT NULL,
    to_version    integer DEFAULT NULL
) RETURNS text
LANGUAGE C STABLE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'mvm_export';

COMMENT ON FUNCTION mv_export(text, text, integer, integer) IS
'A managed view, or a change of it, as a script that needs no value from an earlier call. name: the view, as regclass reads it; NULL for every managed view the caller owns, those that are read first. format: sql (the default, also for NULL) for calls of mvmanager that may run again and again; plain for SQL that core alone understands, with what else hangs on the live view (indexes, statistics, comments, owner, grants); alembic, django, rails, knex, flyway and sqitch for a migration file of that tool with its way back. from_version: the version that is there before; NULL for a script that creates the view. to_version: the one that is there afterwards; NULL for the live one. The query is written as its author wrote it where that does not depend on search_path or on a *, else as the server prints it; every text reaches the server byte for byte. The label of the version is the revision of the file, by which its way back finds it. Returns the text. For the owner and members of its role. Errors: 22023 unknown format, versions without a name, or the same version twice, 42602 a name that cannot be read, 42P01 no such view, 42809 not a materialized view, 42704 not managed, or dropped outside mvmanager, or no such version, 42501 not the owner.';

CREATE OR REPLACE FUNCTION mv_replace(
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
AS 'MODULE_PATHNAME', 'mvm_replace';

COMMENT ON FUNCTION mv_replace(text, text, text[], text, text, text, text, jsonb, text, text, jsonb, boolean) IS
'Replaces the definition of a managed view by a new version, which becomes live in milliseconds: the view keeps its OID, and with it dependents, grants, comments, indexes and options. As mv_apply, but for views that exist. name: the view, as regclass reads it. definition: exactly one query. indexes: one CREATE INDEX text each, on the view''s own name; NULL keeps what is there. label: a migration''s revision; NULL: none. build: background lets the worker build it after commit, now builds it in this transaction, auto (the default, also for NULL) takes background where the worker would start at once, else now with a NOTICE. promote: auto (the default) makes it live when it is built, manual leaves that to mv_promote: until then it is a relation in mvmanager_data that can be read by its name. dependents: keep (the default) refuses to change columns that other objects use, recreate stores those objects anew in the same transaction, under their OIDs. rename_columns: a JSON object, old name to new; NULL: none. validate: a query on the view''s name, run on the new rows, which must return true; NULL: none. comment: the COMMENT of the view; an empty one removes it, NULL keeps it. options: a JSON object as for mv_create; a value of null resets that parameter, NULL keeps all. drop_indexes: true drops registered indexes that the list does not name. Returns one row, action "queued" (the worker does it), "replaced", "altered" (indexes, options or comment only) or "unchanged". A version that is queued when the next one is registered is skipped. Errors: 42704 not managed (hint: mv_adopt), 42501 not the owner, 42710 a label used for another definition or an index name used for another index, 42P19 a view that would read itself, 2BP01 dependents use changed columns (listed in DETAIL), 23514 not validated, 55P03 the lock was not to be had within mvmanager.swap_timeout, 55006 used by a query of this session, 22023 a bad argument, 0A000 another tablespace or access method, 25006 standby or read-only transaction, and what the query itself raises. An error leaves the live version as it is.';

CREATE OR REPLACE FUNCTION mv_apply_all(
    specs     jsonb,
    together  boolean DEFAULT false
) RETURNS SETOF mvmanager.mv_change
LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 20
AS 'MODULE_PATHNAME', 'mvm_apply_all';

COMMENT ON FUNCTION mv_apply_all(jsonb, boolean) IS
'Applies many definitions, those that are read first. specs: a JSON array, one object of mv_apply''s arguments by their names for each view: name and definition, and any of indexes, label, build, promote, dependents, rename_columns, validate, comment, options, drop_indexes, with_data. together: true lets versions that the worker builds become live at one moment, when the last of them is built; false (the default, also for NULL) each when it is built. Returns one row per view in that order, as mv_apply does. All or nothing: an error leaves everything as it was. Errors: those of mv_apply, 22004 no specs, 22023 a spec that is not such an object, 42710 a view given twice, 42P19 views that would read each other in a circle.';

CREATE OR REPLACE FUNCTION mv_promote(
    name     text,
    version  integer DEFAULT NULL,
    label    text DEFAULT NULL
) RETURNS mvmanager.mv_change
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'mvm_promote';

COMMENT ON FUNCTION mv_promote(text, integer, text) IS
'Makes a staged version live (promote => ''manual''), in this transaction. Where the live view was refreshed since, its rows are brought up to date first. name: the view, as regclass reads it. version: its number; label: its label; NULL both (the default) for the newest one that is ready. Returns one row, action "promoted", or "unchanged" where it is live already. Inside a transaction block readers wait until its end. Errors: 42704 not managed, or no version of that number or label, or none that is ready, 55000 a version in another state (hint: mv_wait or mv_rollback), 2BP01 dependents in the way, 55P03 the lock was not to be had, 55006 used by a query of this session, 22023 both a version and a label, 42501 not the owner, 25006 standby or read-only transaction.';

CREATE OR REPLACE FUNCTION mv_rollback(
    name        text,
    to_version  integer DEFAULT NULL,
    to_label    text DEFAULT NULL,
    undo_label  text DEFAULT NULL,
    data        text DEFAULT 'archived'
) RETURNS mvmanager.mv_change
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'mvm_rollback';

COMMENT ON FUNCTION mv_rollback(text, integer, text, text, text) IS
'Makes an earlier version live again: in milliseconds with the rows it had, where they are kept, else built anew like a replacement. name: the view, as regclass reads it. to_version: its number; to_label: the label that led to it; undo_label: the label whose change is to be undone, for the way back of a migration: it returns to what was wanted before that label, cancels what is only queued, drops a view (never what depends on it) or releases it where the label created or adopted it, and does nothing where the label changed nothing or was undone already. NULL all three (the default) for the version that was live before the present one first was. data: archived (the default, also for NULL) takes kept rows, rebuild makes new ones. Returns one row, action "rolled_back", "queued" (the worker builds it), "dropped", "released" or "unchanged". An error changes nothing. Errors: 42704 not managed, or no such version or label, 55000 nothing to go back to, or a version that can no longer be built (with the reason), 2BP01 objects use columns that would go, 42501 not the owner, or a version of another owner that is not named by number, 22023 several targets or a bad word, 55P03 the lock was not to be had, 25006 standby or read-only transaction.';

CREATE OR REPLACE FUNCTION mv_cancel(
    name     text,
    version  integer
) RETURNS mvmanager.mv_change
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'mvm_cancel';

COMMENT ON FUNCTION mv_cancel(text, integer) IS
'Gives up a version that is not live yet: queued, being built (the build is stopped) or staged (its rows are dropped). name: the view, as regclass reads it. version: its number. Returns one row, action "cancelled". Errors: 22004 no name or version, 42704 not managed, or no such version, 55000 a version in another state, 42501 not the owner, 25006 standby or read-only transaction.';

CREATE OR REPLACE FUNCTION mv_prune(
    name        text DEFAULT NULL,
    keep        integer DEFAULT NULL,
    older_than  interval DEFAULT NULL
) RETURNS SETOF mvmanager.mv_change
LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 20
AS 'MODULE_PATHNAME', 'mvm_prune';

COMMENT ON FUNCTION mv_prune(text, integer, interval) IS
'Drops kept rows of earlier versions; their definitions are kept. name: the view, as regclass reads it; NULL for every view the caller owns. keep: how many earlier versions of a view keep their rows; NULL for mvmanager.keep_archived, or 0 where older_than is given. older_than: only rows archived longer ago than this; NULL for any. What somebody reads just now stays. Returns one row per version whose rows were dropped, action "pruned". Errors: 42704 not managed, 42501 not the owner, 22023 a negative keep, 25006 standby or read-only transaction.';

CREATE OR REPLACE FUNCTION mv_plan(
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
AS 'MODULE_PATHNAME', 'mvm_plan';

COMMENT ON FUNCTION mv_plan(text, text, text[], integer) IS
'Shows what a change would do, step by step, and changes nothing: no row is written, and every lock that looking takes is given back at once. name: the view, as regclass reads it. definition: exactly one query, for what mv_apply(name, definition, indexes) would do, or mv_replace; indexes: one CREATE INDEX text each, on the view''s own name, and NULL keeps what is there; indexes without a definition go with the definition that is live. to_version: an earlier version, for what mv_rollback(name, to_version) would do. NULL all three (the default) for what mv_rollback(name) would do. All other arguments of these functions are taken at their defaults. Returns one row per step. step: its place, from 1. action: unchanged; refuse (all that follows would be refused, and why); skip or cancel (a pending version is given up), end; register (rows of mvmanager''s tables); create, fill, create index, analyze, validate (the new rows, beside the view); archive, promote (the rows change places), rename column, change columns, add column, recreate, lock, blocked (what depends on columns that change), drop index, drop archive; alter options, comment, register index, keep index. object: what it is done to. sql: a text that could be typed, without a semicolon: of fill the query, as the server prints it, of create index the command; NULL where SQL has none. lock_mode: the lock on the object, as pg_locks calls it; of fill that on the tables it reads; NULL for none but on mvmanager''s own tables. blocks_readers: whether SELECT from the object waits for it. hazard: what to know before; NULL where there is nothing. What takes its time is shown as the worker would do it where it would start at once, else as the caller''s transaction would. A version may be registered by somebody else in between: the numbers in names of relations are those of now. Errors: 22004 no name, 22023 both a definition or indexes and to_version, 42704 not managed (hint: mv_adopt), or no such version, 55000 no version before the live one, 42501 not the owner, or no right to create in the schema, 42710 an index name used for another index, 42P07 one that another relation has, 42P19 a view that would read itself, 2BP01 an index that cannot be on the new columns, and what the query itself raises. On a standby and in a read-only transaction new index texts raise 25006.';

CREATE FUNCTION mvmanager.guard_drop() RETURNS event_trigger
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'mvm_guard_drop';

COMMENT ON FUNCTION mvmanager.guard_drop() IS
'Event trigger function: refuses a command that dropped a managed view, or rows that mvmanager keeps of one, without mvmanager (2BP01), or lets it go and ends the view in the catalog, as mvmanager.guard says. Errors: 0A000 not called by an event trigger.';

REVOKE ALL ON FUNCTION mvmanager.guard_drop() FROM PUBLIC;

CREATE EVENT TRIGGER mvmanager_guard_drop ON sql_drop
    EXECUTE FUNCTION mvmanager.guard_drop();

COMMENT ON EVENT TRIGGER mvmanager_guard_drop IS
'Keeps managed views from being dropped by other commands than mv_drop; see the setting mvmanager.guard.';

CREATE FUNCTION mvmanager.follow_ddl() RETURNS event_trigger
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'mvm_follow_ddl';

COMMENT ON FUNCTION mvmanager.follow_ddl() IS
'Event trigger function: changes the catalog with what was done to a managed view by hand: its name, schema, owner, columns, names of its indexes, and REFRESH MATERIALIZED VIEW, recorded as a run of reason external. Errors: 55000 a REFRESH of the rows of an earlier version, 0A000 not called by an event trigger.';

REVOKE ALL ON FUNCTION mvmanager.follow_ddl() FROM PUBLIC;

CREATE EVENT TRIGGER mvmanager_follow_ddl ON ddl_command_end
    WHEN TAG IN ('ALTER MATERIALIZED VIEW', 'ALTER TABLE', 'ALTER INDEX', 'ALTER SCHEMA', 'ALTER EXTENSION',
                 'REFRESH MATERIALIZED VIEW')
    EXECUTE FUNCTION mvmanager.follow_ddl();

COMMENT ON EVENT TRIGGER mvmanager_follow_ddl IS
'Keeps the catalog true to what is done to managed views by hand.';

GRANT SELECT ON SEQUENCE mvmanager.view_id_seq, mvmanager.change_id_seq, mvmanager.run_id_seq TO PUBLIC;
