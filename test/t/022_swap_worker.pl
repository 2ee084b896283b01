# Strategy swap in the worker: killed at each of its steps it leaves the old rows or the new ones, and in the end no relation
# and no file. And where it cannot have its lock, nobody waits for it and the view is as it was.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use MvManager;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time usleep);

my $node = new_server('swap', preload => 'mvmanager, mvmanager_test', conf => "mvmanager.swap_timeout = '5s'\nautovacuum = off\n");
$node->safe_psql('postgres', <<'SQL');
CREATE TABLE source (id int, name text, long text);
INSERT INTO source SELECT g, 'n' || g % 10, CASE WHEN g % 50 = 0 THEN (SELECT string_agg(md5(g || '/' || i), '') FROM generate_series(1, 300) i) END
  FROM generate_series(1, 2000) g;
SELECT mv_create('v', 'SELECT * FROM source', indexes => ARRAY['CREATE UNIQUE INDEX ON v (id)', 'CREATE INDEX ON v (lower(name)) WHERE id > 10'], build => 'now');
SELECT mv_resume();
SQL

my $truth = <<'SQL';
WITH v AS (SELECT r::text COLLATE "C" AS image FROM v r), q AS (SELECT r::text COLLATE "C" AS image FROM source r)
SELECT (SELECT count(*) FROM (SELECT image FROM q EXCEPT ALL SELECT image FROM v) m) || ' missing, '
    || (SELECT count(*) FROM (SELECT image FROM v EXCEPT ALL SELECT image FROM q) e) || ' extra'
SQL
my $digest = 'SELECT md5(string_agg(v::text, \',\' ORDER BY id)) FROM v';
# Files of the database that no relation has.
my $orphans = <<'SQL';
SELECT count(*) FROM pg_ls_dir('base/' || (SELECT oid FROM pg_database WHERE datname = current_database())) f
 WHERE f ~ '^[0-9]+$' AND NOT EXISTS (SELECT FROM pg_class c WHERE pg_relation_filenode(c.oid) = f::oid)
SQL
my $staged = "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'mvmanager_data'";

sub refresh {
    return value($node, 'postgres', "SELECT mv_refresh_async('v', 'swap')");
}
sub ended {
    my ($run, $name) = @_;
    ok_within($node, 'postgres', 40, "SELECT state NOT IN ('queued', 'running') FROM mvmanager.run WHERE id = $run", $name);
    return value($node, 'postgres', "SELECT state || coalesce(' ' || sqlstate, '') FROM mvmanager.run WHERE id = $run");
}

is(ended(refresh(), 'a run ends'), 'succeeded', 'it works');
is(value($node, 'postgres', $truth), '0 missing, 0 extra', 'and makes the view true');
$node->safe_psql('postgres', 'CHECKPOINT');
is(value($node, 'postgres', $orphans), '0', 'no file is left by it');

# --- killed at each step -------------------------------------------------------------------------------------------------

for my $point ('swap-before-create', 'swap-after-create', 'swap-filling', 'swap-before-index', 'swap-before-lock', 'swap-locked',
    'swap-after-swap', 'worker-before-final')
{
    my $rows = value($node, 'postgres', $digest);
    $node->safe_psql('postgres', "UPDATE source SET name = name || 'x'; CHECKPOINT");
    my $session = background($node, 'postgres');
    hold($session, $point);
    my $run = refresh();
    my $pid = value($node, 'postgres', "SELECT mvmanager_test.await('$point')");
    if ($point =~ /create|filling|before/ && $point !~ /final/) {
        is(value($node, 'postgres', $digest), $rows, "$point: readers do not wait");
    }
    my $offset = -s $node->logfile;
    kill 'KILL', $pid;
    $node->wait_for_log(qr/database system is ready to accept connections/, $offset);
    eval { $session->quit };
    is(value($node, 'postgres', $digest), $rows, "$point: the old rows are there");
    is(ended($run, "$point: the run is ended"), 'crashed', "$point: as crashed");
    ok_within($node, 'postgres', 30, "SELECT ($staged) = 0", "$point: no relation is left");
    $node->safe_psql('postgres', 'CHECKPOINT');
    is(value($node, 'postgres', $orphans), '0', "$point: no file is left");
    is(ended(refresh(), "$point: the next run ends"), 'succeeded', "$point: and works");
    is(value($node, 'postgres', $truth), '0 missing, 0 extra', "$point: the view is true");
}

# --- the lock ------------------------------------------------------------------------------------------------------------

my $rows = value($node, 'postgres', $digest);
$node->safe_psql('postgres', "UPDATE source SET name = name || 'y'");
my $reader = background($node, 'postgres');
$reader->query_safe('BEGIN; SELECT count(*) FROM v');
my $run = refresh();
ok_within($node, 'postgres', 20, <<"SQL", 'while it waits it holds no snapshot, and no lock on what the view reads');
SELECT EXISTS (SELECT FROM pg_stat_activity a JOIN mvmanager.run r ON r.pid = a.pid WHERE r.id = $run AND a.backend_xmin IS NULL
                AND EXISTS (SELECT FROM pg_locks l WHERE l.pid = a.pid AND l.relation = 'v'::regclass AND l.mode = 'ShareUpdateExclusiveLock')
                AND NOT EXISTS (SELECT FROM pg_locks l WHERE l.pid = a.pid AND l.relation = 'source'::regclass))
SQL
my ($worst, $reads) = (0, 0);
my $other = background($node, 'postgres');
while (value($node, 'postgres', "SELECT state FROM mvmanager.run WHERE id = $run") eq 'running') {
    for (1 .. 20) {
        my $began = time;
        $other->query_safe('SELECT count(*) FROM v');
        $worst = time - $began if time - $began > $worst;
        $reads++;
        usleep(5_000);
    }
}
is(ended($run, 'it gives up'), 'failed 55P03', 'with the reason');
cmp_ok($worst, '<', 0.5, sprintf('no other reader waited much longer than an attempt: %.0f ms at most in %d reads', 1000 * $worst, $reads));
is(value($node, 'postgres', $digest), $rows, 'the view is as it was');
ok_within($node, 'postgres', 10, "SELECT ($staged) = 0", 'what was built is dropped');
$run = refresh();
ok_within($node, 'postgres', 20, "SELECT state = 'running' AND staged_name IS NOT NULL FROM mvmanager.run WHERE id = $run", 'another run has begun');
$reader->query_safe('COMMIT');
is(ended($run, 'the reader gone, it ends'), 'succeeded', 'well');
is(value($node, 'postgres', $truth), '0 missing, 0 extra', 'and makes the view true');

# A session is told who is in the way, and does not let those wait who wait for it.
$reader->query_safe('BEGIN; SELECT count(*) FROM v');
my $reader_pid = value($node, 'postgres', "SELECT min(pid) FROM pg_locks WHERE relation = 'v'::regclass AND mode = 'AccessShareLock'");
my (undef, undef, $error) = $node->psql('postgres', "SET mvmanager.swap_timeout = '300ms'; SELECT mv_refresh('v', 'swap')");
like($error, qr/ERROR:  could not obtain the lock to swap materialized view "public.v" within 300 ms\s+DETAIL:  Process $reader_pid \(user \w+\) holds a lock that stands against it.\s+HINT:  Call mv_refresh\('public.v', 'diff'\)/,
    'a session is told who is in the way');
hold($other, 'swap-before-lock');
my $refresher = background($node, 'postgres');
$refresher->query_until(qr/started/, "\\echo started\nSET mvmanager.swap_timeout = '60s'; SELECT mv_refresh('v', 'swap');\n");
value($node, 'postgres', "SELECT mvmanager_test.await('swap-before-lock')");
$reader->query_until(qr/altering/, "\\echo altering\nALTER TABLE source SET (user_catalog_table = false);\n");
ok_within($node, 'postgres', 20, "SELECT EXISTS (SELECT FROM pg_locks WHERE pid = $reader_pid AND NOT granted)", 'a reader waits for what the refresh has read');
my $began = time;
release_point($other, 'swap-before-lock');
$reader->query_safe('COMMIT');
cmp_ok(time - $began, '<', 10, 'the refresh makes way for it');
eval { $refresher->quit };

# A GRANT that is not committed keeps a row of pg_class: the swap does not wait for it with the view locked.
$reader->query_safe('BEGIN; GRANT SELECT ON v TO PUBLIC');
$run = refresh();
ok_within($node, 'postgres', 20, "SELECT staged_name IS NOT NULL FROM mvmanager.run WHERE id = $run", 'a run against a GRANT has begun');
$worst = 0;
for (my $until = time + 1; time < $until;) {
    my $began = time;
    $other->query_safe('SELECT count(*) FROM v');
    $worst = time - $began if time - $began > $worst;
    usleep(5_000);
}
cmp_ok($worst, '<', 0.5, sprintf('no reader waits for a GRANT through it: %.0f ms at most', 1000 * $worst));
$reader->query_safe('COMMIT');
is(ended($run, 'the GRANT committed, it ends'), 'succeeded', 'well');
is(value($node, 'postgres', "SELECT relacl::text ~ '=r/' FROM pg_class WHERE oid = 'v'::regclass"), 't', 'and the GRANT is there');

# --- dumps, and the extension's end --------------------------------------------------------------------------------------

my $session = background($node, 'postgres');
hold($session, 'swap-before-index');
$run = refresh();
my $pid = value($node, 'postgres', "SELECT mvmanager_test.await('swap-before-index')");
$node->command_ok([ 'pg_dump', '-f', $node->basedir . '/dump.sql', 'postgres' ], 'pg_dump goes on beside a swap');
$node->safe_psql('postgres', 'CREATE DATABASE restored');
$node->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', $node->basedir . '/dump.sql', 'restored' ], 'and can be restored');
is(value($node, 'restored', $truth), '0 missing, 0 extra', 'with its rows');
is(value($node, 'restored', 'SELECT count(*) FROM mvmanager.run WHERE staged_name IS NOT NULL'), '1', 'the staged relation is known there');
$node->append_conf('postgresql.conf', 'mvmanager.scheduler = off');
my $offset = -s $node->logfile;
kill 'KILL', $pid;
$node->wait_for_log(qr/database system is ready to accept connections/, $offset);
eval { $_->quit } for $session, $other, $reader;
cmp_ok(value($node, 'postgres', $staged), '>', 0, 'killed, it leaves a relation');
is(value($node, 'postgres', "SELECT name || ' ' || ok FROM mv_verify() WHERE check_name = 'leftover'"), 'public.v false', 'which mv_verify tells of');
$node->safe_psql('postgres', 'BEGIN; DROP EXTENSION mvmanager; ROLLBACK');
cmp_ok(value($node, 'postgres', $staged), '>', 0, 'it is there after a DROP EXTENSION that was rolled back');
my $looking = background($node, 'postgres');
my $left = value($node, 'postgres', "SELECT oid::regclass FROM pg_class WHERE relnamespace = 'mvmanager_data'::regnamespace AND relkind = 'm'");
$looking->query_safe("BEGIN; EXPLAIN SELECT * FROM $left");
$node->safe_psql('postgres', 'DROP EXTENSION mvmanager');
cmp_ok(value($node, 'postgres', $staged), '>', 0, 'what somebody looks at does not stand in the way of it');
$looking->query_safe('COMMIT');
is(value($node, 'postgres', $truth) =~ /missing/ ? 'read' : '', 'read', 'the view can be read');
$node->safe_psql('postgres', 'DROP SCHEMA mvmanager_data CASCADE');
is(value($node, 'restored', "SELECT strategy FROM mv_refresh('v', 'swap')"), 'swap', 'a refresh there');
is(value($node, 'restored', $staged), '0', 'drops it');

$node->stop;
done_testing();
