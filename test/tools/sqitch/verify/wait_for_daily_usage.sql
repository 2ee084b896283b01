-- verify usage:wait_for_daily_usage on pg

SELECT 1 / (ispopulated::int) FROM pg_matviews WHERE matviewname = 'daily_usage';
