-- revert usage:add_tokens on pg

BEGIN;

SELECT mv_rollback('daily_usage', undo_label => 'add_tokens');

COMMIT;
