-- Scopes restore what they changed, on the normal path and on the path of an error.
SELECT * FROM mvmanager_test.scopes();

CREATE ROLE regress_scope_role;
SET search_path = public;
SET statement_timeout = '1min';
SELECT * FROM mvmanager_test.security_scope('regress_scope_role', 'view_owner');
SELECT * FROM mvmanager_test.security_scope('regress_scope_role', 'view_owner_keeping_path');
SELECT * FROM mvmanager_test.security_scope('regress_scope_role', 'catalog_owner');

-- An error leaves the scope by the abort of the statement.
SELECT mvmanager_test.fail_as('regress_scope_role');
SELECT current_user = session_user AS same_user, current_setting('search_path') AS search_path,
       current_setting('statement_timeout') AS statement_timeout;
SET ROLE regress_scope_role;
RESET ROLE;

-- So does one that PL/pgSQL catches.
DO $$
BEGIN
    PERFORM mvmanager_test.fail_as('regress_scope_role');
EXCEPTION WHEN check_violation THEN
    RAISE NOTICE 'caught: same user %, search_path %, timeout %', current_user = session_user, current_setting('search_path'),
        current_setting('statement_timeout');
END $$;

RESET statement_timeout;
RESET search_path;
DROP ROLE regress_scope_role;
