# No background worker slot: a clear error where somebody asks for the launcher, patience where runs are due.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use MvManager;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_server('slots', preload => '', conf => "max_worker_processes = 0\nmax_logical_replication_workers = 0\n");
managed($node, 'postgres', 'ticks', 'SELECT clock_timestamp() AS at');
my ($rc, $out, $err) = $node->psql('postgres', "\\set VERBOSITY verbose\nSELECT mv_schedule('ticks', '1 second')");
like($err, qr/ERROR:  53400: cannot start the launcher of mvmanager: no background worker slot is free/, 'mv_schedule says what is missing');
like($err, qr/HINT:  Increase max_worker_processes \(now 0\)/, 'and what to do');
is(value($node, 'postgres', 'SELECT count(*) FROM mvmanager.schedule'), '0', 'nothing was changed');
is(value($node, 'postgres', 'SELECT count(*) FROM mvmanager.local'), '0', 'nothing was armed');

# Room for the launcher, the replication launcher and a coordinator, none for a worker.
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'mvmanager'\nmax_worker_processes = 2\n");
$node->restart;
my $offset = -s $node->logfile;
$node->safe_psql('postgres', "SELECT mv_schedule('ticks', '1 second')");
$node->wait_for_log(qr/mvmanager cannot start a worker: no background worker slot is free/, $offset);
pass('the shortage is logged');
ok_within($node, 'postgres', 20, "SELECT next_due < now() - interval '3 seconds' FROM mvmanager.schedule", 'the due time stays');
is(value($node, 'postgres', "SELECT count(*) FROM mvmanager.run WHERE reason = 'schedule'"), '0', 'no run failed for it');
my @said = slurp_file($node->logfile, $offset) =~ /cannot start a worker/g;
is(scalar(@said), 1, 'it is said once');
$node->append_conf('postgresql.conf', "max_worker_processes = 8\n");
$node->restart;
ok_within($node, 'postgres', 20, "SELECT count(*) >= 2 FROM mvmanager.run WHERE state = 'succeeded' AND reason = 'schedule'", 'with room it runs');
is(value($node, 'postgres', "SELECT count(*) FROM mvmanager.run WHERE reason = 'schedule' AND started_at - scheduled_for > interval '3 seconds'"), '1', 'what was missed is made up by one run');

# More due than slots: each database and each view has its turn.
$node->safe_psql('postgres', 'CREATE DATABASE second');
$node->safe_psql('second', 'CREATE EXTENSION mvmanager');
for my $database ('postgres', 'second') {
    # The sleep is the refresh under test: runs that take a while compete for the slots.
    managed($node, $database, "v$_", "SELECT pg_sleep(0.2)::text, $_ AS n") for 1 .. 4;
    $node->safe_psql($database, "SELECT mv_schedule(ARRAY['v1','v2','v3','v4'], '1 second')");
}
for my $database ('postgres', 'second') {
    ok_within($node, $database, 60, "SELECT count(*) = 4 FROM (SELECT view_id FROM mvmanager.run WHERE reason = 'schedule' AND state = 'succeeded' AND view_id IN (SELECT id FROM mvmanager.view WHERE view_name LIKE 'v_') GROUP BY 1 HAVING count(*) >= 2) s", "$database: every view has its turn");
}
cmp_ok(scalar(pids_of($node, 'worker')), '<=', 2, 'never more workers than mvmanager.max_workers');

# After a restart each database is found, however busy those found first are.
for my $database ('postgres', 'second') {
    $node->safe_psql($database, "SELECT mv_unschedule(view) FROM mvmanager.schedules WHERE view <> 'v1'");
}
for my $database ('third', 'fourth') {
    $node->safe_psql('postgres', "CREATE DATABASE $database");
    $node->safe_psql($database, 'CREATE EXTENSION mvmanager');
    managed($node, $database, 'ticks', 'SELECT clock_timestamp() AS at');
    $node->safe_psql($database, "SELECT mv_schedule('ticks', '1 second')");
}
$node->append_conf('postgresql.conf', "max_worker_processes = 16\n");
$node->restart;
for my $database ('postgres', 'second', 'third', 'fourth') {
    ok_within($node, $database, 30, "SELECT count(*) >= 1 FROM mvmanager.run WHERE reason = 'schedule' AND state = 'succeeded' AND started_at > pg_postmaster_start_time() + interval '2 seconds'", "$database: found after a restart");
}
$node->stop;
done_testing();
