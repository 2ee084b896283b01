
CREATE FUNCTION mv_refresh(
    name       text,
    strategy   text DEFAULT 'auto',
    predicate  text DEFAULT NULL,
    wait       boolean DEFAULT true
) RETURNS mvmanager.mv_refresh_result
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'mvm_refresh';
COMMENT ON FUNCTION mv_refresh(text, text, text, boolean) IS
'Brings the rows of a managed materialized view up to date, in the transaction of the caller. name: the view, as regclass reads it. strategy: auto (the default, also for NULL: concurrently where the view has rows and a unique index that serves, else native), native (REFRESH MATERIALIZED VIEW: readers wait), concurrently (REFRESH MATERIALIZED VIEW CONCURRENTLY: readers do not wait); diff, swap, partial and incremental answer 0A000 in this release. A view without rows is filled whatever was asked. predicate: for strategy partial only; NULL: the whole view. wait: true (the default, also for NULL) waits for locks on the view; false never does: if another session has it, nothing is refreshed and the row says "skipped" and who has it. Returns one row: the strategy taken and why, counts (NULL where the strategy cannot know), duration, time blocked on locks of the view and of what it reads. Under READ COMMITTED the rows are those of the moment these locks were granted; the locks last to the end of the transaction. For the owner, members of its role, and from PostgreSQL 17 on who has MAINTAIN. Errors: 22004 no name, 42602 a name that cannot be read, 42P01 no such view, 42809 not a materialized view, 42704 not managed, or dropped outside mvmanager, 42501 not allowed, 22023 unknown strategy or a predicate that does not fit, 55000 no usable unique index, 0A000 strategy not available, 55006 used by a query of this session, 25006 standby or read-only transaction, and what the query of the view raises.';

CREATE FUNCTION mv_refresh_all(
    schemas  text[] DEFAULT NULL
) RETURNS SETOF mvmanager.mv_refresh_result
LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 20
AS 'MODULE_PATHNAME', 'mvm_refresh_all';
COMMENT ON FUNCTION mv_refresh_all(text[]) IS
'Refreshes managed materialized views in the order in which they read each other, also through plain views, each by strategy auto. schemas: names of schemas, for the views of these alone; NULL: every view the caller may refresh. Returns one row per view in that order. A view that fails keeps its rows, gives a row with strategy "failed" and message and SQLSTATE as reason, and is counted; what reads it gives a row with strategy "skipped"; the others go on, and a WARNING tells how many failed. Locks of all refreshed views last to the end of the transaction. Errors: 3F000 no such schema, 42501 a view of a named schema that the caller may not refresh, 42P19 views that read each other in a circle, 25006 standby or read-only transaction; a cancel (57014) ends the whole call, and so does a serialization failure (40001) under REPEATABLE READ and above.';
