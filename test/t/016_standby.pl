# A standby runs nothing and refuses changes; promoted, it goes on where the primary stopped.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use MvManager;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $primary = new_server('primary', init => { allows_streaming => 1 });
managed($primary, 'postgres', 'ticks', 'SELECT clock_timestamp() AS at');
$primary->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'base', has_streaming => 1);
$standby->start;
$primary->safe_psql('postgres', "SELECT mv_schedule('ticks', '1 second')");
ok_within($primary, 'postgres', 30, "SELECT count(*) >= 2 FROM mvmanager.run WHERE state = 'succeeded' AND reason = 'schedule'", 'the primary runs');
$primary->wait_for_catchup($standby);
is(value($standby, 'postgres', "SELECT count(*) FROM pg_stat_activity WHERE backend_type LIKE 'mvmanager%'"), '0', 'the standby has no process of ours');
is(value($standby, 'postgres', "SELECT state || ': ' || why FROM mvmanager.schedules"), 'standby: nothing is run on a standby; a promotion starts it', 'its schedules say why nothing is run');
my ($rc, $out, $err) = $standby->psql('postgres', "\\set VERBOSITY verbose\nSELECT mv_schedule('ticks', '2 seconds')");
like($err, qr/ERROR:  25006: cannot execute mv_schedule\(\) during recovery/, 'it refuses changes');
is(value($standby, 'postgres', "SELECT count(*) FROM mv_next_runs('* * * * *')"), '5', 'mv_next_runs works on it');

$primary->stop('immediate');
my $last = value($standby, 'postgres', 'SELECT max(id) FROM mvmanager.run');
$standby->promote;
ok_within($standby, 'postgres', 20, "SELECT count(*) >= 2 FROM mvmanager.run WHERE id > $last AND state = 'succeeded'", 'promoted, it goes on');
is(value($standby, 'postgres', "SELECT count(*) FROM mvmanager.run WHERE state = 'running' AND id <= $last"), '0', 'nothing of the old primary stays running');
is(value($standby, 'postgres', "SELECT count(*) FROM (SELECT scheduled_for FROM mvmanager.run WHERE state = 'succeeded' AND reason = 'schedule' GROUP BY 1 HAVING count(*) > 1) s"), '0', 'no due time succeeded twice');
$standby->stop;
done_testing();
