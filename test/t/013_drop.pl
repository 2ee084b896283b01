# DROP EXTENSION while a refresh runs, also rolled back; DROP DATABASE plain and with FORCE, RENAME, CREATE DATABASE ...
# TEMPLATE beside a busy scheduler. A copied database is inert until mv_resume().
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use MvManager;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);

my $node = new_server('drop');

# A database with a view that refreshes every second and one whose run takes for ever.
sub busy {
    my ($database) = @_;
    $node->safe_psql('postgres', "CREATE DATABASE $database");
    $node->safe_psql($database, 'CREATE EXTENSION mvmanager; CREATE TABLE wait AS SELECT 0 AS seconds');
    managed($node, $database, 'ticks', 'SELECT clock_timestamp() AS at');
    # The sleep is the refresh under test, which lasts until somebody ends it.
    managed($node, $database, 'slow', 'SELECT pg_sleep(seconds)::text FROM wait');
    $node->safe_psql($database, 'UPDATE wait SET seconds = 1000');
    $node->safe_psql($database, "SELECT mv_schedule(ARRAY['ticks', 'slow'], '1 second')");
    ok_within($node, $database, 30, "SELECT count(*) = 1 FROM mvmanager.run WHERE state = 'running' AND started_at < now() - interval '0.2 seconds'", "$database: a run is at work");
    ok_within($node, $database, 30, "SELECT count(*) >= 2 FROM mvmanager.run WHERE state = 'succeeded' AND reason = 'schedule'", "$database: others succeed meanwhile");
}
sub runs_again {
    my ($database, $name) = @_;
    my $last = value($node, $database, 'SELECT max(id) FROM mvmanager.run');
    ok_within($node, $database, 30, "SELECT count(*) > 1 FROM mvmanager.run WHERE id > $last AND state = 'succeeded'", $name);
}
sub in_time {
    my ($seconds, $name, $database, $sql) = @_;
    my $began = time;
    my ($rc, $out, $err) = $node->psql($database, $sql);
    my $took = time - $began;
    is($rc, 0, $name) or diag($err);
    cmp_ok($took, '<', $seconds, "$name: within $seconds seconds") or diag("$took seconds");
}

busy('one');
in_time(6, 'DROP EXTENSION rolled back', 'one', 'BEGIN; DROP EXTENSION mvmanager; ROLLBACK');
runs_again('one', 'a DROP EXTENSION that is rolled back lets schedules go on');
ok_within($node, 'one', 20, "SELECT count(*) = 1 FROM mvmanager.run WHERE state = 'running'", 'the long run is made up');
in_time(6, 'DROP EXTENSION while a refresh runs', 'one', 'DROP EXTENSION mvmanager');
is(value($node, 'one', "SELECT count(*) FROM pg_class WHERE relkind = 'm' AND relname IN ('ticks', 'slow')"), '2', 'the views stay');
ok_within($node, 'postgres', 10, "SELECT count(*) = 0 FROM pg_stat_activity WHERE backend_type LIKE 'mvmanager%' AND datname = 'one'", 'no process stays');

busy('two');
in_time(6, 'ALTER DATABASE RENAME', 'postgres', 'ALTER DATABASE two RENAME TO deux');
runs_again('deux', 'schedules go on in the renamed database');
in_time(6, 'CREATE DATABASE ... TEMPLATE', 'postgres', 'CREATE DATABASE copy TEMPLATE deux');
runs_again('deux', 'schedules go on in the original');

# The copy: inert, says so, and is armed by mv_resume().
my $last = value($node, 'copy', 'SELECT max(id) FROM mvmanager.run');
my ($rc, $out, $err) = $node->psql('copy', "SELECT is_armed FROM mv_schedule('ticks', '2 seconds')");
is($out, 'f', 'mv_schedule in the copy schedules, unarmed');
like($err, qr/not armed/, 'and says so');
runs_again('deux', 'the original runs meanwhile');
is(value($node, 'copy', "SELECT count(*) FROM mvmanager.run WHERE id > $last"), '0', 'nothing ran in the copy');
my $offset = -s $node->logfile;
$node->restart;
$node->wait_for_log(qr/schedules of database "copy" are not armed: call mv_resume\(\)/, $offset);
pass('the log says that the copy is not armed');
# One worker is busy in the original for ever: the copy gets the other.
$node->safe_psql('copy', "SELECT mv_unschedule('slow')");
is(value($node, 'copy', 'SELECT action FROM mv_resume()'), 'armed', 'mv_resume arms it');
runs_again('copy', 'then it runs');

in_time(6, 'DROP DATABASE', 'postgres', 'DROP DATABASE copy');
in_time(6, 'DROP DATABASE ... WITH (FORCE)', 'postgres', 'DROP DATABASE deux WITH (FORCE)');
busy('three');
pass('the scheduler goes on for other databases');
unlike(slurp_file($node->logfile), qr/was terminated by signal|PANIC/, 'nothing crashed');
$node->stop;
done_testing();
