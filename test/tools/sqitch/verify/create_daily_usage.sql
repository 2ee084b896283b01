-- verify usage:create_daily_usage on pg

SELECT user_id, day, first_at, n FROM daily_usage WHERE false;
