# A view whose columns and rule were changed in place is, to pg_dump, to other sessions and to what checks the files, the view
# that the last definition makes from scratch.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use MvManager;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_server('columns_dump', preload => 'mvmanager,mvmanager_test');
$node->safe_psql('postgres', 'CREATE ROLE columns_reader; CREATE ROLE columns_other');

my $tables = <<'SQL';
CREATE TABLE base (id integer, t text, n bigint, d date);
CREATE TABLE other (id integer, z bigint);
INSERT INTO base SELECT i, 't' || i, i % 7, date '2024-01-01' + i FROM generate_series(1, 200) i;
INSERT INTO other SELECT i, i FROM generate_series(1, 100) i;
CREATE TABLE guarded (id integer);
SQL
# What people hang on a view of the columns that $1 lists.
my $hung = <<'SQL';
CREATE UNIQUE INDEX m_id ON m (id);
CREATE INDEX m_t ON m (lower(t)) INCLUDE (d) WHERE id > 3;
CREATE STATISTICS m_statistics (ndistinct, mcv) ON d, n FROM m;
COMMENT ON COLUMN m.t IS 'the text';
COMMENT ON MATERIALIZED VIEW m IS 'the view';
COMMENT ON INDEX m_t IS 'by text';
GRANT SELECT (t, d) ON m TO columns_reader WITH GRANT OPTION;
SET ROLE columns_reader;
GRANT SELECT (d) ON m TO columns_other;
RESET ROLE;
ALTER MATERIALIZED VIEW m ALTER COLUMN n SET STATISTICS 77;
ALTER MATERIALIZED VIEW m ALTER COLUMN d SET (n_distinct = 33);
ALTER MATERIALIZED VIEW m ALTER COLUMN t SET STORAGE EXTERNAL;
ALTER MATERIALIZED VIEW m CLUSTER ON m_id;
CREATE VIEW uses_n WITH (security_barrier) AS SELECT m.id, m.n FROM m;
CREATE VIEW joined AS SELECT m.id, o.z FROM m JOIN other o USING (id);
CREATE VIEW renamed (a, b) AS SELECT m.t, m.d FROM m;
CREATE MATERIALIZED VIEW m2 AS SELECT uses_n.n, uses_n.id FROM uses_n;
CREATE INDEX m2_n ON m2 (n);
COMMENT ON INDEX m2_n IS 'by number';
COMMENT ON COLUMN m2.n IS 'the number';
ALTER MATERIALIZED VIEW m2 CLUSTER ON m2_n;
ALTER MATERIALIZED VIEW m2 ALTER COLUMN n SET STATISTICS 12;
GRANT SELECT (n) ON m2 TO columns_reader;
CREATE FUNCTION total() RETURNS numeric LANGUAGE sql STABLE BEGIN ATOMIC SELECT sum(m.n) AS sum FROM m; END;
COMMENT ON FUNCTION total() IS 'a function';
CREATE RULE ins AS ON INSERT TO uses_n DO INSTEAD INSERT INTO other (id, z) SELECT new.id, 1;
CREATE POLICY known ON guarded USING (EXISTS (SELECT FROM m WHERE m.id = guarded.id));
SQL
my $last = "SELECT b.d, b.n::numeric AS n, b.id, 'x'::text || b.t AS t, b.d + 1 AS next, b.t COLLATE \"C\" AS c FROM base b";
my %dump;

for my $database ('redefined', 'from_scratch') {
    my $is_redefined = $database eq 'redefined';
    my $first = $is_redefined ? 'SELECT id, t, n, d FROM base' : $last;
    $node->safe_psql('postgres', "CREATE DATABASE $database");
    $node->safe_psql($database, "CREATE EXTENSION amcheck; $tables CREATE MATERIALIZED VIEW m AS $first; $hung ANALYZE m");
    if ($is_redefined) {
        $node->safe_psql($database, 'CREATE SCHEMA mvmanager_test; CREATE EXTENSION mvmanager_test SCHEMA mvmanager_test');
        my $reader = $node->background_psql($database);
        $reader->query_safe('PREPARE named AS SELECT id, d FROM m WHERE id = 5; PREPARE of_view AS SELECT * FROM uses_n WHERE id = 5; PREPARE of_renamed AS SELECT a FROM renamed WHERE b = \'2024-01-06\'');
        my $read = sub { join ' ', map { $reader->query_safe("EXECUTE $_") } @_ };
        is($read->('named', 'of_view', 'of_renamed'), '5|2024-01-06 5|5 t5', 'a session reads');
        my $step = sub {
            my ($definition, $renames) = @_;
            $node->safe_psql($database, <<"SQL");
BEGIN;
SELECT * FROM mvmanager_test.redefine('m', \$\$$definition\$\$, '$renames', 'recreate');
REFRESH MATERIALIZED VIEW m;
REFRESH MATERIALIZED VIEW m2;
COMMIT;
SQL
        };
        $step->('SELECT id, t, n, d, d + 1 AS next FROM base', '{}');
        is($read->('named', 'of_view', 'of_renamed'), '5|2024-01-06 5|5 t5', 'and reads on after an append');
        $step->('SELECT d + 1 AS next, d AS at, id AS key, t, n, 1 AS extra FROM base', '{d,at,id,key}');
        $reader->query_safe('DEALLOCATE named; PREPARE named AS SELECT key, at FROM m WHERE key = 5');
        is($read->('named', 'of_view', 'of_renamed'), '5|2024-01-06 5|5 t5', 'and after a reorder with a rename');
        like($node->safe_psql($database, "SELECT pg_get_viewdef('joined')"), qr/USING \(id\)/, 'a join by the old name stays one');
        $step->('SELECT d + 1 AS next, d AS at, t, n, id AS key FROM base', '{}');
        is($read->('of_view', 'of_renamed'), '5|5 t5', 'and after one more reorder');
        $step->('SELECT d, n, id, t, d + 1 AS next, t COLLATE "C" AS c FROM base', '{at,d,key,id}');
        $node->safe_psql($database, "SELECT * FROM mvmanager_test.redefine('m', \$\$$last\$\$, '{}', 'recreate'); REFRESH MATERIALIZED VIEW m; REFRESH MATERIALIZED VIEW m2; ANALYZE m");
        is($reader->query_safe('DEALLOCATE ALL; SELECT id, d, t FROM m WHERE id = 5; SELECT a FROM renamed WHERE b = \'2024-01-06\''), "5|2024-01-06|xt5\nxt5", 'and after a change of types');
        $reader->quit;
        $node->safe_psql($database, 'DROP EXTENSION mvmanager_test; DROP SCHEMA mvmanager_test');
    }
    my ($out, $err);
    run_command_ok($database, \$out, \$err, 'pg_dump', '--no-sync', $node->connstr($database));
    is($err, '', "pg_dump of $database has nothing to say");
    # The server of each run makes up a key of its own for \restrict.
    $dump{$database} = join "\n", grep { !/^\\(un)?restrict/ } split /\n/, $out;
    run_command_ok($database, \$out, \$err, 'pg_amcheck', '--heapallindexed', '--rootdescend', $node->connstr($database));
    is($out . $err, '', "pg_amcheck of $database has nothing to say");
    is(value($node, $database, 'VACUUM (FULL, ANALYZE) m; REINDEX TABLE m; REFRESH MATERIALIZED VIEW CONCURRENTLY m; SELECT count(*) FROM m'), '200', 'the view is maintained as any other');
}

sub run_command_ok {
    my ($database, $out, $err, @command) = @_;
    ok(IPC::Run::run(\@command, '>', $out, '2>', $err), "$command[0] of $database");
}

sub normal {
    my ($text) = @_;
    $text =~ s/^-- (Dumped|PostgreSQL database dump).*\n//mg;
    return $text;
}
is(normal($dump{redefined}), normal($dump{from_scratch}), 'both databases dump alike');
like($dump{redefined}, qr/CREATE MATERIALIZED VIEW public\.m /, 'with the view in it');

# And the dump makes such a database.
$node->safe_psql('postgres', 'CREATE DATABASE restored');
my $file = PostgreSQL::Test::Utils::tempdir() . '/dump.sql';
append_to_file($file, $dump{redefined});
$node->command_ok(['psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', $file, '-d', $node->connstr('restored')], 'the dump is restored');
is(value($node, 'restored', 'SELECT count(*), sum(n), min(t) FROM m'), value($node, 'redefined', 'SELECT count(*), sum(n), min(t) FROM m'), 'with the same rows');
unlike(slurp_file($node->logfile), qr/non-monotonic|WARNING|XX000|PANIC/, 'the server found nothing odd in its catalogs');

$node->stop;
done_testing();
