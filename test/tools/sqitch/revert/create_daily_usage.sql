-- revert usage:create_daily_usage on pg

BEGIN;

SELECT mv_rollback('daily_usage', undo_label => 'create_daily_usage');

COMMIT;
