
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
