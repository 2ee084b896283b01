# The guard stands in nobody's way who has to drop: restores with --clean, copies, the extension itself. It works in a server
# that does not preload the library, and the worker finds a view under its new name.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use MvManager;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_server('guard');
$node->safe_psql('postgres', 'CREATE DATABASE origin');
$node->safe_psql('origin', <<'SQL');
CREATE EXTENSION mvmanager;
CREATE ROLE guard_owner;
CREATE SCHEMA "S 1" AUTHORIZATION guard_owner;
CREATE TABLE sale (at date, amount numeric);
INSERT INTO sale SELECT date '2024-01-01' + i % 90, i FROM generate_series(1, 1000) i;
GRANT SELECT ON sale TO guard_owner;
SELECT mv_create('daily', 'SELECT at, sum(amount) AS total FROM sale GROUP BY at', '{CREATE UNIQUE INDEX daily_at ON daily (at)}', build => 'now');
SELECT mv_create('on_top', 'SELECT max(total) AS best FROM daily', build => 'now');
SET ROLE guard_owner;
SELECT mv_create('"S 1".theirs', 'SELECT at, count(*) AS n FROM public.sale GROUP BY at', build => 'now');
RESET ROLE;
SELECT mv_resume();
SQL
my $catalog = <<'SQL';
SELECT 'view ' || v::text FROM mvmanager.view v
UNION ALL SELECT 'version ' || v::text FROM mvmanager.version v
UNION ALL SELECT 'state ' || v::text FROM mvmanager.version_state v
UNION ALL SELECT 'change ' || v::text FROM mvmanager.change v
UNION ALL SELECT 'run ' || v::text FROM mvmanager.run v
UNION ALL SELECT 'daily ' || d::text FROM daily d
UNION ALL SELECT 'theirs ' || d::text FROM "S 1".theirs d
ORDER BY 1
SQL
my $refused = qr/cannot drop managed materialized view/;

# A statement that must fail, and what it says.
sub says {
    my ($database, $sql) = @_;
    my ($rc, $out, $err) = $node->psql($database, $sql);
    return $rc == 0 ? 'done' : $err;
}

like(says('origin', 'DROP MATERIALIZED VIEW daily CASCADE'), $refused, 'an armed database refuses');
like(says('origin', 'DROP OWNED BY guard_owner'), $refused, 'DROP OWNED too');
my $before = $node->safe_psql('origin', $catalog);

# --- restores over what is there ---------------------------------------------------------------------------------------

my $folder = PostgreSQL::Test::Utils::tempdir();
$node->command_ok([ 'pg_dump', '--format=custom', "--file=$folder/dump", 'origin' ], 'dump');
$node->command_ok([ 'pg_dump', '--clean', '--if-exists', "--file=$folder/plain", 'origin' ], 'plain dump with --clean');
my %clean = (
    'pg_restore --clean' => [ 'pg_restore', '--exit-on-error', '--clean', '--if-exists', '-d', 'copy', "$folder/dump" ],
    'pg_restore --clean --single-transaction' =>
      [ 'pg_restore', '--exit-on-error', '--clean', '--if-exists', '--single-transaction', '-d', 'copy', "$folder/dump" ],
    'pg_restore --clean --jobs' => [ 'pg_restore', '--exit-on-error', '--clean', '--if-exists', '--jobs=3', '-d', 'copy', "$folder/dump" ],
    'psql' => [ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', 'copy', '-f', "$folder/plain" ],
    'psql --single-transaction' => [ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-1', '-d', 'copy', '-f', "$folder/plain" ]);
$node->safe_psql('postgres', 'CREATE DATABASE copy TEMPLATE template0');
$node->command_ok([ 'pg_restore', '--exit-on-error', '-d', 'copy', "$folder/dump" ], 'restore into an empty database');
is($node->safe_psql('copy', $catalog), $before, 'the copy is the same');
foreach my $how (sort keys %clean) {
    $node->command_ok($clean{$how}, "$how over a copy that is not armed");
    is($node->safe_psql('copy', $catalog), $before, "$how: the same again");
    is($node->safe_psql('copy', 'SELECT count(*) FROM mv_verify() WHERE NOT ok'), '0', "$how: verified");
}
foreach my $how (sort keys %clean) {
    $node->safe_psql('copy', 'SELECT mv_resume()');
    $node->command_fails_like($clean{$how}, $refused, "$how over an armed database is refused");
    is($node->safe_psql('copy', "SELECT count(*) FROM mvmanager.status"), '3', "$how: nothing managed is gone");
    local $ENV{PGOPTIONS} = '-c mvmanager.guard=off';
    $node->command_ok($clean{$how}, "$how with the guard off is not");
    is($node->safe_psql('copy', $catalog), $before, "$how: the same again");
}
# What was restored apart: the views without the rows that say that they are managed, and the other way round.
$node->safe_psql('postgres', 'CREATE DATABASE sections TEMPLATE template0');
foreach my $section (qw(pre-data data post-data)) {
    $node->command_ok([ 'pg_restore', '--exit-on-error', "--section=$section", '-d', 'sections', "$folder/dump" ], "section $section");
}
is($node->safe_psql('sections', $catalog), $before, 'in sections it is the same');
$node->safe_psql('postgres', 'CREATE DATABASE definitions TEMPLATE template0');
$node->command_ok([ 'pg_restore', '--exit-on-error', '--schema-only', '-d', 'definitions', "$folder/dump" ], 'definitions alone');
$node->safe_psql('definitions', 'SELECT mv_resume(); DROP TABLE sale CASCADE');
pass('views that nobody says are managed are dropped like any other');

# --- what ends everything ----------------------------------------------------------------------------------------------

foreach my $end ('DROP EXTENSION mvmanager', 'DROP EXTENSION mvmanager CASCADE', 'DROP SCHEMA public CASCADE') {
    $node->safe_psql('postgres', 'CREATE DATABASE ending TEMPLATE template0');
    $node->safe_psql('ending', q{CREATE EXTENSION mvmanager; CREATE TABLE t (a int); SELECT mv_create('v', 'SELECT a FROM t', build => 'now'); SELECT mv_resume()});
    like(says('ending', 'DROP TABLE t CASCADE'), $refused, "$end: armed");
    $node->safe_psql('ending', $end);
    is($node->safe_psql('ending', 'SELECT count(*) FROM pg_event_trigger'), '0', "$end: nothing watches any more");
    is(says('ending', 'DROP TABLE IF EXISTS t CASCADE'), 'done', "$end: what is left goes");
    $node->safe_psql('postgres', 'DROP DATABASE ending');
}
$node->safe_psql('postgres', 'CREATE ROLE boss SUPERUSER');
$node->safe_psql('postgres', 'CREATE DATABASE ending TEMPLATE template0');
$node->safe_psql('ending', q{SET ROLE boss; CREATE EXTENSION mvmanager; CREATE TABLE t (a int); SELECT mv_create('v', 'SELECT a FROM t', build => 'now'); SELECT mv_resume()});
is(says('ending', 'DROP OWNED BY boss CASCADE'), 'done', 'DROP OWNED of who has the extension takes all along');
is($node->safe_psql('ending', "SELECT count(*) FROM pg_class WHERE relname IN ('t', 'v')"), '0', 'and all is gone');
$node->safe_psql('postgres', 'DROP DATABASE ending; DROP ROLE boss');

# --- other extensions --------------------------------------------------------------------------------------------------

SKIP: {
    skip 'no extension hstore', 5 unless $node->safe_psql('postgres', "SELECT count(*) FROM pg_available_extensions WHERE name = 'hstore'");
    $node->safe_psql('postgres', 'CREATE DATABASE other TEMPLATE template0');
    $node->safe_psql('other', <<'SQL');
CREATE EXTENSION mvmanager;
CREATE SCHEMA one; CREATE SCHEMA two;
CREATE EXTENSION hstore SCHEMA one;
SELECT mv_create('one.reads', $q$SELECT 'a=>1'::one.hstore AS h$q$, build => 'now');
SELECT mv_create('one.depends', 'SELECT 1 AS a', build => 'now');
SELECT mv_create('one.apart', 'SELECT 2 AS a', build => 'now');
SELECT mv_resume();
SQL
    like(says('other', 'DROP EXTENSION hstore CASCADE'), $refused, 'a view of an extension\'s type is not dropped with it');
    like(says('other', 'ALTER MATERIALIZED VIEW one.depends DEPENDS ON EXTENSION hstore; ALTER EXTENSION hstore ADD MATERIALIZED VIEW one.reads; DROP EXTENSION hstore'),
        qr/cannot drop managed materialized view "one.depends"/, 'nor one that depends on it or is its own, which takes no CASCADE');
    like(says('other', 'ALTER EXTENSION hstore UPDATE; DROP EXTENSION hstore'), $refused, 'whatever came before');
    $node->safe_psql('other', 'ALTER EXTENSION hstore SET SCHEMA two');
    is( $node->safe_psql('other', 'SELECT schema_name, view_name FROM mvmanager.view ORDER BY 2'), "one|apart\none|depends\ntwo|reads",
        'one that moves with its extension is followed');
    is($node->safe_psql('other', "SELECT name, check_name, detail FROM mv_verify() WHERE NOT ok AND check_name = 'relation'"), '', 'and verified');
    $node->safe_psql('postgres', 'DROP DATABASE other');
}

# --- the worker --------------------------------------------------------------------------------------------------------

$node->safe_psql('origin', "SELECT mv_schedule('daily', '1 second')");
ok_within($node, 'origin', 30, "SELECT count(*) > 0 FROM mvmanager.runs WHERE reason = 'schedule' AND state = 'succeeded' AND view = 'daily'", 'a scheduled run');
$node->safe_psql('origin', 'ALTER MATERIALIZED VIEW daily RENAME TO per_day; ALTER MATERIALIZED VIEW per_day SET SCHEMA "S 1"');
my $then = $node->safe_psql('origin', 'SELECT max(id) FROM mvmanager.run');
ok_within($node, 'origin', 30, "SELECT count(*) > 1 FROM mvmanager.runs WHERE reason = 'schedule' AND state = 'succeeded' AND run_id > $then AND schema = 'S 1' AND view = 'per_day'",
    'the schedule goes on under the new name');
$node->safe_psql('origin', 'ALTER SCHEMA "S 1" RENAME TO "S 2"');
$then = $node->safe_psql('origin', 'SELECT max(id) FROM mvmanager.run');
ok_within($node, 'origin', 30, "SELECT count(*) > 1 FROM mvmanager.runs WHERE reason = 'schedule' AND state = 'succeeded' AND run_id > $then AND schema = 'S 2' AND view = 'per_day'",
    'and in the schema\'s new name');
is($node->safe_psql('origin', "SELECT count(*) FROM mvmanager.run WHERE state NOT IN ('succeeded', 'running')"), '0', 'no run failed on the way');
is($node->safe_psql('origin', "SELECT name, detail FROM mv_verify() WHERE NOT ok AND check_name <> 'definition' AND check_name <> 'restorable'"), '', 'the catalog is true');
$node->safe_psql('origin', "SET mvmanager.guard = off; DROP MATERIALIZED VIEW \"S 2\".per_day CASCADE");
is($node->safe_psql('origin', 'SELECT count(*) FROM mvmanager.schedule'), '0', 'a view that is let go leaves no schedule');
is($node->safe_psql('origin', "SELECT view_name, ended_how FROM mvmanager.view ORDER BY id"), "per_day|dropped\non_top|dropped\ntheirs|", 'and the catalog knows');
$node->stop;

# --- a server that does not preload the library ------------------------------------------------------------------------

my $late = new_server('late', preload => '');
$late->safe_psql('postgres', q{CREATE TABLE t (a int, b int); SELECT mv_create('v', 'SELECT a, b FROM t', build => 'now')});
$late->safe_psql('postgres', 'INSERT INTO mvmanager.local (database_oid, armed_at) SELECT oid, now() FROM pg_database WHERE datname = current_database()');
my ($rc, $out, $err) = $late->psql('postgres', 'DROP TABLE t CASCADE');
like($err, $refused, 'without preload the first DROP of a session is refused');
like($err, qr/SET mvmanager\.guard = off/, 'and says the way out');
$late->safe_psql('postgres', 'ALTER MATERIALIZED VIEW v RENAME TO w');
is($late->safe_psql('postgres', 'SELECT view_name FROM mvmanager.view'), 'w', 'a rename is followed');
$late->safe_psql('postgres', 'REFRESH MATERIALIZED VIEW w');
is($late->safe_psql('postgres', "SELECT count(*) FROM mvmanager.run WHERE reason = 'external'"), '1', 'a REFRESH is a run');
$late->safe_psql('postgres', "SET mvmanager.guard = off; DROP TABLE t CASCADE");
is($late->safe_psql('postgres', 'SELECT ended_how FROM mvmanager.view'), 'dropped', 'a setting that came before the library counts');

$late->stop;
done_testing();
