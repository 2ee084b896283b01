# kill -9 of a worker: the server comes back, the run reads crashed, the view keeps its rows, the next run happens; a run
# that crashes twice in a row is not started a third time. After an immediate stop the run is lost, and made up.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use MvManager;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_server('crash');
# While the gate is closed the view's query waits; the row of `gate` says for whom.
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
managed($node, 'postgres', 'other', 'SELECT clock_timestamp() AS at');
my $view = value($node, 'postgres', "SELECT id FROM mvmanager.view WHERE view_name = 'slow'");
my $running = "SELECT count(*) = 1 FROM mvmanager.run WHERE view_id = $view AND state = 'running' AND pid IS NOT NULL";

sub kill_worker {
    ok_within($node, 'postgres', 30, $running, 'the run is at work');
    my $pid = value($node, 'postgres', "SELECT pid FROM mvmanager.run WHERE view_id = $view AND state = 'running'");
    my $run = value($node, 'postgres', "SELECT id FROM mvmanager.run WHERE view_id = $view AND state = 'running'");
    my $offset = -s $node->logfile;
    kill 'KILL', $pid;
    $node->wait_for_log(qr/database system is ready to accept connections/, $offset);
    ok_within($node, 'postgres', 60, "SELECT state = 'crashed' FROM mvmanager.run WHERE id = $run", 'the run reads crashed');
    return $run;
}

$node->safe_psql('postgres', 'UPDATE gate SET closed = true');
$node->safe_psql('postgres', "SELECT mv_schedule('slow', '2 seconds')");
my $rows = value($node, 'postgres', 'SELECT at FROM slow');
kill_worker();
is(value($node, 'postgres', 'SELECT at FROM slow'), $rows, 'the view keeps its old rows');
$node->safe_psql('postgres', 'UPDATE gate SET closed = false');
ok_within($node, 'postgres', 60, "SELECT at > '$rows' FROM slow", 'the next run happens');
ok_within($node, 'postgres', 20, 'SELECT consecutive_crashes = 0 FROM mvmanager.schedule', 'a success clears the count of crashes');

# Twice in a row: quarantined.
$node->safe_psql('postgres', 'UPDATE gate SET closed = true');
kill_worker();
my $second = kill_worker();
ok_within($node, 'postgres', 10, "SELECT suspended = 'crashes' FROM mvmanager.schedule", 'two crashes in a row suspend the schedule');
$node->safe_psql('postgres', "SELECT mv_schedule('other', '1 second')");
ok_within($node, 'postgres', 20, "SELECT count(*) >= 3 FROM mvmanager.run r JOIN mvmanager.view v ON v.id = r.view_id WHERE v.view_name = 'other' AND r.reason = 'schedule' AND r.state = 'succeeded'", 'other schedules go on');
is(value($node, 'postgres', "SELECT count(*) FROM mvmanager.run WHERE view_id = $view AND id > $second"), '0', 'it is not started a third time');
$node->safe_psql('postgres', 'UPDATE gate SET closed = false');
$node->safe_psql('postgres', "SELECT * FROM mv_resume('slow')");
ok_within($node, 'postgres', 20, "SELECT count(*) > 0 FROM mvmanager.run WHERE view_id = $view AND id > $second AND state = 'succeeded'", 'mv_resume starts it again');

# An immediate stop: the server that ran it is gone. Once a year, and due now: what runs after the restart is the same due
# time made up, and no later one.
my $due_now = "BEGIN; UPDATE gate SET closed = true; SELECT FROM mv_resume(); UPDATE mvmanager.schedule SET next_due = now() WHERE view_id = $view; COMMIT";
my $made_up = "SELECT count(*) = 1 FROM mvmanager.run r JOIN mvmanager.run l ON l.view_id = r.view_id AND l.scheduled_for = r.scheduled_for WHERE r.state = 'succeeded' AND r.id > l.id AND l.id";
$node->safe_psql('postgres', "SELECT mv_schedule('slow', '\@yearly')");
ok(settle($node, 'postgres'), 'no run is open');
$node->safe_psql('postgres', $due_now);
ok_within($node, 'postgres', 30, $running, 'a run is at work');
my $run = value($node, 'postgres', "SELECT id FROM mvmanager.run WHERE view_id = $view AND state = 'running'");
$node->stop('immediate');
$node->start;
$node->safe_psql('postgres', 'UPDATE gate SET closed = false');
ok_within($node, 'postgres', 30, "SELECT state = 'lost' FROM mvmanager.run WHERE id = $run", 'after an immediate stop the run reads lost');
ok_within($node, 'postgres', 30, "$made_up = $run", 'and is made up');

# A fast stop: cancelled, and made up.
$node->safe_psql('postgres', $due_now);
ok_within($node, 'postgres', 30, $running, 'a run is at work');
$run = value($node, 'postgres', "SELECT id FROM mvmanager.run WHERE view_id = $view AND state = 'running'");
$node->restart;
$node->safe_psql('postgres', 'UPDATE gate SET closed = false');
ok_within($node, 'postgres', 30, "SELECT state = 'cancelled' FROM mvmanager.run WHERE id = $run", 'after a fast stop the run reads cancelled');
ok_within($node, 'postgres', 30, "$made_up = $run", 'and is made up');

$node->stop;
done_testing();
