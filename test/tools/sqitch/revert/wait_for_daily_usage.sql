-- revert usage:wait_for_daily_usage on pg

-- Nothing to undo.
