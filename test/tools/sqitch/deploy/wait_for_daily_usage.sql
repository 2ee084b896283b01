-- deploy usage:wait_for_daily_usage on pg

-- No BEGIN: mv_wait commits while it waits.
CALL mv_wait('daily_usage', label => 'create_daily_usage');
