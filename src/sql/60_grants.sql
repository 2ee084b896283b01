
-- Default privileges of the installing role may have granted more than nothing.
REVOKE ALL ON TABLE mvmanager.view, mvmanager.version, mvmanager.version_state, mvmanager.change, mvmanager.schedule,
    mvmanager.run, mvmanager.local FROM PUBLIC;
REVOKE ALL ON SEQUENCE mvmanager.view_id_seq, mvmanager.change_id_seq, mvmanager.run_id_seq FROM PUBLIC;
REVOKE ALL ON FUNCTION mvmanager.refuse_change() FROM PUBLIC;

-- pg_dump reads where a sequence stands even for --schema-only, which an ordinary owner of the database may well make.
GRANT SELECT ON SEQUENCE mvmanager.view_id_seq, mvmanager.change_id_seq, mvmanager.run_id_seq TO PUBLIC;
