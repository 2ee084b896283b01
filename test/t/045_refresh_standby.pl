# A hot standby reads through refreshes on the primary: by diff and partial it never waits and keeps what a transaction has
# seen, by swap it has the new rows once the switch is replayed. To logical decoding a swap is silent.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use MvManager;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Refreshing;
use Test::More;

my $primary = new_server('primary', preload => 'mvmanager,mvmanager_test', init => { allows_streaming => 'logical' }, conf => "autovacuum = off\n");
prepare_truth($primary);
make_view($primary);
$primary->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'base', has_streaming => 1);
$standby->append_conf('postgresql.conf', "hot_standby_feedback = on\nmax_standby_streaming_delay = -1\n");
$standby->start;

my $decoding = $primary->psql('postgres', q{SELECT pg_create_logical_replication_slot('decoded', 'test_decoding')}) == 0;
note('no output plugin test_decoding here') unless $decoding;
sub decoded {
    my ($what) = @_;
    return value($primary, 'postgres', "SELECT string_agg(DISTINCT split_part(data, ':', 1) || split_part(data, ':', 2), ', ') FROM pg_logical_slot_get_changes('decoded', NULL, NULL) WHERE $what");
}
my $of_views = q{data LIKE 'table public.v:%' OR data LIKE 'table mvmanager_data.%' OR data LIKE 'table pg_%' OR data LIKE '%pg_temp_%'};

sub change { $primary->safe_psql('postgres', "UPDATE base SET amount = amount + 1, note = note || '+'; DELETE FROM base WHERE id = (SELECT max(id) FROM base); CHECKPOINT") }
my $sum = 'SELECT sum(amount)::text || count(*) FROM v';

for my $strategy (sort keys %points) {
    my $call = 'SELECT strategy FROM mv_refresh(' . call_of($strategy) . ')';
    my $gentle = $strategy =~ /diff|partial|concurrently/;
    change();
    decoded('true') if $decoding;

    # A transaction on the standby that has read the view.
    $primary->wait_for_catchup($standby, 'replay', $primary->lsn('insert'));
    my $reader = session($standby);
    my ($old) = $reader->run('BEGIN ISOLATION LEVEL REPEATABLE READ', $sum);
    like(value($primary, 'postgres', $call), told_of($strategy), "$strategy: refreshed while the standby reads");
    if ($gentle) {
        ok($primary->wait_for_catchup($standby, 'replay', $primary->lsn('insert')) // 1, "$strategy: replay does not wait for the reader");
        is(join('', $reader->run($sum)), $old, "$strategy: the transaction on the standby keeps its rows");
        isnt(value($standby, 'postgres', $sum), $old, "$strategy: others there have the new ones");
        $reader->run('COMMIT');
    } else {
        is(join('', $reader->run($sum)), $old, "$strategy: the transaction on the standby goes on");
        $reader->run('COMMIT');
        $primary->wait_for_catchup($standby, 'replay', $primary->lsn('insert'));
        isnt(value($standby, 'postgres', $sum), $old, "$strategy: afterwards the new rows are there");
    }
    $reader->close;
    truth($standby, "$strategy: and they are the query's");
    is(complaints($primary), '', "$strategy: the view is sound");
    is(value($standby, 'postgres', q{SET enable_seqscan = off; SELECT count(*) FROM v WHERE id = 77}), '1', "$strategy: its index too");
    is(value($standby, 'postgres', q{SELECT count(*) FROM verify_heapam('v')}), '0', "$strategy: the standby's heap is sound");
    next unless $decoding;
    if ($gentle) {
        like(decoded($of_views), qr/^table public\.v( UPDATE| INSERT| DELETE|, table public\.v)+$/, "$strategy: decoded as changes of the view's rows");
    } else {
        is(decoded($of_views), '', "$strategy: decoding sees nothing of it");
    }
}

# By the worker too, whose swap takes several transactions and relations of its own.
for my $strategy (grep { /swap|auto/ } sort keys %points) {
    change();
    decoded('true') if $decoding;
    my $run = value($primary, 'postgres', "SELECT mv_refresh_async('v', '$strategy')");
    ok_within($primary, 'postgres', 60, "SELECT state = 'succeeded' FROM mvmanager.run WHERE id = $run", "$strategy by the worker");
    is(decoded($of_views), '', "$strategy by the worker: decoding sees nothing of it") if $decoding && $strategy eq 'swap';
    $primary->wait_for_catchup($standby, 'replay', $primary->lsn('insert'));
    truth($standby, "$strategy by the worker: the standby has the rows");
    is(strays($standby), '', "$strategy by the worker: and no others");
}

$standby->promote;
for my $strategy (sort keys %points) {
    $standby->safe_psql('postgres', 'UPDATE base SET amount = amount + 1 WHERE id % 7 = 1');
    like(value($standby, 'postgres', 'SELECT strategy FROM mv_refresh(' . call_of($strategy) . ')'), told_of($strategy), "$strategy: works on the promoted standby");
    truth($standby, "$strategy: and is true");
}
is(complaints($standby), '', 'the view is sound there');
$standby->stop;
$primary->stop;
done_testing();
