# kill -9 of the process that refreshes, and an immediate stop of the server, in any phase of a refresh, with the least and with the
# usual WAL: the view has its old rows or its new ones and is sound, and what a worker had built is gone, file by file.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use MvManager;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Refreshing;
use Test::More;

my $time = 0;
for my $level ('minimal', 'replica') {
    my $node = new_server("killed_$level", preload => 'mvmanager,mvmanager_test',
        conf => "wal_level = $level\nmax_wal_senders = 0\nautovacuum = off\nmvmanager.suspend_after = 0\nmvmanager.diff_memory = '64kB'\n");
    prepare_truth($node);
    make_view($node);

    # A partial refresh is a diff of fewer rows.
    for my $strategy (grep { $_ ne 'partial' } sort keys %points) {
        for my $who ('session', 'worker') {
            # What a session leaves depends on the level where it writes files of its own.
            next if $level eq 'replica' && $who eq 'session' && $strategy ne 'swap';
            my @points = $who eq 'session' ? @{ $points{$strategy} } : grep { $_ !~ /before-lock|after-lock/ } @{ $points{$strategy} };
            # Core's own two are killed in fewer places: their phases are not ours.
            @points = grep { /before-record/ } @points if $strategy =~ /native|concurrently/;
            for my $point (@points) {
                my $way = $time++ % 3 == 2 ? 'stop' : 'kill';
                my $name = "$level, $strategy by $who at $point, $way";
                $node->safe_psql('postgres', "UPDATE base SET amount = amount + $time, note = note || '+'");
                my $rows = image($node);
                my %files = map { $_ => 1 } split /\n/, orphans($node);
                my $holder = session($node);
                $holder->run("SELECT mvmanager_test.hold('$point')");
                my $arguments = call_of($strategy);
                my $session = session($node);
                my $run = $who eq 'worker' ? value($node, 'postgres', "SELECT mv_refresh_async($arguments)") : undef;
                $session->send("SELECT mv_refresh($arguments)") if !$run;
                my $pid = value($node, 'postgres', "SELECT mvmanager_test.await('$point')");
                if ($way eq 'stop') {
                    $node->stop('immediate');
                    $node->start;
                } else {
                    my $offset = -s $node->logfile;
                    kill 'KILL', $pid;
                    $node->wait_for_log(qr/database system is ready to accept connections/, $offset);
                }
                $_->close for $holder, $session;

                is(image($node), $rows, "$name: the old rows are there") if $point !~ /after-commit/;
                is(complaints($node), '', "$name: and are sound");
                if ($run) {
                    ok_within($node, 'postgres', 60, "SELECT state IN ('crashed', 'lost', 'succeeded', 'cancelled') FROM mvmanager.run WHERE id = $run", "$name: the run is not left open");
                    ok_within($node, 'postgres', 60, 'SELECT NOT EXISTS (' . Equivalence::Truth::strays() . ')', "$name: no relation is left");
                    # What core's REFRESH leaves behind is core's.
                    is(join("\n", grep { !$files{$_} } split /\n/, orphans($node)), '', "$name: no file is left") if $strategy !~ /native|concurrently/;
                } else {
                    is(strays($node), '', "$name: no relation is left");
                }
                like(value($node, 'postgres', "SELECT strategy FROM mv_refresh($arguments)"), told_of($strategy), "$name: the next refresh succeeds");
                truth($node, "$name: and is true");
            }
        }
    }
    $node->stop;
    my $log = slurp_file($node->logfile);
    unlike($log, qr/PANIC:|TRAP:|terminate called|signal 6|signal 11/, "$level: no crash of its own");
}
done_testing();
