
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
'Makes a managed view what the arguments say: creates it where it is missing, as mv_create does, alters it in place where only indexes, options or comment differ, replaces it by a new version where the definition differs, as mv_replace does, and does nothing where nothing differs. name: the view, as regclass reads it. definition: exactly one query, compared as the server prints it, so that layout does not matter. indexes: one CREATE INDEX text each, on the view''s own name; NULL keeps what is there. label: a migration''s revision, which means one definition; NULL: none. build: auto, now or background, as for mv_create: indexes of a view with rows are created by the worker, where it is to do it, while readers go on, else in this transaction. promote, dependents, rename_columns, validate: as for mv_replace. comment: the COMMENT of the view; an empty one removes it, NULL keeps it. options: a JSON object as for mv_create; a value of null resets that parameter, NULL keeps all. drop_indexes: true drops registered indexes that the list does not name, and replaces one whose name the list uses for another; false (the default, also for NULL) drops none. with_data: as for mv_create, used only where the view is created. Returns one row, action "created", "queued", "replaced", "altered" or "unchanged"; unchanged takes no lock on the view and queued none that lasts. Errors: those of mv_create and mv_replace, 42704 a materialized view that is not managed (hint: mv_adopt).';

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
'Stops managing a view and leaves it as an ordinary materialized view; its schedule is removed, its history kept. name: the view, as regclass reads it; NULL releases every view the caller owns. archives: what becomes of kept rows of earlier versions: keep (the default, also for NULL) leaves them in mvmanager_data as ordinary materialized views, drop drops them. Versions that are not live yet are cancelled. Returns one row per view, action "released". Errors: 42602 a name that cannot be read, 42P01 no such view, 42809 not a materialized view, 42704 not managed, 42501 not the owner, 22023 unknown word for archives, 25006 standby or read-only transaction.';

CREATE FUNCTION mv_drop(
    name     text,
    cascade  boolean DEFAULT false
) RETURNS mvmanager.mv_change
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'mvm_drop';
COMMENT ON FUNCTION mv_drop(text, boolean) IS
'Drops a managed view with the kept rows of its earlier versions, and ends its history, which is kept. name: the view, as regclass reads it. cascade: true drops what depends on it too, table columns of its row type included; false (the default, also for NULL) refuses and lists what depends on it. Returns one row, action "dropped". For the owner and members of its role. Errors: 2BP01 other objects depend on it (listed in DETAIL), 22004 no name, 42602 a name that cannot be read, 42P01 no such view, 42809 not a materialized view, 42704 not managed, or dropped outside mvmanager, 42501 not the owner, 55006 used by a query of this session, 25006 standby or read-only transaction.';

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
'Checks that catalog and database agree; changes nothing. name: the view, as regclass reads it; NULL for every view the caller owns. Returns one row per check: name of the view, check_name, whether it is ok, and detail. guard: the triggers that keep definitions immutable, once a call. Then for each view: relation (it exists), definition (what is live is what was registered; the detail tells a view that was replaced from one whose tables or columns were renamed upstream), restorable (it could be built again: the live version and each whose rows are kept, then the others together), indexes (present and valid), chain (no version was altered; the detail ends with the hash of its head, to be kept elsewhere), and only where there is one, missing (kept rows that are gone), orphan (a relation in mvmanager_data that nothing names; for no view where it belongs to none) and leftover (what a refresh that was killed left in mvmanager_data). Errors: 42602 a name that cannot be read, 42P01 no such view, 42809 not a materialized view, 42704 not managed, 42501 not the owner.';
