
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
