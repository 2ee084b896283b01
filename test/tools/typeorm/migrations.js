module.exports = [
  class CreateDailyUsage1767225600001 {
    async up(runner) {
      await runner.query(`SELECT mv_apply('daily_usage', $mv$
    SELECT user_id, (created_at AT TIME ZONE 'UTC')::date AS day, to_char(min(created_at AT TIME ZONE 'UTC'), 'HH24:MI') AS first_at, count(*) AS n
    FROM message_usages GROUP BY 1, 2
$mv$, indexes => ARRAY['CREATE UNIQUE INDEX daily_usage_key ON daily_usage (user_id, day)'], label => 'create_daily_usage')`);
    }

    async down(runner) {
      await runner.query(`SELECT mv_rollback('daily_usage', undo_label => 'create_daily_usage')`);
    }
  },
  class WaitForDailyUsage1767225600002 {
    // mv_wait commits while it waits.
    transaction = false;

    async up(runner) {
      await runner.query(`CALL mv_wait('daily_usage', label => 'create_daily_usage')`);
    }

    async down() {}
  },
  class AddTokens1767225600003 {
    async up(runner) {
      await runner.query(`SELECT mv_replace('daily_usage', $mv$
    SELECT user_id, (created_at AT TIME ZONE 'UTC')::date AS day, to_char(min(created_at AT TIME ZONE 'UTC'), 'HH24:MI') AS first_at, count(*) AS n,
           sum(tokens) AS tokens, count(*) % 10 AS last_digit
    FROM message_usages GROUP BY 1, 2
$mv$, label => 'add_tokens')`);
    }

    async down(runner) {
      await runner.query(`SELECT mv_rollback('daily_usage', undo_label => 'add_tokens')`);
    }
  },
  class WaitForTokens1767225600004 {
    // mv_wait commits while it waits.
    transaction = false;

    async up(runner) {
      await runner.query(`CALL mv_wait('daily_usage', label => 'add_tokens')`);
    }

    async down() {}
  },
  class Broken1767225600005 {
    async up(runner) {
      await runner.query(`SELECT mv_replace('daily_usage', $mv$
    SELECT user_id, (created_at AT TIME ZONE 'UTC')::date AS day, to_char(min(created_at AT TIME ZONE 'UTC'), 'HH24:MI') AS first_at, count(*) AS n,
           sum(tokens) AS tokens, count(*) % 10 AS last_digit
    FROM message_usages GROUP BY 1, 2 HAVING count(*) > 1
$mv$, label => 'broken')`);
      await runner.query(`SELECT mv_create('monthly_usage', $mv$SELECT user_id, count(*) AS n FROM message_usages GROUP BY 1$mv$, label => 'broken')`);
      await runner.query(`SELECT 1 / 0`);
    }

    async down() {}
  },
];
