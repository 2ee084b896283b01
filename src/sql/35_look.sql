-- Looking before and after: what a migration would do, what differs between versions, a view as a script.

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
AS 'MODULE_PATHNAME', 'mvm_lint';
COMMENT ON FUNCTION mv_lint(text) IS
'Finds what is dangerous for materialized views in a migration, without running any of it. sql: the whole text, as a file has it or as "alembic upgrade --sql", "manage.py sqlmigrate" and pg_dump print it; transactions, comments, psql commands and :variables may be in it. Returns one row per finding: line (of the statement, from 1), rule, severity (error, warning, info), object, message, and hint, the call to use instead. Rules: drop-and-recreate, cascade, drop-managed, create-managed, rename-swap, first-refresh-concurrently, no-unique-index, concurrently-in-transaction, unknown-parameter, bound-parameter and syntax-error are errors; if-not-exists-hides-change and plain-refresh-blocks-readers are warnings; with-data-in-transaction is a warning inside BEGIN and COMMIT, else info. What is managed or indexed is looked up in this database. A statement that does not parse is a row, never an error, and the others are checked all the same. For everybody. Errors: 22004 no text.';

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
AS 'MODULE_PATHNAME', 'mvm_diff';
COMMENT ON FUNCTION mv_diff(text, integer, integer) IS
'What differs between two versions of a managed view. name: the view, as regclass reads it. from_version, to_version: their numbers; NULL as the second is the live one. Returns one row per difference, none for the same version: kind, item, and what was there before and after, NULL where nothing was. definition: lines of the query as written, item telling which as in a unified diff; lines too long to read are broken after commas and before clauses first. canonical: the same of the query as the server printed it, in place of it where the texts are equal or were laid out anew. column: name and type; a column added where another of the same type was dropped is shown as renamed; a row with positions is a column that moved. index, option (storage parameters, tablespace, access_method), comment, owner. parent: relations read, and a hash of the definitions that the managed views among them had. For the owner and members of its role. Errors: 22004 no name or from_version, 42602 a name that cannot be read, 42P01 no such view, 42809 not a materialized view, 42704 not managed, or dropped outside mvmanager, or no such version, 42501 not the owner.';

CREATE FUNCTION mv_export(
    name          text DEFAULT NULL,
    format        text DEFAULT 'sql',
    from_version  integer DEFAULT NULL,
    to_version    integer DEFAULT NULL
) RETURNS text
LANGUAGE C STABLE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'mvm_export';
COMMENT ON FUNCTION mv_export(text, text, integer, integer) IS
'A managed view, or a change of it, as a script that needs no value from an earlier call. name: the view, as regclass reads it; NULL for every managed view the caller owns, those that are read first. format: sql (the default, also for NULL) for calls of mvmanager that may run again and again; plain for SQL that core alone understands, with what else hangs on the live view (indexes, statistics, comments, owner, grants); alembic, django, rails, knex, flyway and sqitch for a migration file of that tool with its way back. from_version: the version that is there before; NULL for a script that creates the view. to_version: the one that is there afterwards; NULL for the live one. The query is written as its author wrote it where that does not depend on search_path or on a *, else as the server prints it; every text reaches the server byte for byte. The label of the version is the revision of the file, by which its way back finds it. Returns the text. For the owner and members of its role. Errors: 22023 unknown format, versions without a name, or the same version twice, 42602 a name that cannot be read, 42P01 no such view, 42809 not a materialized view, 42704 not managed, or dropped outside mvmanager, or no such version, 42501 not the owner.';
