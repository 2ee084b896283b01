-- deploy usage:wait_for_tokens on pg

-- No BEGIN: mv_wait commits while it waits.
CALL mv_wait('daily_usage', label => 'add_tokens');
