-- A cancel and a timeout end C++ code at every stage and are never swallowed.
CREATE TABLE stage (stage text);
INSERT INTO stage VALUES ('sleep'), ('loop'), ('subtransaction sleep'), ('subtransaction loop');

SET statement_timeout = '50ms';
SELECT mvmanager_test.hang('sleep');
SELECT mvmanager_test.hang('loop');
SELECT mvmanager_test.hang('subtransaction sleep');
SELECT mvmanager_test.hang('subtransaction loop');
RESET statement_timeout;

-- A cancel that is already there when the code begins.
SELECT pg_cancel_backend(pg_backend_pid()), mvmanager_test.hang('sleep');
SELECT mvmanager_test.hang(stage) FROM (SELECT stage, pg_cancel_backend(pg_backend_pid()) FROM stage WHERE stage LIKE 'sub%loop' OFFSET 0) s;

-- The session goes on, and so does a transaction that catches it.
SELECT mvmanager_test.live_objects();
BEGIN;
SAVEPOINT before;
SET LOCAL statement_timeout = '50ms';
SELECT mvmanager_test.hang('subtransaction loop');
ROLLBACK TO before;
SHOW statement_timeout;
SELECT 1 AS one;
COMMIT;

DROP TABLE stage;
