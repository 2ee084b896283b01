# A replacement stopped at each named point of its build and its promotion, by kill -9, an immediate stop, a cancel, a terminated
# process and mv_cancel, in the worker and in a session: readers have the old version or the new one, never none. What the worker had
# begun is done again or given up as asked, what a session had begun is gone, and no relation or file is left of either.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use Equivalence::Truth;
use MvManager;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Refreshing;
use Test::More;

# In the order in which they are come to; of a worker, of a session.
my @build = qw(build-before-create build-before-fill build-before-index build-before-ready build-ready);
my @promotion = qw(promotion-before-prepare promotion-prepared promotion-archive-created promotion-before-lock promotion-locked promotion-done promotion-before-commit);
my @indexes = qw(indexes-before-build indexes-before-live);
my %points_of = (worker => [ @build, @promotion ], session => [ grep { $_ !~ /build-before-create|archive-created/ } @build, @promotion ]);
# Readers wait while these are held.
my %shut = map { $_ => 1 } qw(promotion-locked promotion-done promotion-before-commit);

my %in_source;
for my $file (glob("$FindBin::RealBin/../../src/versioning/*.cpp")) {
    open my $source, '<', $file or die "$file: $!";
    while (<$source>) { $in_source{$1} = 1 while /\bwait_point\("((?:build|promotion|indexes)-[^"]+)"\)/g }
}
is_deeply([ sort keys %in_source ], [ sort @build, @promotion, @indexes ], 'every point of a replacement is tried');

my $node = new_server('replace_killed', preload => 'mvmanager,mvmanager_test', conf => "autovacuum = off\nmvmanager.suspend_after = 0\nmax_wal_senders = 0\n");
prepare_truth($node);
make_view($node, rows => 1500);
$node->safe_psql('postgres', 'CREATE VIEW reads_v AS SELECT id, note FROM v');
$node->safe_psql('postgres', 'SELECT mv_resume()');

# Each replacement changes the rows and appends a column or takes the place of one that was appended.
my $number = 0;
my $live = $Refreshing::query;
sub next_definition { $number++; return "SELECT id, grp, amount, note, amount + $number AS extra FROM base WHERE id <> $number" }

sub serves {
    my ($definition) = @_;
    my ($rc, $out) = $node->psql('postgres', 'SET extra_float_digits = 3; ' . Equivalence::Truth::comparison('v', $definition), timeout => 60);
    return defined $rc && $rc == 0 && $out =~ /^differences\|0\|0\|([1-9]\d*)\|\1\|0$/;
}
# No relation is there that no version names: whatever ended takes away what it made, if not at once.
sub none_left_over {
    my ($name) = @_;
    return ok_within($node, 'postgres', 30, q{SELECT NOT EXISTS (SELECT FROM pg_class c WHERE c.relnamespace = to_regnamespace('mvmanager_data') AND c.relkind = 'm'
        AND NOT EXISTS (SELECT FROM mvmanager.version_state s JOIN mvmanager.view v ON v.id = s.view_id WHERE s.relation_name = c.relname AND s.state IN ('archived', 'ready') AND v.ended_at IS NULL))}, $name);
}
sub faults { return value($node, 'postgres', 'SELECT * FROM mv_verify() WHERE NOT ok') }
my %known_files;
sub new_files {
    my ($least) = @_;
    my @new = grep { !$known_files{$_} } split /\n/, orphans($node);
    return join "\n", grep { my ($path, $name) = (split /\|/)[ 1, 2 ]; (-s $node->data_dir . "/$path/$name" // 0) > $least } @new;
}

# stop_at(point, way, pid, version): does it; returns whether the server went down.
sub stop_at {
    my ($point, $way, $pid, $version) = @_;
    if ($way eq 'stop') {
        $node->stop('immediate');
        $node->start;
    } elsif ($way eq 'kill') {
        my $offset = -s $node->logfile;
        kill 'KILL', $pid;
        $node->wait_for_log(qr/database system is ready to accept connections/, $offset);
    } elsif ($way eq 'mv_cancel') {
        return $node->psql('postgres', "SET lock_timeout = '20s'; SELECT state FROM mv_cancel('v', $version)", timeout => 60);
    } else {
        $node->safe_psql('postgres', $way eq 'cancel' ? "SELECT pg_cancel_backend($pid)" : "SELECT pg_terminate_backend($pid)");
    }
}

sub try_point {
    my ($who, $point, $way, $name) = @_;
    my $definition = next_definition();
    my $version = value($node, 'postgres', 'SELECT max(number) + 1 FROM mvmanager.version');
    %known_files = map { $_ => 1 } split /\n/, orphans($node);
    my $holder = session($node);
    $holder->run("SELECT mvmanager_test.hold('$point')");
    my $session = session($node);
    my $call = "SELECT state FROM mv_replace('v', \$q\$$definition\$q\$, build => '" . ($who eq 'worker' ? 'background' : 'now') . "')";
    if ($who eq 'worker') { $session->run($call) }
    else { $session->send($call) }
    my $pid = value($node, 'postgres', "SELECT mvmanager_test.await('$point')");
    ok(serves($live), "$name: meanwhile readers have the version before") unless $shut{$point};

    stop_at($point, $way, $pid, $version);
    $holder->run("SELECT mvmanager_test.release('$point')") if $way !~ /kill|stop/;
    $_->close for $holder, $session;
    ok(serves($live) || serves($definition), "$name: readers have one version or the other");
    if ($who eq 'worker') {
        # A query cancel is meant for the run, and so for the version; a process that ended leaves it to the next one. Where the
        # promotion was past its last doubt it may have won.
        my $goal = $way =~ /cancel/ ? 'cancelled' : 'live';
        ok_within($node, 'postgres', 90, "SELECT state IN ('$goal', 'live') FROM mvmanager.version_state WHERE number = $version", "$name: the version becomes $goal in the end");
        ok(settle($node, 'postgres'), "$name: no run is left open");
    }
    my $became = value($node, 'postgres', "SELECT coalesce((SELECT state FROM mvmanager.version_state WHERE number = $version), 'gone')");
    is($became, 'gone', "$name: nothing is known of it") if $who eq 'session';
    $live = $definition if $became eq 'live';
    ok(serves($live), "$name: readers have the version that is live");
    is(value($node, 'postgres', q{SELECT count(*) FROM reads_v}), value($node, 'postgres', 'SELECT count(*) FROM v'), "$name: and so has a dependent view");
    none_left_over("$name: no relation is left");
    # What a transaction has created and not committed is nobody's after a kill, with core as with us. A session can leave the rows it
    # wrote in that way; the worker commits what it creates before it writes into it, and leaves files without rows: of a TOAST
    # table's index the first page.
    is(new_files($way =~ /kill|stop/ ? 8192 : -1), '', "$name: no file is left") unless $who eq 'session' && $way =~ /kill|stop/;
    is(faults(), '', "$name: mv_verify finds nothing");
    is(complaints($node), '', "$name: the view is sound");
}

my $time = 0;
for my $who ('worker', 'session') {
    for my $point (@{ $points_of{$who} }) {
        my @ways = ($time++ % 3 == 2 ? 'stop' : 'kill', 'cancel', 'terminate', $who eq 'worker' && !$shut{$point} ? 'mv_cancel' : ());
        try_point($who, $point, $_, "$who at $point, $_") for @ways;
    }
}

# Indexes that come without a rebuild, created concurrently by the worker.
for my $point (@indexes) {
    for my $way ('kill', 'cancel', 'stop') {
        my $name = "indexes at $point, $way";
        my $index = 'v_added_' . ++$number;
        my $holder = session($node);
        $holder->run("SELECT mvmanager_test.hold('$point')");
        $node->safe_psql('postgres', "SELECT mv_apply('v', \$q\$$live\$q\$, indexes => ARRAY['CREATE UNIQUE INDEX v_id ON v (id)', 'CREATE INDEX $index ON v (amount)'], build => 'background')");
        # Looked for again and again: a query that waited for it would be one that CREATE INDEX CONCURRENTLY waits for.
        ok_within($node, 'postgres', 60, "SELECT count(*) > 0 FROM mvmanager_test.waiting('$point')", "$name: reached");
        my $pid = value($node, 'postgres', "SELECT min(waiting) FROM mvmanager_test.waiting('$point')");
        ok(serves($live), "$name: readers have it meanwhile");
        stop_at($point, $way, $pid);
        $holder->run("SELECT mvmanager_test.release('$point')") if $way eq 'cancel';
        $holder->close;
        if ($way eq 'cancel') {
            ok_within($node, 'postgres', 90, "SELECT state = 'cancelled' FROM mvmanager.version_state ORDER BY number DESC LIMIT 1", "$name: the version is cancelled");
        } else {
            ok_within($node, 'postgres', 90, "SELECT count(*) = 1 FROM pg_index WHERE indexrelid = to_regclass('$index') AND indisvalid", "$name: it is there in the end");
        }
        ok(settle($node, 'postgres'), "$name: no run is left open");
        is(value($node, 'postgres', q{SELECT count(*) FROM pg_index WHERE indrelid = 'v'::regclass AND NOT indisvalid}), 0, "$name: and no invalid one");
        is(faults(), '', "$name: mv_verify finds nothing");
    }
}

$node->stop;
unlike(slurp_file($node->logfile), qr/PANIC:|TRAP:|terminate called|signal 6|signal 11/, 'no crash of its own');
done_testing();
