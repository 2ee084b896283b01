# A refresh that is cancelled, times out or is terminated in any of its phases leaves the view, the locks, the memory, the files
# and the catalog as they were, and the next one succeeds.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use MvManager;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Refreshing;
use Test::More;

my $node = new_server('interrupted', preload => 'mvmanager,mvmanager_test', conf => "autovacuum = off\n");
prepare_truth($node);
make_view($node);

my %known = map { $_ => 1 } map { @$_ } values %points;
is(join(' ', points_in_source()), join(' ', sort keys %known), 'every wait point of the source is tried');

my $round = 0;
sub change { $round++; $node->safe_psql('postgres', "UPDATE base SET amount = amount + $round, note = note || '+'") }
sub left_behind {
    my ($pid) = @_;
    return $node->safe_psql('postgres', <<"SQL");
SELECT 'lock ' || locktype || ' ' || mode FROM pg_locks WHERE pid = $pid UNION ALL SELECT 'temporary file ' || name FROM pg_ls_tmpdir()
UNION ALL SELECT 'progress ' || phase FROM mvmanager.progress
SQL
}
# What the session's memory contexts hold, the caches of the catalog and of plans excepted: these grow by what other sessions did.
my $memory = q{SELECT sum(used_bytes) FROM pg_backend_memory_contexts WHERE name !~ '(CacheMemoryContext|Local ?Buffer|smgr|Relcache|PgStat|index info|relation rules|Cached|Plan|TypCache|Type|CatCache)'};

for my $strategy (sort keys %points) {
    my $session = session($node);
    my ($pid) = $session->run('SELECT pg_backend_pid()');
    my $call = 'SELECT strategy FROM mv_refresh(' . call_of($strategy) . ')';
    change();
    $session->run($call);
    for my $point (@{ $points{$strategy} }) {
        my $name = "$strategy at $point";
        change();
        my $rows = image($node);
        my $holder = session($node);
        $holder->run("SELECT mvmanager_test.hold('$point')");
        my (@used, $said);
        for my $time (1 .. 4) {
            $session->send($call);
            value($node, 'postgres', "SELECT pg_cancel_backend(mvmanager_test.await('$point'))");
            $said = join "\n", $session->receive;
            push @used, $session->run($memory);
        }
        like($said, qr/57014: canceling statement due to user request/, "$name: cancelled");
        cmp_ok($used[3] - $used[1], '<=', 8192, "$name: no memory is lost") or diag(join ' ', @used, $session->run(q{SELECT string_agg(name || ' ' || b, ', ' ORDER BY b DESC) FROM (SELECT name, sum(used_bytes) AS b FROM pg_backend_memory_contexts GROUP BY name) AS m}));
        is(left_behind($pid), '', "$name: nothing is left");
        is(image($node), $rows, "$name: the old rows are there");

        $said = join "\n", $session->run(q{SET statement_timeout = '400ms'}, $call, 'RESET statement_timeout');
        like($said, qr/57014: canceling statement due to statement timeout/, "$name: timed out");
        is(left_behind($pid), '', "$name: nothing is left");

        my $victim = session($node);
        my ($victim_pid) = $victim->run('SELECT pg_backend_pid()');
        $victim->send($call);
        value($node, 'postgres', "SELECT pg_terminate_backend(mvmanager_test.await('$point'))");
        ok_within($node, 'postgres', 30, "SELECT count(*) = 0 FROM pg_stat_activity WHERE pid = $victim_pid", "$name: terminated");
        is(left_behind($victim_pid), '', "$name: nothing is left");
        $victim->close;

        $holder->close;
        is(image($node), $rows, "$name: the old rows are there");
        is(strays($node), '', "$name: no relation is left");
        like(join("\n", $session->run($call)), told_of($strategy), "$name: the same session's next refresh succeeds");
        truth($node, "$name: and is true");
    }
    is(complaints($node), '', "$strategy: the view is sound");
    $session->close;
}
is(orphans($node), '', 'no file is left');
$node->stop;
my $log = slurp_file($node->logfile);
unlike($log, qr/was terminated by signal|PANIC:|TRAP:|terminate called/, 'no crash');
unlike($log, qr/resource was not closed|reference leak|refcount leak|temporary file leak|buffer refcount|still referenced|WARNING:/, 'nothing leaked');
done_testing();
