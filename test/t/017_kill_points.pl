# kill -9 at each named point of a run: whatever had been written by then, the state that follows is told, the view keeps
# its rows or has the new ones, and schedules go on.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use MvManager;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_server('points', preload => 'mvmanager, mvmanager_test');
$node->safe_psql('postgres', 'CREATE TABLE source (n integer); INSERT INTO source VALUES (1)');
managed($node, 'postgres', 'counted', 'SELECT count(*) AS n FROM source');

# The point, and what the run that was stopped there reads afterwards; nothing where it had no row yet.
my @points = (
    ['scheduler-before-record', ''],
    ['scheduler-after-record', 'crashed'],
    ['worker-started', 'crashed'],
    ['refresh-before-execute', 'crashed'],
    ['worker-before-final', 'crashed'],
    ['worker-before-failure', 'crashed'],
);
for my $case (@points) {
    my ($point, $state) = @$case;
    if ($point eq 'worker-before-failure') {
        $node->safe_psql('postgres', 'CREATE ROLE poor; GRANT CREATE ON SCHEMA public TO poor; ALTER MATERIALIZED VIEW counted OWNER TO poor');
    }
    my $last = value($node, 'postgres', 'SELECT coalesce(max(id), 0) FROM mvmanager.run');
    my $session = background($node, 'postgres');
    hold($session, $point);
    $node->safe_psql('postgres', "SELECT mv_schedule('counted', '1 second')");
    ok_within($node, 'postgres', 30, "SELECT count(*) > 0 FROM mvmanager_test.waiting('$point')", "$point: reached");
    my $pid = value($node, 'postgres', "SELECT min(waiting) FROM mvmanager_test.waiting('$point')");
    my $offset = -s $node->logfile;
    kill 'KILL', $pid;
    $node->wait_for_log(qr/database system is ready to accept connections/, $offset);
    $session->{run}->kill_kill;
    if ($point eq 'worker-before-failure') {
        $node->safe_psql('postgres', 'GRANT SELECT ON source TO poor');
    }
    $node->safe_psql('postgres', 'INSERT INTO source VALUES (1)');
    my $rows = value($node, 'postgres', 'SELECT count(*) FROM source');
    ok_within($node, 'postgres', 40, "SELECT n = $rows FROM counted", "$point: the next run happens");
    is(value($node, 'postgres', "SELECT coalesce((SELECT state FROM mvmanager.run WHERE id > $last AND state <> 'succeeded' ORDER BY id LIMIT 1), '')"), $state, "$point: the run reads " . ($state || 'nothing'));
    $node->safe_psql('postgres', "SELECT mv_unschedule('counted')");
    ok(settle($node, 'postgres'), "$point: no run stays open");
}
$node->stop;
done_testing();
