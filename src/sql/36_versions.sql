
-- Versions: how a definition is replaced, made live, taken back and forgotten.

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
AS 'MODULE_PATHNAME', 'mvm_replace';
COMMENT ON FUNCTION mv_replace(text, text, text[], text, text, text, text, jsonb, text, text, jsonb, boolean) IS
'Replaces the definition of a managed view by a new version, which becomes live in milliseconds: the view keeps its OID, and with it dependents, grants, comments, indexes and options. As mv_apply, but for views that exist. name: the view, as regclass reads it. definition: exactly one query. indexes: one CREATE INDEX text each, on the view''s own name; NULL keeps what is there. label: a migration''s revision; NULL: none. build: background lets the worker build it after commit, now builds it in this transaction, auto (the default, also for NULL) takes background where the worker would start at once, else now with a NOTICE. promote: auto (the default) makes it live when it is built, manual leaves that to mv_promote: until then it is a relation in mvmanager_data that can be read by its name. dependents: keep (the default) refuses to change columns that other objects use, recreate stores those objects anew in the same transaction, under their OIDs. rename_columns: a JSON object, old name to new; NULL: none. validate: a query on the view''s name, run on the new rows, which must return true; NULL: none. comment: the COMMENT of the view; an empty one removes it, NULL keeps it. options: a JSON object as for mv_create; a value of null resets that parameter, NULL keeps all. drop_indexes: true drops registered indexes that the list does not name. Returns one row, action "queued" (the worker does it), "replaced", "altered" (indexes, options or comment only) or "unchanged". A version that is queued when the next one is registered is skipped. Errors: 42704 not managed (hint: mv_adopt), 42501 not the owner, 42710 a label used for another definition or an index name used for another index, 42P19 a view that would read itself, 2BP01 dependents use changed columns (listed in DETAIL), 23514 not validated, 55P03 the lock was not to be had within mvmanager.swap_timeout, 55006 used by a query of this session, 22023 a bad argument, 0A000 another tablespace or access method, 25006 standby or read-only transaction, and what the query itself raises. An error leaves the live version as it is.';

CREATE FUNCTION mv_apply_all(
    specs     jsonb,
    together  boolean DEFAULT false
) RETURNS SETOF mvmanager.mv_change
LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 20
AS 'MODULE_PATHNAME', 'mvm_apply_all';
COMMENT ON FUNCTION mv_apply_all(jsonb, boolean) IS
'Applies many definitions, those that are read first. specs: a JSON array, one object of mv_apply''s arguments by their names for each view: name and definition, and any of indexes, label, build, promote, dependents, rename_columns, validate, comment, options, drop_indexes, with_data. together: true lets versions that the worker builds become live at one moment, when the last of them is built; false (the default, also for NULL) each when it is built. Returns one row per view in that order, as mv_apply does. All or nothing: an error leaves everything as it was. Errors: those of mv_apply, 22004 no specs, 22023 a spec that is not such an object, 42710 a view given twice, 42P19 views that would read each other in a circle.';

CREATE FUNCTION mv_promote(
    name     text,
    version  integer DEFAULT NULL,
    label    text DEFAULT NULL
) RETURNS mvmanager.mv_change
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'mvm_promote';
COMMENT ON FUNCTION mv_promote(text, integer, text) IS
'Makes a staged version live (promote => ''manual''), in this transaction. Where the live view was refreshed since, its rows are brought up to date first. name: the view, as regclass reads it. version: its number; label: its label; NULL both (the default) for the newest one that is ready. Returns one row, action "promoted", or "unchanged" where it is live already. Inside a transaction block readers wait until its end. Errors: 42704 not managed, or no version of that number or label, or none that is ready, 55000 a version in another state (hint: mv_wait or mv_rollback), 2BP01 dependents in the way, 55P03 the lock was not to be had, 55006 used by a query of this session, 22023 both a version and a label, 42501 not the owner, 25006 standby or read-only transaction.';

CREATE FUNCTION mv_rollback(
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

CREATE FUNCTION mv_cancel(
    name     text,
    version  integer
) RETURNS mvmanager.mv_change
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'mvm_cancel';
COMMENT ON FUNCTION mv_cancel(text, integer) IS
'Gives up a version that is not live yet: queued, being built (the build is stopped) or staged (its rows are dropped). name: the view, as regclass reads it. version: its number. Returns one row, action "cancelled". Errors: 22004 no name or version, 42704 not managed, or no such version, 55000 a version in another state, 42501 not the owner, 25006 standby or read-only transaction.';

CREATE FUNCTION mv_prune(
    name        text DEFAULT NULL,
    keep        integer DEFAULT NULL,
    older_than  interval DEFAULT NULL
) RETURNS SETOF mvmanager.mv_change
LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 20
AS 'MODULE_PATHNAME', 'mvm_prune';
COMMENT ON FUNCTION mv_prune(text, integer, interval) IS
'Drops kept rows of earlier versions; their definitions are kept. name: the view, as regclass reads it; NULL for every view the caller owns. keep: how many earlier versions of a view keep their rows; NULL for mvmanager.keep_archived, or 0 where older_than is given. older_than: only rows archived longer ago than this; NULL for any. What somebody reads just now stays. Returns one row per version whose rows were dropped, action "pruned". Errors: 42704 not managed, 42501 not the owner, 22023 a negative keep, 25006 standby or read-only transaction.';

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
AS 'MODULE_PATHNAME', 'mvm_plan';
COMMENT ON FUNCTION mv_plan(text, text, text[], integer) IS
'Shows what a change would do, step by step, and changes nothing: no row is written, and every lock that looking takes is given back at once. name: the view, as regclass reads it. definition: exactly one query, for what mv_apply(name, definition, indexes) would do, or mv_replace; indexes: one CREATE INDEX text each, on the view''s own name, and NULL keeps what is there; indexes without a definition go with the definition that is live. to_version: an earlier version, for what mv_rollback(name, to_version) would do. NULL all three (the default) for what mv_rollback(name) would do. All other arguments of these functions are taken at their defaults. Returns one row per step. step: its place, from 1. action: unchanged; refuse (all that follows would be refused, and why); skip or cancel (a pending version is given up), end; register (rows of mvmanager''s tables); create, fill, create index, analyze, validate (the new rows, beside the view); archive, promote (the rows change places), rename column, change columns, add column, recreate, lock, blocked (what depends on columns that change), drop index, drop archive; alter options, comment, register index, keep index. object: what it is done to. sql: a text that could be typed, without a semicolon: of fill the query, as the server prints it, of create index the command; NULL where SQL has none. lock_mode: the lock on the object, as pg_locks calls it; of fill that on the tables it reads; NULL for none but on mvmanager''s own tables. blocks_readers: whether SELECT from the object waits for it. hazard: what to know before; NULL where there is nothing. What takes its time is shown as the worker would do it where it would start at once, else as the caller''s transaction would. A version may be registered by somebody else in between: the numbers in names of relations are those of now. Errors: 22004 no name, 22023 both a definition or indexes and to_version, 42704 not managed (hint: mv_adopt), or no such version, 55000 no version before the live one, 42501 not the owner, or no right to create in the schema, 42710 an index name used for another index, 42P07 one that another relation has, 42P19 a view that would read itself, 2BP01 an index that cannot be on the new columns, and what the query itself raises. On a standby and in a read-only transaction new index texts raise 25006.';
