# A session that is killed at any stage of mv_refresh takes the server through recovery and leaves the view and its records
# as they were; the next call works. And a standby refuses the call.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use MvManager;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_server('refresh_crash', preload => 'mvmanager,mvmanager_test', init => { allows_streaming => 1 });
$node->safe_psql('postgres', <<'SQL');
CREATE TABLE base (id int, amount numeric);
INSERT INTO base VALUES (1, 1.0), (2, 2.0);
CREATE MATERIALIZED VIEW v AS SELECT id, amount FROM base;
CREATE UNIQUE INDEX v_id ON v (id);
SELECT mv_adopt('v');
SQL

my $truth = <<'SQL';
WITH v AS (SELECT r::text COLLATE "C" AS image FROM v r), q AS (SELECT r::text COLLATE "C" AS image FROM base r)
SELECT (SELECT count(*) FROM (SELECT image FROM q EXCEPT ALL SELECT image FROM v) m) || ' missing, '
    || (SELECT count(*) FROM (SELECT image FROM v EXCEPT ALL SELECT image FROM q) e) || ' extra'
SQL
my $records = <<'SQL';
SELECT v.refreshes_total, v.failures_total, v.last_refresh_at, (SELECT count(*) FROM mvmanager.run) FROM mvmanager.view v
SQL

is(value($node, 'postgres', "SELECT strategy FROM mv_refresh('v')"), 'diff', 'it works before');
for my $strategy ('native', 'concurrently') {
    for my $point ('refresh-after-lock', 'refresh-before-execute', 'refresh-after-execute', 'refresh-before-record') {
        my $before = value($node, 'postgres', $records);
        my $rows = value($node, 'postgres', 'SELECT string_agg(v::text, \',\' ORDER BY id) FROM v');
        $node->safe_psql('postgres', 'UPDATE base SET amount = amount + 1; CHECKPOINT');
        my $holder = background($node, 'postgres');
        hold($holder, $point);
        my $refresher = background($node, 'postgres');
        $refresher->query_until(qr/started/, "\\echo started\nSELECT mv_refresh('v', '$strategy');\n");
        my $pid = value($node, 'postgres', "SELECT mvmanager_test.await('$point')");
        kill 'KILL', $pid;
        $node->poll_query_until('postgres', "SELECT pg_postmaster_start_time() IS NOT NULL AND NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = $pid)");
        eval { $_->quit } for $holder, $refresher;

        is(value($node, 'postgres', 'SELECT string_agg(v::text, \',\' ORDER BY id) FROM v'), $rows, "$strategy, killed at $point: the old rows are there");
        is(value($node, 'postgres', $records), $before, 'the records are as before');
        is(value($node, 'postgres', 'SELECT count(*) FROM pg_class WHERE relname LIKE \'pg_temp_%\''), '0', 'no transient relation is left');
        is(value($node, 'postgres', "SELECT strategy FROM mv_refresh('v', '$strategy')"), $strategy, 'the next call works');
        is(value($node, 'postgres', $truth), '0 missing, 0 extra', 'and makes the view true');
    }
}

$node->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('refresh_standby');
$standby->init_from_backup($node, 'base', has_streaming => 1);
$standby->start;
for my $call ("mv_refresh('v')", 'mv_refresh_all()') {
    my ($rc, $out, $err) = $standby->psql('postgres', "\\set VERBOSITY verbose\nSELECT * FROM $call");
    my $name = $call =~ s/\(.*//r;
    like($err, qr/ERROR:  25006: cannot execute \Q$name\E\(\) during recovery/, "a standby refuses $name");
}
$standby->stop;
$node->stop;
done_testing();
