# pg_upgrade carries everything, and the schedules go on by themselves: it is the same database, not a copy.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $old = PostgreSQL::Test::Cluster->new('old');
$old->init;
my $settings = "shared_preload_libraries = 'mvmanager'\nmax_worker_processes = 16\n";
$old->append_conf('postgresql.conf', $settings);
$old->start;
$old->safe_psql('postgres', 'CREATE DATABASE app');
$old->safe_psql('app', <<'SQL');
CREATE EXTENSION mvmanager;
CREATE TABLE sale (at date, amount numeric);
INSERT INTO sale SELECT date '2024-01-01' + i % 90, i FROM generate_series(1, 1000) i;
SELECT mv_create('daily', 'SELECT at, sum(amount) AS total FROM sale GROUP BY at', '{CREATE UNIQUE INDEX daily_at ON daily (at)}');
SELECT mv_create('empty', 'SELECT 1 AS one', with_data => false);
SELECT mv_schedule('daily', '0 3 1 1 *', 'Europe/Berlin');
SQL
my $catalog = <<'SQL';
SELECT 'view ' || v::text FROM mvmanager.view v
UNION ALL SELECT 'version ' || v::text FROM mvmanager.version v
UNION ALL SELECT 'state ' || v::text FROM mvmanager.version_state v
UNION ALL SELECT 'change ' || v::text FROM mvmanager.change v
UNION ALL SELECT 'schedule ' || v::text FROM mvmanager.schedule v
UNION ALL SELECT 'run ' || v::text FROM mvmanager.run v
UNION ALL SELECT 'local ' || v::text FROM mvmanager.local v
UNION ALL SELECT 'daily ' || d::text FROM daily d
ORDER BY 1
SQL
my $before = $old->safe_psql('app', $catalog);
like($before, qr/^schedule .*Europe\/Berlin/m, 'there is something to carry');
is($old->safe_psql('app', 'SELECT is_armed FROM mvmanager.scheduler'), 't', 'the old database is armed');
$old->stop;

my $new = PostgreSQL::Test::Cluster->new('new');
$new->init;
$new->append_conf('postgresql.conf', $settings);

my $bindir = $new->config_data('--bindir');
my $folder = PostgreSQL::Test::Utils::tempdir();
chdir $folder or die "cannot enter $folder: $!";
command_ok(
    [   'pg_upgrade', '--no-sync', '-d', $old->data_dir, '-D', $new->data_dir, '-b', $bindir, '-B', $bindir,
        '-s', $new->host, '-p', $old->port, '-P', $new->port ],
    'pg_upgrade');

$new->start;
is($new->safe_psql('app', $catalog), $before, 'definitions, schedules, history and rows are the same');
is($new->safe_psql('app', 'SELECT is_armed FROM mvmanager.scheduler'), 't', 'the new database is armed');
is($new->safe_psql('app', 'SELECT count(*) FROM mv_verify() WHERE NOT ok'), '0', 'every hash chain verifies');
is($new->safe_psql('app', "SELECT relispopulated FROM pg_class WHERE relname = 'empty'"), 'f', 'an empty view stays empty');
$new->poll_query_until('app', "SELECT next_run_at IS NOT NULL FROM mvmanager.status WHERE view = 'daily'")
    or die 'the launcher does not come';
pass('its schedules go on');
is($new->safe_psql('app', "SELECT rows_total FROM mv_refresh('daily')"), '90', 'a view is refreshed');
$new->safe_psql('app', "SELECT mv_schedule('daily', '2 seconds')");
$new->poll_query_until('app', "SELECT count(*) > 0 FROM mvmanager.runs WHERE reason = 'schedule' AND state = 'succeeded'")
    or die 'no scheduled run';
pass('by the worker too');

$new->stop;
done_testing();
