# Everything at once: writers, readers of all sorts, refreshes by every strategy in sessions and in the worker, VACUUM and index
# builds. The writers move amounts between rows, so that whatever a reader sees, in one look, adds up.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use IPC::Run qw(start finish);
use MvManager;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Refreshing;
use Test::More;

my $seconds = $ENV{MVMANAGER_SECONDS} // 15;
my $rows = 3000;
my $node = new_server('concurrent', conf => "autovacuum_naptime = 1s\nmax_connections = 50\nmvmanager.swap_timeout = '60s'\nmvmanager.max_workers = 2\n");
prepare_truth($node);
$node->safe_psql('postgres', <<"SQL");
CREATE TABLE base (id int, grp int, amount numeric, note text);
INSERT INTO base SELECT g, g % 10, 100, 'note ' || g FROM generate_series(1, $rows) g;
CREATE MATERIALIZED VIEW v AS SELECT id, grp, amount, note FROM base;
CREATE UNIQUE INDEX v_id ON v (id);
CREATE INDEX v_grp ON v (grp) INCLUDE (amount);
CREATE MATERIALIZED VIEW w WITH (fillfactor = 70) AS SELECT grp, amount, note FROM base;
CREATE INDEX w_note ON w USING hash (note);
CREATE MATERIALIZED VIEW x AS SELECT id, amount FROM base;
CREATE UNIQUE INDEX x_id ON x (id);
SELECT mv_adopt('v'), mv_adopt('w'), mv_adopt('x');
CREATE FUNCTION adds_up(n bigint, total numeric) RETURNS void LANGUAGE plpgsql AS \$\$
BEGIN
    IF n <> $rows OR total <> $rows * 100 THEN
        RAISE EXCEPTION 'a reader saw % rows and % in all', n, total;
    END IF;
END \$\$;
SQL

my %script = (
    write => <<'PGBENCH',
\set a random(1, 3000)
\set b 1 + (:a + random(0, 2998)) % 3000
\set d random(1, 50)
UPDATE base SET amount = amount + CASE id WHEN :a THEN -:d ELSE :d END, note = 'note ' || :d WHERE id IN (:a, :b);
PGBENCH
    # Keys that change places, and rows that come and go.
    shuffle => <<'PGBENCH',
\set a random(1, 3000)
BEGIN;
UPDATE base SET id = 3001 - id WHERE id IN (:a, 3001 - :a);
DELETE FROM base WHERE id = :a;
INSERT INTO base SELECT :a, :a % 10, 300000 - sum(amount), repeat('long ', :a) FROM base;
COMMIT;
PGBENCH
    # So much that a new heap is cheaper.
    turn => <<'PGBENCH',
UPDATE base SET amount = 200 - amount;
\sleep 300 ms
PGBENCH
    look => <<'PGBENCH',
SELECT adds_up(count(*), sum(amount)) FROM v;
SELECT adds_up(count(*), sum(amount)) FROM w;
SELECT adds_up(count(*), sum(amount)) FROM x;
SELECT adds_up(count(DISTINCT id), sum(amount)) FROM v;
PGBENCH
    look_by_index => <<'PGBENCH',
BEGIN;
SET LOCAL enable_seqscan = off;
SET LOCAL enable_bitmapscan = off;
SELECT adds_up(count(*), sum(amount)) FROM v WHERE id > 0;
SELECT adds_up(count(*), sum(amount)) FROM v WHERE grp >= 0;
COMMIT;
PGBENCH
    look_twice => <<'PGBENCH',
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT adds_up(count(*), sum(amount)) FROM v;
SELECT adds_up(count(*), sum(amount)) FROM v WHERE id > 0;
SELECT adds_up(count(*), sum(amount)) FROM w;
COMMIT;
PGBENCH
    refresh => <<'PGBENCH',
\set s random(1, 9)
\set m random(1, 3)
\if :m = 1
SET mvmanager.diff_memory = '64kB';
\else
SET mvmanager.diff_memory = DEFAULT;
\endif
\if :s = 1
SELECT mv_refresh('v', 'diff');
\elif :s = 2
SELECT mv_refresh('v', 'swap');
\elif :s = 3
SELECT mv_refresh('v');
\elif :s = 4
SELECT mv_refresh('v', 'partial', 'id > 0');
\elif :s = 5
SELECT mv_refresh('w', 'diff');
\elif :s = 6
SELECT mv_refresh('w', 'swap');
\elif :s = 7
SELECT mv_refresh('w');
\elif :s = 8
SELECT mv_refresh('v', wait => false);
\else
BEGIN;
SELECT mv_refresh('v', 'diff');
SELECT mv_refresh('w');
ROLLBACK;
\endif
PGBENCH
    queue => <<'PGBENCH',
\set s random(1, 6)
\if :s = 1
SELECT mv_refresh_async('v', 'swap') AS run \gset
\elif :s = 2
SELECT mv_refresh_async('w') AS run \gset
\elif :s = 3
SELECT mv_refresh_async('v') AS run \gset
\elif :s = 4
SELECT mv_refresh_async('x', 'diff') AS run \gset
\elif :s = 5
SELECT mv_refresh_async('x') AS run \gset
\else
SELECT mv_refresh_async('x', 'swap') AS run \gset
\endif
CALL mv_wait(run => :run);
PGBENCH
    # What is done CONCURRENTLY waits for every older snapshot: for a worker's no more than it must, while a session's statement
    # that waits for such an index has one.
    maintain => <<'PGBENCH',
\set s random(1, 5)
\if :s = 1
VACUUM v;
\elif :s = 2
VACUUM (ANALYZE, FREEZE) w;
\elif :s = 3
CREATE INDEX CONCURRENTLY extra ON x (amount);
DROP INDEX extra;
\elif :s = 4
REINDEX INDEX CONCURRENTLY x_id;
\else
CREATE INDEX extra_w ON w (grp, note);
DROP INDEX extra_w;
\endif
-- Between two of them, the refreshes have a turn.
\sleep 50 ms
PGBENCH
);
my %clients = (write => 1, shuffle => 1, turn => 1, look => 1, look_by_index => 1, look_twice => 1, refresh => 2, queue => 1, maintain => 1);
# One writer at a time, so that they do not wait for each other's rows in two orders.
delete @clients{qw(write shuffle turn)};
my $folder = $node->basedir;
my $write = join ' ', map { append_to_file("$folder/$_.sql", $script{$_}); my $weight = { write => 40, shuffle => 10, turn => 1 }->{$_}; "-f $folder/$_.sql\@$weight" } qw(write shuffle turn);
my @running;
sub run_clients {
    my ($name, $count, $files) = @_;
    my ($out, $err) = ('', '');
    my $pgbench = start([ $node->installed_command('pgbench'), '-n', '-h', $node->host, '-p', $node->port, '-c', $count, '-T', $seconds, split(/ /, $files), 'postgres' ], '>', \$out, '2>', \$err);
    push @running, [ $name, $pgbench, \$out, \$err ];
}
run_clients('write', 1, $write);
for my $name (sort keys %clients) {
    append_to_file("$folder/$name.sql", $script{$name});
    run_clients($name, $clients{$name}, "-f $folder/$name.sql");
}
for my $run (@running) {
    my ($name, $pgbench, $out, $err) = @$run;
    finish $pgbench;
    my ($done) = $$out =~ /transactions actually processed: (\d+)/;
    cmp_ok($done // 0, '>', 0, "$name: works");
    note("$name: " . ($done // 0) . ' times');
    my @errors = grep { /ERROR|aborted|error/ && !/^pgbench: error: Run was aborted/ } split /\n/, $$err;
    is(join("\n", @errors), '', "$name: no error");
}
ok(settle($node, 'postgres'), 'every run ends');
is(value($node, 'postgres', q{SELECT string_agg(DISTINCT coalesce(sqlstate, '') || ' ' || message, '; ') FROM mvmanager.run WHERE state <> 'succeeded'}), '', 'and succeeds');
note('strategies: ' . value($node, 'postgres', q{SELECT string_agg(s, ', ') FROM (SELECT format('%s as %s %s', strategy, strategy_used, count(*)) AS s FROM mvmanager.run GROUP BY strategy, strategy_used ORDER BY 1) AS x})) ;
for my $view ('v', 'w', 'x') {
    value($node, 'postgres', "SELECT mv_refresh('$view', 'diff')");
    my $query = { v => 'SELECT id, grp, amount, note FROM base', w => 'SELECT grp, amount, note FROM base', x => 'SELECT id, amount FROM base' }->{$view};
    like(value($node, 'postgres', Equivalence::Truth::comparison($view, $query)), qr/^differences\|0\|0\|$rows\|$rows\|0$/, "$view is true at the end");
    is(value($node, 'postgres', "SELECT c FROM eq.complaints('$view') AS c"), '', "$view is sound");
}
is(strays($node), '', 'no relation is left');
is(orphans($node), '', 'no file is left');
$node->stop;
my $log = slurp_file($node->logfile);
unlike($log, qr/was terminated by signal|PANIC:|TRAP:|terminate called/, 'no crash');
unlike($log, qr/resource was not closed|reference leak|refcount leak|temporary file leak|buffer refcount|still referenced|deadlock detected/, 'nothing leaked, nobody deadlocked');
done_testing();
