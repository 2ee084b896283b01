# SIGTERM and SIGINT to each process: a run ends as cancelled, the scheduler goes on.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use MvManager;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

for my $preload ('mvmanager', '') {
    my $how = $preload ? 'preloaded' : 'late';
    my $node = new_server("signals_$how", preload => $preload);
    $node->safe_psql('postgres', <<'SQL');
CREATE TABLE gate (closed boolean);
INSERT INTO gate VALUES (false);
CREATE FUNCTION pass_gate() RETURNS timestamptz LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    WHILE (SELECT closed FROM public.gate) LOOP
        PERFORM pg_catalog.pg_sleep(0.05); -- the refresh under test lasts as long as the gate is closed
    END LOOP;
    RETURN clock_timestamp();
END $$;
SQL
    managed($node, 'postgres', 'slow', 'SELECT pass_gate() AS at');
    $node->safe_psql('postgres', 'UPDATE gate SET closed = true');
    $node->safe_psql('postgres', "SET client_min_messages = error; SELECT mv_schedule('slow', '1 second')");
    my $open = "FROM mvmanager.run WHERE state = 'running' AND pid IS NOT NULL";

    for my $signal ('INT', 'TERM') {
        ok_within($node, 'postgres', 30, "SELECT count(*) = 1 $open", "$how: a run is at work");
        my $run = value($node, 'postgres', "SELECT id $open");
        my $due = value($node, 'postgres', "SELECT scheduled_for FROM mvmanager.run WHERE id = $run");
        kill $signal, value($node, 'postgres', "SELECT pid $open");
        ok_within($node, 'postgres', 10, "SELECT state = 'cancelled' AND sqlstate = '57014' FROM mvmanager.run WHERE id = $run", "$how: SIG$signal to a worker: the run is cancelled");
        ok_within($node, 'postgres', 20, "SELECT count(*) = 1 $open AND id > $run", "$how: the next run starts");
        is(value($node, 'postgres', "SELECT scheduled_for = '$due' $open"), 't', "$how: it is the same due time made up") if $signal eq 'TERM';
        is(value($node, 'postgres', 'SELECT consecutive_failures FROM mvmanager.schedule'), '0', "$how: a cancelled run is no failure");
    }

    # The coordinator ends while a run is at work: the run goes on, once.
    my $run = value($node, 'postgres', "SELECT id $open");
    my ($coordinator) = pids_of($node, 'coordinator');
    kill 'TERM', $coordinator;
    ok_within($node, 'postgres', 20, "SELECT count(*) = 1 FROM pg_stat_activity WHERE backend_type = 'mvmanager coordinator' AND pid <> $coordinator", "$how: SIGTERM to the coordinator: another comes");
    is(value($node, 'postgres', "SELECT string_agg(id::text, ',') $open"), $run, "$how: the run goes on");

    # However often: it was told to, nothing is wrong with it.
    for my $time (1 .. 5) {
        ($coordinator) = pids_of($node, 'coordinator');
        kill 'TERM', $coordinator;
        ok_within($node, 'postgres', 4, "SELECT count(*) = 1 FROM pg_stat_activity WHERE backend_type = 'mvmanager coordinator' AND pid <> $coordinator", "$how: time $time, another comes at once");
    }

    # The launcher ends: back within seconds, the run goes on.
    my ($launcher) = pids_of($node, 'launcher');
    kill 'TERM', $launcher;
    ok_within($node, 'postgres', 30, "SELECT count(*) = 1 FROM pg_stat_activity WHERE backend_type = 'mvmanager launcher' AND pid <> $launcher", "$how: SIGTERM to the launcher: it comes again");
    is(value($node, 'postgres', "SELECT string_agg(id::text, ',') $open"), $run, "$how: the run goes on");
    $node->safe_psql('postgres', 'UPDATE gate SET closed = false');
    ok_within($node, 'postgres', 20, "SELECT state = 'succeeded' FROM mvmanager.run WHERE id = $run", "$how: and succeeds");
    ok_within($node, 'postgres', 20, "SELECT count(*) >= 2 FROM mvmanager.run WHERE id > $run AND state = 'succeeded'", "$how: the next ones too");
    is(value($node, 'postgres', "SELECT count(*) FROM mvmanager.run WHERE state IN ('crashed', 'lost', 'failed')"), '0', "$how: no run is lost");

    for my $kind ('launcher', 'coordinator') {
        my ($pid) = pids_of($node, $kind);
        kill 'INT', $pid;
    }
    my $last = value($node, 'postgres', 'SELECT max(id) FROM mvmanager.run');
    ok_within($node, 'postgres', 30, "SELECT count(*) > 1 FROM mvmanager.run WHERE id > $last AND state = 'succeeded'", "$how: SIGINT to launcher and coordinator stops nothing");
    $node->stop;
}
done_testing();
