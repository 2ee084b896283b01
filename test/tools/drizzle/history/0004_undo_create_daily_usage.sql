SELECT mv_rollback('daily_usage', undo_label => 'create_daily_usage');
