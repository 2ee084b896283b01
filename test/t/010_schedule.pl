# Schedules run on time, in two databases, with the library preloaded and without; calls take effect at commit.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use MvManager;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_server('preloaded');
$node->safe_psql('postgres', 'CREATE DATABASE second');
$node->safe_psql('second', 'CREATE EXTENSION mvmanager');
managed($node, $_, 'ticks', 'SELECT clock_timestamp() AS at') for 'postgres', 'second';

is(value($node, 'postgres', "SELECT action || ' ' || is_armed FROM mv_schedule('ticks', '1 second')"), 'scheduled true', 'scheduled');
is(value($node, 'second', "SELECT action || ' ' || is_armed FROM mv_schedule('ticks', '*/2 * * * * *')"), 'scheduled true', 'scheduled in another database, by cron with seconds');
is(value($node, 'postgres', "SELECT action FROM mv_schedule('ticks', '1 second')"), 'unchanged', 'the same call again changes nothing');

for my $database ('postgres', 'second') {
    ok_within($node, $database, 30, "SELECT count(*) >= 3 FROM mvmanager.run WHERE state = 'succeeded' AND reason = 'schedule'", "three runs in $database");
    is(value($node, $database, "SELECT bool_and(started_at >= scheduled_for AND started_at < scheduled_for + interval '1 second') FROM mvmanager.run WHERE reason = 'schedule' AND started_at IS NOT NULL"),
        't', "never early, within a second of due in $database");
    is(value($node, $database, "SELECT count(*) = count(DISTINCT scheduled_for) FROM mvmanager.run WHERE reason = 'schedule'"), 't', "each due time once in $database");
}
is(value($node, 'postgres', "SELECT (SELECT at FROM ticks) > (SELECT min(finished_at) FROM mvmanager.run WHERE reason = 'schedule')"), 't', 'the rows are new');
is(value($node, 'postgres', "SELECT count(*) FROM pg_stat_activity WHERE backend_type LIKE 'mvmanager%' AND state IS DISTINCT FROM 'active' AND backend_xmin IS NOT NULL"), '0', 'idle processes hold no snapshot');
is(value($node, 'postgres', "SELECT count(*) FROM mvmanager.processes() WHERE kind = 'launcher'"), '1', 'one launcher');

# A change takes effect at commit, and not when it is rolled back.
$node->safe_psql('postgres', "SELECT mv_unschedule('ticks')");
ok(settle($node, 'postgres'), 'nothing runs after mv_unschedule');
managed($node, 'postgres', 'quiet', 'SELECT 1 AS one');
$node->safe_psql('postgres', "BEGIN; SELECT mv_schedule('quiet', '1 second'); SELECT mv_refresh_async('quiet'); ROLLBACK");
my $run = value($node, 'postgres', "SELECT mv_refresh_async('quiet')");
$node->safe_psql('postgres', "CALL mv_wait(run => $run, timeout => '20 s')");
is(value($node, 'postgres', "SELECT state || ' ' || reason FROM mvmanager.run WHERE id = $run"), 'succeeded async', 'mv_refresh_async runs, mv_wait waits');
is(value($node, 'postgres', "SELECT count(*) FROM mvmanager.run WHERE view_id = (SELECT id FROM mvmanager.view WHERE view_name = 'quiet') AND id <> $run AND reason <> 'manual'"), '0', 'nothing of what was rolled back ran');

# A failing run: recorded with its SQLSTATE, raised by mv_wait, and the view keeps its rows.
$node->safe_psql('postgres', 'CREATE TABLE divisor AS SELECT 1 AS d');
managed($node, 'postgres', 'broken', 'SELECT 10 / d AS q FROM divisor');
$node->safe_psql('postgres', 'UPDATE divisor SET d = 0');
$run = value($node, 'postgres', "SELECT mv_refresh_async('broken')");
my ($rc, $out, $err) = $node->psql('postgres', "\\set VERBOSITY verbose\nCALL mv_wait(run => $run, timeout => '20 s')");
like($err, qr/ERROR:  22012: refresh of public\.broken \(run $run\) failed: division by zero/, 'mv_wait raises the error of the run');
is(value($node, 'postgres', "SELECT state || ' ' || sqlstate || ' ' || message FROM mvmanager.run WHERE id = $run"), 'failed 22012 division by zero', 'the failure is recorded');
is(value($node, 'postgres', 'SELECT q FROM broken'), '10', 'the view keeps its rows');
($rc, $out, $err) = $node->psql('postgres', "BEGIN; CALL mv_wait(run => $run)");
like($err, qr/mv_wait cannot run inside a transaction block/, 'mv_wait refuses a transaction block');

# Suspension after failures in a row, and the way back.
$node->safe_psql('postgres', "ALTER SYSTEM SET mvmanager.suspend_after = 2");
$node->reload;
$node->safe_psql('postgres', "SELECT mv_schedule('broken', '1 second')");
ok_within($node, 'postgres', 30, "SELECT suspended = 'failures' FROM mvmanager.schedule", 'suspended after two failures in a row');
ok(settle($node, 'postgres'), 'no run is open');
is(value($node, 'postgres', "SELECT count(*) FROM mvmanager.run WHERE state = 'failed' AND reason = 'schedule'"), '2', 'exactly two runs failed');
$node->safe_psql('postgres', 'UPDATE divisor SET d = 5');
is(value($node, 'postgres', "SELECT action FROM mv_resume('broken')"), 'resumed', 'resumed');
ok_within($node, 'postgres', 30, 'SELECT q = 2 FROM broken', 'it runs again');

# Pause of everything: due runs wait.
is(value($node, 'postgres', 'SELECT action FROM mv_pause()'), 'paused', 'paused');
ok(settle($node, 'postgres'), 'no run is open while paused');
my $before = value($node, 'postgres', 'SELECT max(id) FROM mvmanager.run');
$run = value($node, 'postgres', "SELECT mv_refresh_async('broken')");
$node->safe_psql('postgres', "CALL mv_wait(run => $run, timeout => '20 s')");
is(value($node, 'postgres', "SELECT count(*) FROM mvmanager.run WHERE id > $before AND reason = 'schedule'"), '0', 'a pause holds schedules back, not what is asked for by name');
is(value($node, 'postgres', 'SELECT action FROM mv_resume()'), 'resumed', 'resumed');
ok_within($node, 'postgres', 20, "SELECT count(*) > 0 FROM mvmanager.run WHERE id > $run AND reason = 'schedule'", 'schedules go on');

my $last;
# Who changes one schedule in a long transaction stops no other.
my $session = background($node, 'postgres');
$session->query_safe('BEGIN');
$session->query_safe("SELECT mv_pause('broken')");
$node->safe_psql('postgres', "SELECT mv_schedule('quiet', '1 second')");
ok_within($node, 'postgres', 20, "SELECT count(*) >= 2 FROM mvmanager.run r JOIN mvmanager.view v ON v.id = r.view_id WHERE v.view_name = 'quiet' AND r.reason = 'schedule' AND r.state = 'succeeded'", 'others run while one schedule is being changed');
$last = value($node, 'postgres', 'SELECT max(id) FROM mvmanager.run');
$session->query_safe('ROLLBACK');
$session->quit;
ok_within($node, 'postgres', 10, "SELECT count(*) > 0 FROM mvmanager.run r JOIN mvmanager.view v ON v.id = r.view_id WHERE r.id > $last AND v.view_name = 'broken' AND r.state = 'succeeded'", 'rolled back, it goes on at once');
$node->safe_psql('postgres', "SELECT mv_unschedule('quiet')");

# Schedules survive a restart; old history goes, young history stays.
my $young = value($node, 'postgres', 'SELECT max(id) FROM mvmanager.run WHERE finished_at IS NOT NULL');
$node->safe_psql('postgres', "UPDATE mvmanager.run SET finished_at = now() - interval '31 days' WHERE id < 4");
$node->restart;
ok_within($node, 'postgres', 20, "SELECT count(*) = 0 FROM mvmanager.run WHERE id < 4", 'runs older than mvmanager.keep_runs are deleted');
is(value($node, 'postgres', "SELECT count(*) FROM mvmanager.run WHERE id = $young"), '1', 'younger ones are kept');
$last = value($node, 'postgres', 'SELECT max(id) FROM mvmanager.run');
ok_within($node, 'postgres', 20, "SELECT count(*) > 0 FROM mvmanager.run WHERE id > $last AND state = 'succeeded'", 'schedules go on after a restart');
$node->safe_psql('postgres', "ALTER SYSTEM SET mvmanager.scheduler = off");
$node->reload;
ok_within($node, 'postgres', 20, "SELECT count(*) = 0 FROM pg_stat_activity WHERE backend_type = 'mvmanager coordinator'", 'mvmanager.scheduler = off ends the coordinators');
is(value($node, 'postgres', 'SELECT DISTINCT state FROM mvmanager.schedules'), 'off', 'and the views say so');
is(value($node, 'postgres', 'SELECT count(next_run_at) FROM mvmanager.status'), '0', 'nothing is shown as due');
$node->safe_psql('postgres', "ALTER SYSTEM RESET mvmanager.scheduler");
$node->safe_psql('postgres', "ALTER SYSTEM SET mvmanager.databases = 'elsewhere, template1'");
$node->reload;
ok_within($node, 'postgres', 20, 'SELECT NOT is_served FROM mvmanager.scheduler', 'nor are they run in a database that mvmanager.databases leaves out');
$node->safe_psql('postgres', "ALTER SYSTEM RESET mvmanager.databases");
$node->safe_psql('postgres', "ALTER SYSTEM RESET mvmanager.scheduler");
$node->reload;
$last = value($node, 'postgres', 'SELECT max(id) FROM mvmanager.run');
ok_within($node, 'postgres', 20, "SELECT count(*) > 0 FROM mvmanager.run WHERE id > $last AND state = 'succeeded'", 'and on again starts them');
$node->stop;

# Without preload: the first call starts the launcher, which leaves when nothing is left.
$node = new_server('late', preload => '');
is(value($node, 'postgres', 'SELECT mvmanager.launcher_pid() IS NULL'), 't', 'no launcher before the first schedule');
managed($node, 'postgres', 'ticks', 'SELECT clock_timestamp() AS at');
($rc, $out, $err) = $node->psql('postgres', "SELECT message FROM mv_schedule('ticks', '1 second')");
like($err, qr/NOTICE:  the launcher of mvmanager was started/, 'a notice says what was started');
like($out, qr/shared_preload_libraries/, 'the message says what to set');
ok_within($node, 'postgres', 30, "SELECT count(*) >= 2 FROM mvmanager.run WHERE state = 'succeeded' AND reason = 'schedule'", 'runs without preload');
$node->safe_psql('postgres', "SELECT mv_unschedule('ticks')");
ok_within($node, 'postgres', 40, "SELECT count(*) = 0 FROM pg_stat_activity WHERE backend_type LIKE 'mvmanager%'", 'the launcher leaves when nothing is left to do');
$node->safe_psql('postgres', "SET client_min_messages = error; SELECT mv_schedule('ticks', '1 second')");
ok_within($node, 'postgres', 30, "SELECT max(id) > 2 FROM mvmanager.run WHERE state = 'succeeded'", 'and comes again');
$node->stop;

done_testing();
