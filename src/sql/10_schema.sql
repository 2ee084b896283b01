-- Plain CREATE SCHEMA: it fails if somebody made one of that name before, so nothing of theirs is adopted.
CREATE SCHEMA mvmanager;
COMMENT ON SCHEMA mvmanager IS
'Catalog and status views of mvmanager. The functions (mv_create, mv_refresh, ...) are in the schema chosen at CREATE EXTENSION.';
REVOKE ALL ON SCHEMA mvmanager FROM PUBLIC;
GRANT USAGE ON SCHEMA mvmanager TO PUBLIC;

