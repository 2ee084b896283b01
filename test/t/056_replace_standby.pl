# A hot standby reads through replacements and rollbacks on the primary, and once promoted goes on with them: with the version
# that was queued, with the rows that were archived. A thousand views are replaced in one transaction within the default locks.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use MvManager;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Refreshing;
use Test::More;

my $primary = new_server('primary', preload => 'mvmanager,mvmanager_test', init => { allows_streaming => 1 }, conf => "autovacuum = off\nmax_connections = 100\n");
$primary->safe_psql('postgres', <<'SQL');
CREATE TABLE sale (day date, shop int, amount numeric);
INSERT INTO sale SELECT date '2026-01-01' + i % 30, i % 7, i FROM generate_series(1, 2000) i;
SELECT mv_create('daily', 'SELECT day, sum(amount) AS total FROM sale GROUP BY day', '{CREATE UNIQUE INDEX daily_day ON daily (day)}', build => 'now');
CREATE VIEW best AS SELECT max(total) AS total FROM daily;
GRANT SELECT ON daily TO PUBLIC;
SQL
$primary->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'base', has_streaming => 1);
$standby->append_conf('postgresql.conf', "hot_standby_feedback = on\nmax_standby_streaming_delay = -1\n");
$standby->start;
sub catch_up { $primary->wait_for_catchup($standby, 'replay', $primary->lsn('insert')) }
catch_up();

my %columns = (1 => 'sum(amount) AS total', 2 => 'sum(amount) AS total, count(*) AS sales', 3 => 'sum(amount) AS total, count(*) AS sales, max(shop) AS shop');
sub query { return "SELECT day, $columns{$_[0]} FROM sale GROUP BY day" }
sub shows {
    my ($node, $version, $name) = @_;
    my $query = query($version);
    is(value($node, 'postgres', <<"SQL"), '0 30', $name);
WITH v AS (SELECT r::text COLLATE "C" AS image FROM daily r), q AS (SELECT r::text COLLATE "C" AS image FROM ($query) r)
SELECT (SELECT count(*) FROM ((SELECT image FROM v EXCEPT ALL SELECT image FROM q) UNION ALL (SELECT image FROM q EXCEPT ALL SELECT image FROM v)) d)
       || ' ' || (SELECT count(*) FROM v)
SQL
}

# A transaction on the standby that has read the view: replay waits for it, it never sees an empty view.
my $reader = session($standby);
my ($old) = $reader->run('BEGIN ISOLATION LEVEL REPEATABLE READ', 'SELECT sum(total) FROM daily');
is(value($primary, 'postgres', "SELECT action FROM mv_replace('daily', '" . query(2) . "', label => 'two', build => 'now')"), 'replaced', 'the view is replaced while the standby reads');
is(join('', $reader->run('SELECT sum(total) FROM daily')), $old, 'the transaction there goes on with what it saw');
$reader->run('COMMIT');
$reader->close;
catch_up();
shows($standby, 2, 'then the new version is there');
is(value($standby, 'postgres', 'SELECT total IS NOT NULL FROM best'), 't', 'and its dependent view');
is(value($standby, 'postgres', "SELECT has_table_privilege('public', 'daily', 'SELECT')"), 't', 'and its grants');
is(value($standby, 'postgres', "SET enable_seqscan = off; SELECT count(*) FROM daily WHERE day = '2026-01-05'"), '1', 'and its index');
is(value($standby, 'postgres', 'SELECT count(*) FROM mv_verify() WHERE NOT ok'), '0', 'mv_verify runs there and finds nothing');
my ($rc, $out, $err) = $standby->psql('postgres', "SELECT mv_rollback('daily')");
like($err, qr/read-only|recovery/, 'nothing is replaced there');

value($primary, 'postgres', "SELECT mv_rollback('daily')");
catch_up();
shows($standby, 1, 'a rollback is replayed, too');
value($primary, 'postgres', "SELECT mv_rollback('daily', to_version => 2)");

# One transaction, a thousand views, locks as they come with a server.
$primary->safe_psql('postgres', 'CREATE DATABASE many');
$primary->safe_psql('many', <<'SQL');
CREATE EXTENSION mvmanager;
SELECT mv_resume();
CREATE TABLE item (id int);
INSERT INTO item SELECT generate_series(1, 10);
SQL
# A hundred at a time: what is created stays locked to the end of the transaction.
$primary->safe_psql('many', "SELECT mv_create('many' || i, 'SELECT id FROM item', build => 'now') FROM generate_series($_ * 100 + 1, $_ * 100 + 100) i") for 0 .. 9;
is(value($primary, 'many', "SELECT current_setting('max_locks_per_transaction') || ' ' || current_setting('max_connections')"), '64 100', 'the lock table is of the usual size');
is(value($primary, 'many', <<'SQL'), "1000\nt\n1000", 'a thousand views are replaced in one transaction, with a few locks each');
BEGIN;
SELECT count(*) FROM (SELECT (mv_replace('many' || i, 'SELECT id, id AS again FROM item', label => 'again')).action FROM generate_series(1, 1000) i) r WHERE action = 'queued';
SELECT count(*) < 4000 FROM pg_locks WHERE pid = pg_backend_pid();
SELECT count(*) FROM mvmanager.run WHERE state = 'queued' AND kind = 'build';
ROLLBACK;
SQL
is(value($primary, 'many', "SELECT count(*) FROM mvmanager.version WHERE number > 1"), '0', 'rolled back, nothing is left of it');
($rc, $out, $err) = $primary->psql('many', <<'SQL');
SELECT count(*) FROM mv_apply_all((SELECT jsonb_agg(jsonb_build_object('name', 'many' || i, 'definition', 'SELECT id, id AS again FROM item', 'build', 'now')) FROM generate_series(1, 1000) i))
SQL
like($err, qr/too many views to build in one transaction: 1000 need about \d+ locks/, 'more than the locks allow is refused before anything happens');

# The standby takes over: with what is queued, and with the archive.
$primary->safe_psql('postgres', 'SELECT mv_resume()');
$primary->safe_psql('postgres', 'ALTER SYSTEM SET mvmanager.scheduler = off');
$primary->reload;
$primary->safe_psql('postgres', "SELECT mv_replace('daily', '" . query(3) . "', label => 'three', build => 'background')");
catch_up();
$primary->stop('immediate');
$standby->promote;
$standby->safe_psql('postgres', 'ALTER SYSTEM RESET mvmanager.scheduler');
$standby->reload;
ok_within($standby, 'postgres', 60, "SELECT state = 'live' FROM mv_history('daily') WHERE version = 3", 'the promoted standby builds what was queued');
shows($standby, 3, 'its rows are those of the query');
is(value($standby, 'postgres', "SELECT action FROM mv_rollback('daily')"), 'rolled_back', 'and rolls back');
shows($standby, 2, 'to the rows that were archived');
is(value($standby, 'postgres', 'SELECT count(*) FROM mv_verify() WHERE NOT ok'), '0', 'and everything verifies');

done_testing();
