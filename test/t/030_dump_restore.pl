# What a dump carries: definitions, schedules and history survive pg_dump and pg_restore in every format, the copy does
# nothing until it is told to, and the extension can be dropped and taken up again.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('origin');
$node->init;
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'mvmanager'\nmax_worker_processes = 16\n");
$node->start;

# Definitions with everything that quoting can get wrong, in two schemas, one ended, one with a failed run.
$node->safe_psql('postgres', 'CREATE DATABASE origin');
$node->safe_psql('origin', <<'SQL');
CREATE EXTENSION mvmanager;
CREATE ROLE dump_owner;
CREATE SCHEMA "Other Schema" AUTHORIZATION dump_owner;
CREATE TABLE sale (id int PRIMARY KEY, at date, amount numeric, note text);
INSERT INTO sale SELECT i, date '2024-01-01' + i % 90, i * 1.10, 'note ' || i FROM generate_series(1, 1000) i;
GRANT SELECT ON sale TO dump_owner;
SELECT mv_create('daily', 'SELECT at, sum(amount) AS total, count(*) AS n FROM sale GROUP BY at',
                 '{CREATE UNIQUE INDEX daily_at ON daily (at)}', label => 'rev-1', comment => 'by day');
SELECT mv_create('"weird ""name"""', $q$SELECT 'it''s\n' AS "quoted 'col'", $tag$; DROP TABLE sale; --$tag$::text AS b -- a comment$q$);
SELECT mv_create('empty', 'SELECT 1 AS one', with_data => false);
SELECT mv_create('gone', 'SELECT 1 AS one');
SELECT mv_drop('gone');
SELECT mv_create('"let go"', 'SELECT 2 AS two');
SELECT mv_release('"let go"');
SET ROLE dump_owner;
SELECT mv_create('"Other Schema".daily', 'SELECT at, count(*) AS n FROM public.sale GROUP BY at');
RESET ROLE;
SELECT mv_refresh('daily');
SELECT mv_schedule('daily', '0 3 1 1 *', 'Europe/Berlin');
SELECT mv_schedule('"Other Schema".daily', '300 days');
SQL

# Everything the catalog knows, in one text; a database of another name must give the same.
my $catalog = <<'SQL';
SELECT 'view ' || v::text FROM mvmanager.view v
UNION ALL SELECT 'version ' || v::text FROM mvmanager.version v
UNION ALL SELECT 'state ' || v::text FROM mvmanager.version_state v
UNION ALL SELECT 'change ' || v::text FROM mvmanager.change v
UNION ALL SELECT 'schedule ' || v::text FROM mvmanager.schedule v
UNION ALL SELECT 'run ' || v::text FROM mvmanager.run v
ORDER BY 1
SQL
my $rows = <<'SQL';
SELECT 'daily', count(*)::text || ' ' || md5(string_agg(d::text, ',' ORDER BY at)) FROM daily d
UNION ALL SELECT 'other', count(*)::text || ' ' || md5(string_agg(d::text, ',' ORDER BY at)) FROM "Other Schema".daily d
UNION ALL SELECT 'weird', w::text FROM "weird ""name""" w
UNION ALL SELECT 'let go', l::text FROM "let go" l
ORDER BY 1
SQL
# What mv_verify finds wrong. An adopted or restored view may be told about, a broken chain must not be.
my $unverified = "SELECT name, check_name, detail FROM mv_verify() WHERE NOT ok ORDER BY 1, 2";

my $catalog_before = $node->safe_psql('origin', $catalog);
my $rows_before = $node->safe_psql('origin', $rows);
like($catalog_before, qr/rev-1/, 'the catalog has what the test looks for');
like($catalog_before, qr/Europe\/Berlin/, 'and a schedule');
is($node->safe_psql('origin', $unverified), '', 'the original verifies');
is($node->safe_psql('origin', 'SELECT is_armed FROM mvmanager.scheduler'), 't', 'the original is armed');

my $folder = PostgreSQL::Test::Utils::tempdir();
my %restore = (
    plain => sub {
        my ($database, $file) = @_;
        return [ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', $database, '-f', $file ];
    },
    'plain in a single transaction' => sub {
        my ($database, $file) = @_;
        return [ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '--single-transaction', '-d', $database, '-f', $file ];
    },
    custom => sub {
        my ($database, $file) = @_;
        return [ 'pg_restore', '--exit-on-error', '-d', $database, $file ];
    },
    'custom in a single transaction' => sub {
        my ($database, $file) = @_;
        return [ 'pg_restore', '--exit-on-error', '--single-transaction', '-d', $database, $file ];
    },
    'directory with two jobs' => sub {
        my ($database, $file) = @_;
        return [ 'pg_restore', '--exit-on-error', '--jobs=2', '-d', $database, $file ];
    });

my $number = 0;
foreach my $how (sort keys %restore) {
    my ($format) = $how =~ /^(\w+)/;
    my $copy = 'copy_' . ++$number;
    my $file = "$folder/$copy";
    $node->command_ok([ 'pg_dump', "--format=$format", "--file=$file", 'origin' ], "$how: dump");
    $node->safe_psql('postgres', "CREATE DATABASE $copy TEMPLATE template0");
    $node->command_ok($restore{$how}->($copy, $file), "$how: restore");

    is($node->safe_psql($copy, $catalog), $catalog_before, "$how: definitions, schedules and history are the same");
    is($node->safe_psql($copy, $rows), $rows_before, "$how: the views have the same rows");
    is($node->safe_psql($copy, "SELECT relispopulated FROM pg_class WHERE relname = 'empty'"), 'f', "$how: an empty view stays empty");
    is($node->safe_psql($copy, $unverified), '', "$how: every hash chain verifies");

    # Inert until told otherwise.
    is( $node->safe_psql($copy, "SELECT count(*), bool_or(is_armed), count(next_run_at) FROM mvmanager.status"),
        '4|f|0', "$how: the copy runs nothing");
    is( $node->safe_psql($copy, "SELECT DISTINCT state FROM mvmanager.schedules"), 'not armed', "$how: and says so");
    $node->safe_psql($copy, "SELECT mv_resume()");
    is( $node->safe_psql($copy, "SELECT bool_and(is_armed), count(next_run_at) FROM mvmanager.status"),
        't|2', "$how: mv_resume() arms it");

    # Numbers go on where they were.
    my $used = $node->safe_psql($copy, 'SELECT max(id) FROM mvmanager.run');
    is($node->safe_psql($copy, "SELECT (mv_refresh('daily')).run_id > $used"), 't', "$how: run numbers continue");
    $used = $node->safe_psql($copy, 'SELECT max(id) FROM mvmanager.view');
    is( $node->safe_psql($copy, "SELECT action FROM mv_create('gone', 'SELECT 3 AS three')"), 'created', "$how: a new view");
    is( $node->safe_psql($copy, "SELECT max(id) > $used FROM mvmanager.view"), 't', "$how: has an id of its own");
    is($node->safe_psql($copy, $unverified), '', "$how: the chains go on");

    # A copy of the copy is the same again: what is restored can be dumped.
    my $again = $node->safe_psql($copy, $catalog);
    $node->command_ok([ 'pg_dump', '--format=custom', "--file=$file.again", $copy ], "$how: dump of the copy");
    $node->safe_psql('postgres', "CREATE DATABASE ${copy}_again TEMPLATE template0");
    $node->command_ok([ 'pg_restore', '--exit-on-error', '-d', "${copy}_again", "$file.again" ], "$how: restore of the copy");
    is($node->safe_psql("${copy}_again", $catalog), $again, "$how: the copy of the copy is the same");
}

# A database made from a template is a copy too.
$node->safe_psql('origin', 'SELECT mv_pause()');
$node->poll_query_until('postgres', "SELECT count(*) = 0 FROM pg_stat_activity WHERE datname = 'origin'")
    or die 'processes stay in the database';
$node->safe_psql('postgres', 'CREATE DATABASE from_template TEMPLATE origin');
is($node->safe_psql('from_template', 'SELECT is_armed FROM mvmanager.scheduler'), 'f', 'a database made from a template is not armed');
is($node->safe_psql('from_template', $unverified), '', 'its chains verify');
$node->safe_psql('origin', 'SELECT mv_resume()');

# Without the extension every view is an ordinary one.
my $indexes = "SELECT indexdef FROM pg_indexes WHERE tablename = 'daily' ORDER BY 1";
my $indexes_before = $node->safe_psql('origin', $indexes);
$node->safe_psql('origin', 'DROP EXTENSION mvmanager');
is($node->safe_psql('origin', $rows), $rows_before, 'after DROP EXTENSION every view has its rows');
is($node->safe_psql('origin', $indexes), $indexes_before, 'and its indexes');
$node->safe_psql('origin', 'INSERT INTO sale VALUES (5000, current_date, 1); REFRESH MATERIALIZED VIEW CONCURRENTLY daily');
is($node->safe_psql('origin', 'SELECT sum(n) FROM daily'), '1001', 'and can be refreshed by hand');
is( $node->safe_psql('origin', "SELECT count(*) FROM pg_namespace WHERE nspname = 'mvmanager'"), '0', 'nothing of the extension is left');

$node->safe_psql('origin', 'CREATE EXTENSION mvmanager');
is( $node->safe_psql('origin', "SELECT name, version, action FROM mv_adopt_schema('public') ORDER BY 1"),
    qq{public."let go"|1|adopted\npublic."weird ""name"""|1|adopted\npublic.daily|1|adopted\npublic.empty|1|adopted},
    'CREATE EXTENSION and mv_adopt_schema take them back');
is($node->safe_psql('origin', "SELECT name, action FROM mv_adopt_schema('Other Schema')"), '"Other Schema".daily|adopted', 'by schema');
is($node->safe_psql('origin', $unverified), '', 'the new chains verify');
is($node->safe_psql('origin', $indexes), $indexes_before, 'indexes are as they were');
is($node->safe_psql('origin', "SELECT obj_description('daily'::regclass)"), 'by day', 'and so is the comment');
is($node->safe_psql('origin', "SELECT rows_total FROM mv_refresh('daily')"), '91', 'a view that was taken back is refreshed');

$node->stop;
done_testing();
