# A database that accepts no connections: no process is started over and over, nothing is forgotten, schedules go on when it
# accepts them again.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use MvManager;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes 'time';

my $node = new_server('closed');
$node->safe_psql('postgres', 'CREATE DATABASE shop');
$node->safe_psql('shop', 'CREATE EXTENSION mvmanager');
managed($node, 'shop', 'ticks', 'SELECT clock_timestamp() AS at');
$node->safe_psql('shop', "SELECT mv_schedule('ticks', '1 second')");
ok_within($node, 'shop', 20, "SELECT count(*) >= 2 FROM mvmanager.run WHERE reason = 'schedule' AND state = 'succeeded'", 'it runs');

# Workers cannot come up, the coordinator is there: it waits longer each time.
my $offset = -s $node->logfile;
$node->safe_psql('postgres', 'ALTER DATABASE shop ALLOW_CONNECTIONS false');
kill 'TERM', pids_of($node, 'worker', 'shop');
$node->wait_for_log(qr/(?:FATAL:  database "shop" is not currently accepting connections.*){3}/s, $offset);
my @at = slurp_file($node->logfile, $offset) =~ /^\S+ (\S+) UTC \S+ mvmanager worker +FATAL:  database "shop"/mg;
my ($first, $third) = map { my ($h, $m, $s) = split /:/; 3600 * $h + 60 * $m + $s } @at[0, 2];
cmp_ok($third - $first, '>=', 0.9, 'failed starts are not repeated at once');
$node->safe_psql('postgres', 'ALTER DATABASE shop ALLOW_CONNECTIONS true');
my $last = value($node, 'shop', 'SELECT max(id) FROM mvmanager.run');
ok_within($node, 'shop', 40, "SELECT count(*) >= 2 FROM mvmanager.run WHERE id > $last AND state = 'succeeded'", 'it runs again');

# Nobody is there any more when it is closed, and none when the server starts.
for my $restart (0, 1) {
    my $how = $restart ? 'closed over a restart' : 'closed while nobody is there';
    $node->safe_psql('postgres', 'ALTER DATABASE shop ALLOW_CONNECTIONS false');
    kill 'TERM', pids_of($node, 'worker', 'shop'), pids_of($node, 'coordinator', 'shop');
    ok_within($node, 'postgres', 20, "SELECT count(*) = 0 FROM pg_stat_activity WHERE datname = 'shop'", "$how: no process");
    $node->restart if $restart;
    ok_within($node, 'postgres', 20, "SELECT count(*) = 1 FROM pg_stat_activity WHERE backend_type = 'mvmanager launcher'", "$how: the launcher is there");
    $node->safe_psql('postgres', 'ALTER DATABASE shop ALLOW_CONNECTIONS true');
    $last = value($node, 'shop', 'SELECT max(id) FROM mvmanager.run');
    ok_within($node, 'shop', 30, "SELECT count(*) >= 2 FROM mvmanager.run WHERE id > $last AND state = 'succeeded'", "$how: it runs again");
}

# A change that is committed while another is open, in a database that is not served: the launcher has nothing to do.
$node->append_conf('postgresql.conf', "mvmanager.databases = 'postgres'\n");
$node->reload;
ok_within($node, 'shop', 20, "SELECT count(*) = 0 FROM pg_stat_activity WHERE datname = 'shop' AND backend_type LIKE 'mvmanager%'", 'a database that is no longer served is left');
managed($node, 'shop', 'other', 'SELECT 1 AS n');
my $open = background($node, 'shop');
$open->query_safe("BEGIN; SELECT mv_schedule('other', '1 hour')");
$node->safe_psql('shop', "SELECT mv_schedule('ticks', '2 seconds')");
my ($launcher) = pids_of($node, 'launcher');
my $ticks = sub { my (undef, $rest) = split /\) /, slurp_file("/proc/$launcher/stat"), 2; my @field = split / /, $rest; $field[11] + $field[12] };
SKIP: {
    skip 'no /proc', 1 unless -r "/proc/$launcher/stat";
    my ($began, $before) = (time, $ticks->());
    value($node, 'shop', 'SELECT count(*) FROM mvmanager.status') while time - $began < 1.5; # the server has other work meanwhile
    cmp_ok($ticks->() - $before, '<', 15, 'the launcher uses no processor time');
}
$open->query_safe('COMMIT');
$open->quit;
$node->stop;
done_testing();
