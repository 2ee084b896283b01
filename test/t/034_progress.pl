# mvmanager.progress: what others see of a refresh while it runs, and who sees it.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use MvManager;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_server('progress', preload => 'mvmanager,mvmanager_test');
$node->safe_psql('postgres', <<'SQL');
CREATE ROLE owner_of_it; CREATE ROLE reader; CREATE ROLE column_reader; CREATE ROLE stranger; CREATE ROLE monitor IN ROLE pg_monitor;
CREATE SCHEMA shop AUTHORIZATION owner_of_it;
SET ROLE owner_of_it;
CREATE TABLE shop.base AS SELECT g AS id, g % 10 AS grp FROM generate_series(1, 3000) g;
CREATE MATERIALIZED VIEW shop.v AS SELECT id, grp FROM shop.base;
CREATE UNIQUE INDEX v_id ON shop.v (id);
GRANT SELECT ON shop.v TO reader;
GRANT SELECT (grp) ON shop.v TO column_reader;
CREATE TABLE shop.divisor AS SELECT 1 AS n;
CREATE MATERIALIZED VIEW shop.quotient AS SELECT 1 / n AS result FROM shop.divisor;
RESET ROLE;
SELECT mv_adopt('shop.v'), mv_adopt('shop.quotient');
CREATE DATABASE other;
SQL
$node->safe_psql('other', 'CREATE EXTENSION mvmanager; CREATE MATERIALIZED VIEW w AS SELECT 1 AS n; SELECT mv_adopt(\'w\')');

my $holder = background($node, 'postgres');
my $refresher;

# A refresh that waits at the point; its process id.
sub refresh_held_at {
    my ($point, $call) = @_;
    hold($holder, $point);
    $refresher = background($node, 'postgres');
    $refresher->query_until(qr/started/, "\\echo started\n$call;\n");
    return value($node, 'postgres', "SELECT mvmanager_test.await('$point')");
}
sub let_go {
    my ($point) = @_;
    release_point($holder, $point);
    $refresher->quit;
}
my $row = 'SELECT schema, view, strategy, phase, run_id IS NULL, blocked_by IS NULL, percent IS NULL, started_at <= phase_started_at FROM mvmanager.progress';

is(value($node, 'postgres', 'SELECT count(*) FROM mvmanager.progress'), '0', 'nothing runs, nothing is shown');

# Each phase that refresh::run itself goes through. Before the last one core has analyzed a table.
for (['refresh-before-lock', 'waiting for locks', 'concurrently'], ['refresh-after-lock', 'waiting for locks', 'native'],
     ['refresh-before-execute', 'planning', 'native'],
     ['refresh-before-record', 'recording', 'native'], ['refresh-before-record', 'recording', 'concurrently']) {
    my ($point, $phase, $strategy) = @$_;
    my $pid = refresh_held_at($point, "SELECT mv_refresh('shop.v', '$strategy')");
    is(value($node, 'postgres', "$row WHERE pid = $pid"), "shop|v|$strategy|$phase|t|f|t|t", "held at $point: $phase");
    is(value($node, 'postgres', "SELECT count(*) FROM mvmanager.progress WHERE started_at > now() - interval '5 min' AND started_at <= now()"),
        '1', 'it says since when');
    is(value($node, 'other', 'SELECT count(*) FROM mvmanager.progress'), '0', 'another database has no part in it');
    let_go($point);
    is(value($node, 'postgres', 'SELECT count(*) FROM mvmanager.progress'), '0', 'it is gone at the end');
}

# The phases of the strategies, with what they have counted by then. What looks never waits, not even for the lock of a swap.
$node->safe_psql('postgres', 'ANALYZE shop.base, shop.v');
for (['diff', 'diff-before-scan', 'planning', 'rows_read IS NULL AND percent IS NULL'],
     ['diff', 'diff-after-scan', 'scanning view', 'rows_read = 2048 AND rows_estimated = 3000 AND percent = 68.3'],
     ['diff', 'diff-streaming', 'running query', 'rows_read = 0 AND rows_estimated > 0 AND percent = 0.0'],
     ['diff', 'diff-before-apply', 'running query', 'rows_read = 2048 AND rows_written IS NULL'],
     ['diff', 'diff-after-apply', 'analyzing', 'rows_written = 1024'],
     ['swap', 'swap-filling', 'filling new storage', 'rows_read = 0 AND rows_written = 0'],
     ['swap', 'swap-before-index', 'filling new storage', 'rows_written = 2048 AND percent BETWEEN 10 AND 90'],
     ['swap', 'swap-before-lock', 'waiting to swap', 'indexes_done = 0 AND indexes_total = 1 AND blocked_by IS NOT NULL'],
     ['swap', 'swap-locked', 'swapping', 'rows_written = 2048']) {
    my ($strategy, $point, $phase, $counted) = @$_;
    $node->safe_psql('postgres', 'UPDATE shop.base SET grp = grp + 1 WHERE id <= 1500');
    my $pid = refresh_held_at($point, "SELECT mv_refresh('shop.v', '$strategy')");
    is(value($node, 'postgres', "SELECT strategy, phase FROM mvmanager.progress WHERE pid = $pid"), "$strategy|$phase", "held at $point: $phase");
    is(value($node, 'postgres', "SELECT $counted FROM mvmanager.progress WHERE pid = $pid"), 't', $counted)
      or diag(value($node, 'postgres', "SELECT * FROM mvmanager.progress WHERE pid = $pid"));
    let_go($point);
}
# auto is the strategy that it goes over to.
{
    $node->safe_psql('postgres', 'UPDATE shop.base SET grp = grp + 1');
    my $pid = refresh_held_at('swap-before-lock', "SELECT mv_refresh('shop.v')");
    is(value($node, 'postgres', "SELECT strategy, phase FROM mvmanager.progress WHERE pid = $pid"), 'swap|waiting to swap', 'auto tells what it does');
    let_go('swap-before-lock');
}

# Who sees it. The first lock is a wait point's, so that no relation is locked and nobody waits to look.
{
    my $pid = refresh_held_at('refresh-before-lock', "SET ROLE owner_of_it; SELECT mv_refresh('shop.v')");
    my %sees = (owner_of_it => 1, reader => 1, column_reader => 1, monitor => 1, stranger => 0);
    for my $role (sort keys %sees) {
        is(value($node, 'postgres', "SET ROLE $role; SELECT count(*) FROM mvmanager.progress WHERE pid = $pid"), $sees{$role},
            "$role sees " . ($sees{$role} ? 'it' : 'nothing'));
        is(value($node, 'postgres', "SET ROLE $role; SELECT count(*) FROM mvmanager.refreshes_running() WHERE pid = $pid"), $sees{$role},
            '... below the view too');
    }
    let_go('refresh-before-lock');
}

# Whom it waits for.
{
    my $reader = background($node, 'postgres');
    my $reading = $reader->query_safe('BEGIN; SELECT pg_backend_pid() FROM shop.v LIMIT 1');
    $refresher = background($node, 'postgres');
    $refresher->query_until(qr/started/, "\\echo started\nSELECT mv_refresh('shop.v', 'native');\n");
    ok_within($node, 'postgres', 30, "SELECT blocked_by = ARRAY[$reading] AND phase = 'waiting for locks' FROM mvmanager.progress",
        'whose lock it waits for is shown');
    $reader->query_safe('COMMIT');
    $reader->quit;
    $refresher->quit;
}

# An error, a cancel and a rolled back savepoint take it away.
{
    my $pid = refresh_held_at('refresh-after-lock', "SELECT mv_refresh('shop.v', 'native')");
    value($node, 'postgres', "SELECT pg_cancel_backend($pid)");
    ok_within($node, 'postgres', 30, 'SELECT count(*) = 0 FROM mvmanager.progress', 'a cancelled refresh is gone');
    let_go('refresh-after-lock');

    is(value($node, 'postgres', <<'SQL'), '0', 'so is one that failed in a subtransaction of a transaction that goes on');
UPDATE shop.divisor SET n = 0;
BEGIN;
DO $$ BEGIN PERFORM mv_refresh('shop.quotient', 'native'); EXCEPTION WHEN division_by_zero THEN NULL; END $$;
SELECT count(*) FROM mvmanager.progress;
COMMIT;
SQL
}

# A report of core's that the call runs under is there again afterwards: COPY counts its rows.
{
    my $copying = background($node, 'postgres');
    my $point = 'after-the-refresh';
    hold($holder, $point);
    $copying->query_until(qr/started/, <<"SQL");
\\echo started
COPY (SELECT 1 UNION ALL SELECT 1 FROM mv_refresh('shop.v', 'native') UNION ALL SELECT 1 FROM mvmanager_test.pass('$point')) TO STDOUT;
SQL
    value($node, 'postgres', "SELECT mvmanager_test.await('$point')");
    is(value($node, 'postgres', 'SELECT command, type, tuples_processed FROM pg_stat_progress_copy'), 'COPY TO|PIPE|2', 'core\'s report goes on');
    is(value($node, 'postgres', 'SELECT count(*) FROM mvmanager.progress'), '0', 'and ours is over');
    release_point($holder, $point);
    $copying->quit;
}

# Without track_activities nothing is told and everything works.
{
    my $pid = refresh_held_at('refresh-after-lock', "SET track_activities = off; SELECT mv_refresh('shop.v', 'native')");
    is(value($node, 'postgres', 'SELECT count(*) FROM mvmanager.progress'), '0', 'with track_activities off nothing is shown');
    let_go('refresh-after-lock');
    is(value($node, 'postgres', 'SELECT state FROM mvmanager.runs ORDER BY run_id DESC LIMIT 1'), 'succeeded', 'and the refresh succeeds');
}

# The worker's refresh carries its run.
{
    hold($holder, 'refresh-after-lock');
    my $run = value($node, 'postgres', "SELECT mv_refresh_async('shop.v', 'native')");
    value($node, 'postgres', "SELECT mvmanager_test.await('refresh-after-lock')");
    is(value($node, 'postgres', "SELECT run_id = $run AND pid = (SELECT pid FROM mvmanager.runs WHERE run_id = $run) FROM mvmanager.progress"),
        't', 'a run of the worker is shown with its number');
    release_point($holder, 'refresh-after-lock');
    ok(settle($node, 'postgres'), 'and ends');
}

$holder->quit;
$node->stop;
done_testing();
