# Whatever somebody else holds on the view, a refresh ends within its deadline, nobody is killed, other readers do not
# queue up, and auto refreshes all the same: an open transaction, a prepared one, one that wants to alter a base table, pg_dump.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use MvManager;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Refreshing;
use Test::More;
use Time::HiRes qw(time usleep);

my $node = new_server('in_the_way', preload => 'mvmanager,mvmanager_test', conf => "autovacuum = off\ndeadlock_timeout = 100ms\nlog_lock_waits = on\n");
prepare_truth($node);
make_view($node);

# Enough for auto to prefer a new heap.
my $changes = 0;
sub change { $changes++; $node->safe_psql('postgres', "UPDATE base SET amount = amount + $changes, note = note || '+'") }
sub seconds { my ($from) = @_; return time - $from }
# The longest of the lookups that another session makes until the refresh is over, in seconds.
sub worst_lookup {
    my ($refresher, $pid) = @_;
    my $reader = session($node);
    my $worst = 0;
    while (1) {
        my $from = time;
        $reader->run('SELECT count(*) FROM v WHERE id = 7');
        my $took = time - $from;
        $worst = $took if $took > $worst;
        my ($state) = $reader->run("SELECT state FROM pg_stat_activity WHERE pid = $pid");
        last if $state ne 'active';
        usleep(2_000);
    }
    $reader->close;
    return $worst;
}
# Far above what a reader waits for, far below what it would wait without care.
my $patience = 0.8;

my %way = (
    'an open transaction' => {
        begin => sub { my $s = session($node); $s->run('BEGIN', 'SELECT count(*) FROM v'); return $s },
        end => sub { my ($s) = @_; my @said = $s->run('SELECT 7', 'COMMIT'); is($said[0], '7', '... which goes on unharmed'); $s->close },
    },
    'a prepared transaction' => {
        begin => sub { my $s = session($node); $s->run('BEGIN', 'SELECT count(*) FROM v', q{PREPARE TRANSACTION 'held'}); $s->close; return },
        end => sub { is($node->psql('postgres', q{COMMIT PREPARED 'held'}), 0, '... which commits unharmed') },
    },
    'a dump that has looked at the definition' => {
        begin => sub { my $s = session($node); $s->run('BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY', q{SELECT pg_get_viewdef('v'::regclass), count(*) FROM v}); return $s },
        end => sub { my ($s) = @_; my @said = $s->run('SELECT 7', 'COMMIT'); is($said[0], '7', '... which goes on unharmed'); $s->close },
    },
);
for my $what (sort keys %way) {
    for my $strategy (grep { !/native|concurrently/ } sort keys %points) {
        my $name = "$strategy against $what";
        change();
        my $rows = image($node);
        my $held = $way{$what}{begin}->();
        my $session = session($node);
        my ($pid) = $session->run('SELECT pg_backend_pid()');
        my $from = time;
        $session->send(q{SET mvmanager.swap_timeout = '1500ms'}, "SELECT strategy, reason FROM mv_refresh(" . call_of($strategy) . ')');
        my $worst = worst_lookup($session, $pid);
        my @said = $session->receive;
        cmp_ok(seconds($from), '<', 8, "$name: ends within its deadline");
        cmp_ok($worst, '<', $patience, "$name: nobody else waits");
        note(sprintf '%s: the longest lookup took %.0f ms', $name, 1000 * $worst);
        if ($strategy eq 'swap') {
            like("@said", qr/ERROR:  55P03: /, "$name: gives up");
            is(image($node), $rows, "$name: the old rows are there");
        } else {
            like("@said", $strategy eq 'auto' ? qr/^diff\|/ : qr/^$strategy\|/, "$name: refreshes");
            note("reason: @said");
            truth($node, "$name: and is true");
        }
        is(strays($node), '', "$name: no relation is left");
        is($node->safe_psql('postgres', "SELECT count(*) FROM pg_locks WHERE pid = $pid"), '0', "$name: no lock is left");
        $session->close;

        # The worker's form.
        my $image = image($node);
        change();
        $node->safe_psql('postgres', q{ALTER SYSTEM SET mvmanager.swap_timeout = '1500ms'}), $node->reload if !$changes || $changes < 3;
        my $run = value($node, 'postgres', "SELECT mv_refresh_async(" . call_of($strategy) . ')');
        my $state = $strategy eq 'swap' ? q{state = 'failed' AND sqlstate = '55P03'} : q{state = 'succeeded'};
        ok_within($node, 'postgres', 30, "SELECT $state FROM mvmanager.run WHERE id = $run", "$name by the worker: ends as it should");
        $strategy eq 'swap' ? is(image($node), $image, "$name by the worker: the old rows are there") : truth($node, "$name by the worker: is true");
        ok_within($node, 'postgres', 20, 'SELECT NOT EXISTS (' . Equivalence::Truth::strays() . ')', "$name by the worker: no relation is left") if $strategy ne 'swap';
        $way{$what}{end}->($held);
    }
    is(value($node, 'postgres', "SELECT strategy FROM mv_refresh('v', 'swap')"), 'swap', "after $what it swaps");
    truth($node, 'and is true');
    is(strays($node), '', 'no relation is left');
    is(complaints($node), '', 'it is sound');
}

{
    # A reader that leaves in time.
    change();
    my $reader = session($node);
    $reader->run('BEGIN', 'SELECT count(*) FROM v');
    my $session = session($node);
    my ($pid) = $session->run('SELECT pg_backend_pid()');
    $session->send(q{SET mvmanager.swap_timeout = '60s'}, "SELECT strategy, blocked > '0' FROM mv_refresh('v', 'swap')");
    ok_within($node, 'postgres', 20, "SELECT count(*) > 0 FROM mvmanager.progress WHERE pid = $pid AND phase = 'waiting to swap'", 'a swap waits for a reader');
    $reader->run('COMMIT');
    is(join('', $session->receive), 'swap|t', 'and swaps once that has gone');
    truth($node, 'it is true');

    # B holds the view and wants to alter a base table that the swap holds: neither may wait for the other for ever.
    for my $strategy ('swap', 'auto') {
        change();
        my $b = session($node);
        $b->run('BEGIN', 'SELECT count(*) FROM v');
        my $holder = session($node);
        $holder->run("SELECT mvmanager_test.hold('swap-before-lock')");
        $session->send(q{SET mvmanager.swap_timeout = '3s'}, "SELECT strategy FROM mv_refresh('v', '$strategy')");
        value($node, 'postgres', "SELECT mvmanager_test.await('swap-before-lock')");
        $b->send("ALTER TABLE base ADD COLUMN extra_$strategy int", 'COMMIT', "SELECT 'altered'");
        my ($b_pid) = split /\n/, value($node, 'postgres', q{SELECT pid FROM pg_stat_activity WHERE query LIKE 'ALTER TABLE base%' AND pid <> pg_backend_pid()});
        ok_within($node, 'postgres', 20, "SELECT wait_event_type = 'Lock' FROM pg_stat_activity WHERE pid = $b_pid", "$strategy: ALTER TABLE waits for the swap");
        my $from = time;
        $holder->close;
        my @said = $session->receive;
        my @altered = $b->receive;
        cmp_ok(seconds($from), '<', 10, "$strategy: both end");
        like("@altered", qr/altered/, "$strategy: ALTER TABLE succeeds");
        like("@said", $strategy eq 'swap' ? qr/ERROR:  (55P03|40P01)/ : qr/^auto|diff|swap$/, "$strategy: the refresh ends in order") or diag("@said");
        truth($node, "$strategy: and is true") if $strategy eq 'auto';
        is(strays($node), '', "$strategy: no relation is left");
        $b->close;
    }
    # The worker has given the base table back by then: it waits for nobody who waits for it.
    change();
    my $b = session($node);
    $b->run('BEGIN', 'SELECT count(*) FROM v');
    $node->safe_psql('postgres', q{ALTER SYSTEM SET mvmanager.swap_timeout = '60s'});
    $node->reload;
    my $run = value($node, 'postgres', "SELECT mv_refresh_async('v', 'swap')");
    ok_within($node, 'postgres', 20, "SELECT count(*) > 0 FROM mvmanager.progress WHERE run_id = $run AND phase = 'waiting to swap'", 'the worker waits for the view');
    my $from = time;
    like(join(' ', $b->run('ALTER TABLE base ADD COLUMN extra int', 'COMMIT', "SELECT 'altered'")), qr/^altered$/, 'ALTER TABLE of the transaction it waits for succeeds');
    cmp_ok(seconds($from), '<', 5, 'at once');
    ok_within($node, 'postgres', 30, "SELECT state = 'succeeded' FROM mvmanager.run WHERE id = $run", 'then the worker swaps');
    truth($node, 'it is true');
    $_->close for $b, $session;
}

# An index that is built concurrently waits for older snapshots: a worker that waits for it must have none.
{
    $node->safe_psql('postgres', q{CREATE FUNCTION slowly(n int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN PERFORM pg_advisory_xact_lock_shared(77); RETURN n; END $$});
    for my $strategy (grep { $_ ne 'concurrently' } sort keys %points) {
        my ($holder, $builder) = (session($node), session($node));
        $holder->run('SELECT pg_advisory_lock(77)');
        my ($pid) = $builder->run('SELECT pg_backend_pid()');
        $builder->send('CREATE INDEX CONCURRENTLY v_slowly ON v (slowly(id))');
        ok_within($node, 'postgres', 20, "SELECT count(*) > 0 FROM pg_locks WHERE pid = $pid AND locktype = 'advisory' AND NOT granted", "$strategy: an index is being built concurrently");
        my $run = value($node, 'postgres', 'SELECT mv_refresh_async(' . call_of($strategy) . ')');
        ok_within($node, 'postgres', 20, "SELECT count(*) > 0 FROM pg_locks l JOIN mvmanager.run r USING (pid) WHERE r.id = $run AND NOT l.granted", "$strategy: the worker waits for it");
        is(value($node, 'postgres', "SELECT a.backend_xmin FROM pg_stat_activity a JOIN mvmanager.run r USING (pid) WHERE r.id = $run"), '', "$strategy: with no snapshot");
        $holder->close;
        is(join(' ', $builder->receive), '', "$strategy: the index is built");
        ok_within($node, 'postgres', 30, "SELECT state = 'succeeded' FROM mvmanager.run WHERE id = $run", "$strategy: and the view refreshed");
        $builder->run('DROP INDEX v_slowly');
        $builder->close;
    }
    truth($node, 'it is true');
}

# pg_dump again and again while every strategy refreshes.
{
    my $session = session($node);
    my $dumps = 0;
    my @bad;
    for my $turn (1 .. 3) {
        for my $strategy (grep { !/native/ } sort keys %points) {
            change();
            $session->send(q{SET mvmanager.swap_timeout = '300ms'}, "SELECT strategy FROM mv_refresh(" . call_of($strategy) . ')');
            my ($out, $err) = run_command([ 'pg_dump', '-h', $node->host, '-p', $node->port, 'postgres' ]);
            $dumps++;
            push @bad, $err if $err ne '' || $out !~ /CREATE MATERIALIZED VIEW public\.v /;
            my @said = $session->receive;
            push @bad, "$strategy: @said" if "@said" =~ /ERROR/ && "@said" !~ /55P03/;
        }
    }
    is("@bad", '', "$dumps dumps beside refreshes");
    $session->close;
}
$node->stop;
my $log = slurp_file($node->logfile);
unlike($log, qr/was terminated by signal|PANIC:|TRAP:|terminate called/, 'no crash');
unlike($log, qr/resource was not closed|reference leak|refcount leak|temporary file leak|buffer refcount|still referenced/, 'nothing leaked');
done_testing();
