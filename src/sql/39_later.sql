
-- Signatures that are final; what they do comes with a later release. Until then they answer 0A000 and say what to call.

CREATE FUNCTION mv_cancel_run(
    run  bigint
) RETURNS boolean
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'mvm_not_available';
COMMENT ON FUNCTION mv_cancel_run(bigint) IS
'Cancels a queued or running run. run: its id in mvmanager.runs. Not available in this release: raises 0A000 with a hint what to call instead.';

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
