exports.up = (pgm) => {
  pgm.sql(`SELECT mv_apply('daily_usage', $mv$
    SELECT user_id, (created_at AT TIME ZONE 'UTC')::date AS day, to_char(min(created_at AT TIME ZONE 'UTC'), 'HH24:MI') AS first_at, count(*) AS n
    FROM message_usages GROUP BY 1, 2
$mv$, indexes => ARRAY['CREATE UNIQUE INDEX daily_usage_key ON daily_usage (user_id, day)'], label => 'create_daily_usage')`);
};

exports.down = (pgm) => {
  pgm.sql(`SELECT mv_rollback('daily_usage', undo_label => 'create_daily_usage')`);
};
