-- mv_schedule and its kind: what they answer and what they refuse. That runs happen is tested in test/t.
SET timezone = 'UTC';
SET client_min_messages = warning;
CREATE TABLE sched_base AS SELECT 1 AS n;
SELECT action FROM mv_create('sched_view', 'SELECT n FROM sched_base');
SELECT action FROM mv_create('sched_other', 'SELECT n + 1 AS n FROM sched_base');

-- Previews.
SELECT * FROM mv_next_runs('*/15 9 * * mon-fri', 'UTC', 3, '2026-11-20 09:40+00');
SELECT * FROM mv_next_runs('30 2 * * *', 'Europe/Berlin', 3, '2026-03-28 00:00+00');
SELECT * FROM mv_next_runs('30 2 * * *', 'Europe/Berlin', 2, '2026-10-24 12:00+00');
SELECT * FROM mv_next_runs('0 0 L * *', 'UTC', 3, '2028-01-31 12:00+00');
SELECT * FROM mv_next_runs('90 seconds', 'UTC', 3, '2026-11-20 09:40:10+00');
SELECT * FROM mv_next_runs('@hourly', 'UTC', 1, '2026-11-20 09:40+00');
SELECT count(*) FROM mv_next_runs('* * * * *', 'UTC', 0);

-- Texts that are no schedule, with the place of the fault.
SELECT * FROM mv_next_runs('61 * * * *', 'UTC');
SELECT * FROM mv_next_runs('', 'UTC');
SELECT * FROM mv_next_runs('0 0 30 2 *', 'UTC');
SELECT * FROM mv_next_runs('-5 minutes', 'UTC');
SELECT * FROM mv_next_runs('5 parsecs', 'UTC');
SELECT * FROM mv_next_runs('* * * * *', 'Mars/Olympus');
SELECT * FROM mv_next_runs('* * * * *', 'UTC', -1);
SELECT * FROM mv_next_runs('on change', 'UTC');
SELECT * FROM mv_next_runs(NULL, 'UTC');

-- Scheduling. Everything is undone, so that nothing runs beside the other tests.
BEGIN;
SELECT name, schedule, time_zone, next_run_at, action, is_armed FROM mv_schedule('sched_view', '0 0 1 1 *', 'europe/berlin') \gset first_
\echo :first_name :first_schedule :first_time_zone :first_action :first_is_armed
SELECT to_char(:'first_next_run_at'::timestamptz AT TIME ZONE 'Europe/Berlin', 'MM-DD HH24:MI:SS') AS local_time;
SELECT name, time_zone, action FROM mv_schedule('sched_view', '0 0 1 1 *', 'Europe/Berlin');
SELECT name, time_zone, action FROM mv_schedule('sched_view', '0 0 1 1 *');
SELECT name, time_zone, action FROM mv_schedule('sched_view', '0 0 2 1 *');
SELECT name, time_zone, action FROM mv_schedule(ARRAY['sched_view', 'sched_other'], '0 0 2 1 *', 'UTC');
SELECT name, action, message FROM mv_pause('sched_view');
SELECT name, action, message FROM mv_pause('sched_view');
SELECT name, action FROM mv_resume('sched_view');
SELECT name, action FROM mv_resume('sched_view');
-- What a schedule does is no promotion.
SELECT h.promoted_at < s.changed_at AS live_since_before FROM mv_history('sched_view') h, mvmanager.schedules s WHERE s.view = 'sched_view';
SELECT name, action FROM mv_pause();
SELECT name, action, message FROM mv_pause();
SELECT name, action FROM mv_resume();
SELECT name, action, relation FROM mv_unschedule('sched_view');
SELECT name, action, message FROM mv_unschedule('sched_view');
SELECT mv_refresh_async('sched_view') IS NOT NULL AS queued;
SELECT state, reason, strategy FROM mvmanager.run WHERE state = 'queued';
ROLLBACK;
SELECT count(*) FROM mvmanager.schedule;

-- Refusals.
SELECT mv_schedule('sched_view', '7 * *');
SELECT mv_schedule('sched_view', 'lag 5 minutes');
SELECT mv_schedule('sched_view', '5 minutes', 'Nowhere');
SELECT mv_schedule('sched_view', '5 minutes', jitter => '1 minute');
SELECT mv_schedule('sched_view', '5 minutes', time_window => '22:00-06:00');
SELECT mv_schedule('sched_view', '5 minutes', settings => '{}');
SELECT mv_schedule('sched_base', '5 minutes');
SELECT mv_schedule('sched_missing', '5 minutes');
CREATE MATERIALIZED VIEW sched_foreign AS SELECT 1 AS n;
SELECT mv_schedule('sched_foreign', '5 minutes');
SELECT mv_schedule(NULL, '5 minutes');
SELECT mv_schedule(ARRAY['sched_view', 'sched_missing'], '5 minutes');
SELECT mv_pause('sched_view');
SELECT mv_resume('sched_view');
SELECT mv_refresh_async('sched_view', 'fastest');
SELECT mv_refresh_async('sched_view', 'auto', 'n = 1');
SELECT mv_refresh_async('sched_view', 'incremental');
SELECT mv_refresh_async('sched_view', 'partial');
SELECT mv_refresh_async('sched_view', 'partial', 'n > random()');
CALL mv_wait();
CALL mv_wait('sched_view', run => 1);
CALL mv_wait('sched_view', 2);
CALL mv_wait(run => -1);
CALL mv_wait('sched_view', timeout => NULL);
CALL mv_wait('sched_view');
BEGIN; CALL mv_wait('sched_view'); ROLLBACK;
DO $$ BEGIN CALL mv_wait('sched_view'); EXCEPTION WHEN others THEN RAISE WARNING '%', SQLSTATE; END $$;
BEGIN READ ONLY; SELECT mv_schedule('sched_view', '5 minutes'); ROLLBACK;
CREATE ROLE regress_sched_other;
SET ROLE regress_sched_other;
SELECT mv_schedule('sched_view', '5 minutes');
SELECT mv_unschedule('sched_view');
SELECT mv_pause();
SELECT mv_resume();
SELECT mv_refresh_async('sched_view');
CALL mv_wait('sched_view');
SELECT * FROM mvmanager.schedule;
RESET ROLE;
SELECT count(*) FROM mvmanager.schedule;

DROP MATERIALIZED VIEW sched_foreign;
DROP ROLE regress_sched_other;
