SELECT mv_rollback('daily_usage', undo_label => 'add_tokens');
