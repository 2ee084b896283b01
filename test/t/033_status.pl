# mvmanager.status never waits for a lock, tells what runs, and works on a standby.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('primary');
$node->init(allows_streaming => 1);
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'mvmanager'\nmax_worker_processes = 16\n");
$node->start;
$node->safe_psql('postgres', <<'SQL');
CREATE EXTENSION mvmanager;
SELECT mv_create('one', 'SELECT 1 AS x', '{CREATE UNIQUE INDEX one_x ON one (x)}');
SELECT mv_create('two', 'SELECT 2 AS x');
SELECT mv_schedule('one', '@yearly', 'UTC');
SQL

# Somebody holds the strongest lock on a view: monitoring goes on, and says that it does not know the size.
my $holder = $node->background_psql('postgres');
$holder->query_safe("BEGIN; LOCK TABLE pg_class IN ACCESS SHARE MODE; SELECT mv_refresh('two', 'native')");
my $pid = $holder->query_safe('SELECT pg_backend_pid()');
is( $node->safe_psql('postgres', <<'SQL'), "one|t|\ntwo|f|$pid", 'a view that is locked is shown without waiting, with who works on it');
SET statement_timeout = '30s';
SELECT view, size_bytes > 0 IS TRUE, running_pid FROM mvmanager.status ORDER BY view;
SQL
$holder->query_safe('ROLLBACK');
$holder->quit;
is( $node->safe_psql('postgres', 'SELECT view, size_bytes > 0, running_pid FROM mvmanager.status ORDER BY view'),
    "one|t|\ntwo|t|", 'afterwards nobody does');

# Late: a due time has passed by more than a minute since the last refresh, whatever keeps the run from being made.
$node->safe_psql('postgres', 'SELECT mv_pause()');
$node->safe_psql('postgres', "SELECT mv_schedule('two', '10 minutes')");
my $late = "SELECT expected_interval_seconds, is_late, next_run_at IS NULL FROM mvmanager.status WHERE view = 'two'";
is($node->safe_psql('postgres', $late), '600|f|t', 'a view that is fresh is not late');
$node->safe_psql('postgres', <<'SQL');
UPDATE mvmanager.schedule SET changed_at = changed_at - interval '20 minutes';
UPDATE mvmanager.view SET last_refresh_at = last_refresh_at - interval '10 minutes 30 seconds' WHERE view_name = 'two';
SQL
is($node->safe_psql('postgres', $late), '600|f|t', 'nor is it within the minute of grace');
$node->safe_psql('postgres', "UPDATE mvmanager.view SET last_refresh_at = last_refresh_at - interval '1 minute' WHERE view_name = 'two'");
is($node->safe_psql('postgres', $late), '600|t|t', 'after that it is late');
$node->safe_psql('postgres', "UPDATE mvmanager.schedule SET time_zone = 'Nowhere/Else' WHERE schedule = '\@yearly'");
is( $node->safe_psql('postgres', "SELECT expected_interval_seconds IS NULL, is_late IS NULL FROM mvmanager.status WHERE view = 'one'"),
    't|t', 'a schedule that cannot be read spoils no row');
$node->safe_psql('postgres', "UPDATE mvmanager.schedule SET time_zone = 'UTC'; SELECT mv_resume()");

# A standby shows the same and says that it runs nothing.
$node->backup('backup');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'backup', has_streaming => 1);
$standby->start;
$node->wait_for_catchup($standby);
foreach my $view ('status', 'versions', 'runs', 'schedules') {
    my $rows = "SELECT count(*) FROM mvmanager.$view";
    is($standby->safe_psql('postgres', $rows), $node->safe_psql('postgres', $rows), "the standby shows mvmanager.$view");
}
is( $standby->safe_psql('postgres', 'SELECT count(size_bytes), count(next_run_at), bool_and(is_armed) FROM mvmanager.status'),
    '2|0|t', 'with sizes, and without a next run');
is( $standby->safe_psql('postgres', 'SELECT is_standby, launcher_pid IS NULL FROM mvmanager.scheduler'), 't|t', 'it is a standby without a launcher');

$standby->stop;
$node->stop;
done_testing();
