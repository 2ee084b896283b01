-- verify usage:wait_for_tokens on pg

SELECT tokens FROM daily_usage WHERE false;
