# Views that read each other and are due at the same moment: in every round each runs once, and starts after those that it
# reads have finished, directly or through a plain view. Two workers.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use MvManager;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_server('chain', conf => "mvmanager.max_workers = 2\n");
$node->safe_psql('postgres', q{
    CREATE TABLE sale (region text, amount numeric);
    INSERT INTO sale SELECT 'r' || n % 10, n FROM generate_series(1, 1000) n
});

# A chain, its second link through a plain view, and a diamond.
my @views = (
    ['by_region', 'SELECT region, sum(amount) AS total FROM sale GROUP BY region'],
    ['doubled', 'SELECT region, total * 2 AS twice FROM large_region'],
    ['overall', 'SELECT sum(twice) AS twice, count(*) AS regions FROM doubled'],
    ['top', 'SELECT region, amount FROM sale WHERE amount > 0'],
    ['lefthand', 'SELECT region, count(*) AS sales FROM top GROUP BY region'],
    ['righthand', 'SELECT region, max(amount) AS most FROM top GROUP BY region'],
    ['bottom', 'SELECT region, sales, most FROM lefthand JOIN righthand USING (region)'],
);
my @readings = (
    ['doubled', 'by_region'], ['overall', 'doubled'],
    ['lefthand', 'top'], ['righthand', 'top'], ['bottom', 'lefthand'], ['bottom', 'righthand'],
);
for my $view (@views) {
    $node->safe_psql('postgres', 'CREATE VIEW large_region AS SELECT region, total FROM by_region WHERE total > 1') if $view->[0] eq 'doubled';
    managed($node, 'postgres', @$view);
}

# Rows that the view has and its query does not give, and the other way round, by their image.
sub differences {
    my ($name, $query) = @_;
    my $have = "SELECT v::text COLLATE \"C\" FROM $name v";
    my $want = "SELECT q::text COLLATE \"C\" FROM ($query) q";
    return value($node, 'postgres', "SELECT count(*) FROM (($have EXCEPT ALL $want) UNION ALL ($want EXCEPT ALL $have)) d");
}

my $names = join ', ', map { "'$_->[0]'" } @views;
$node->safe_psql('postgres', "SELECT mv_schedule(ARRAY[$names], '\@yearly')");
my $pairs = join ', ', map { "('$_->[0]', '$_->[1]')" } @readings;
my $named = "named AS (SELECT v.view_name, r.* FROM mvmanager.run r JOIN mvmanager.view v ON v.id = r.view_id WHERE r.reason = 'schedule')";

for my $round (1 .. 3) {
    $node->safe_psql('postgres', "INSERT INTO sale SELECT 'r' || n, 0.5 FROM generate_series(1, 10 + $round) n");
    for my $view (grep { $_->[1] =~ /FROM sale/ } @views) {
        cmp_ok(differences(@$view), '>', 0, "round $round: $view->[0] is behind before it");
    }
    # One due time for all. mv_resume() tells the scheduler at commit.
    my $due = value($node, 'postgres', "BEGIN; SELECT FROM mv_resume(); UPDATE mvmanager.schedule SET next_due = now(); SELECT DISTINCT next_due FROM mvmanager.schedule; COMMIT");
    $due =~ s/^\s+//;
    ok_within($node, 'postgres', 60, "SELECT count(DISTINCT view_id) = " . @views . " FROM mvmanager.run WHERE scheduled_for = '$due' AND state = 'succeeded'", "round $round: all ran");
    ok(settle($node, 'postgres'), "round $round: no run is open");
    is(value($node, 'postgres', "WITH $named SELECT string_agg(view_name || ' ' || n, ', ' ORDER BY view_name) FROM (SELECT view_name, count(*) AS n FROM named WHERE scheduled_for = '$due' GROUP BY 1) g"),
        join(', ', map { "$_ 1" } sort map { $_->[0] } @views), "round $round: each once");
    is(value($node, 'postgres', "WITH $named SELECT coalesce(string_agg(r.view_name || ' before ' || u.view_name, ', '), '') FROM (VALUES $pairs) AS p (reader, read) JOIN named r ON r.view_name = p.reader AND r.scheduled_for = '$due' JOIN named u ON u.view_name = p.read AND u.scheduled_for = '$due' WHERE r.started_at < u.finished_at"),
        '', "round $round: none started before what it reads had finished");
    is(value($node, 'postgres', "SELECT count(DISTINCT pid) FROM mvmanager.run WHERE scheduled_for = '$due'"), '2', "round $round: two workers took part");
    is(differences(@$_), '0', "round $round: $_->[0] is what its query gives") for @views;
}
is(value($node, 'postgres', "SELECT count(*) FROM mvmanager.run WHERE reason = 'schedule'"), 3 * @views, 'nothing else ran');
# A family made in one transaction, none of it scheduled: each view is filled after those that it reads, whoever is free.
for my $round (1 .. 5) {
    my $family = join ' ', map {
        my ($n, $below) = ($_, $_ - 1);
        my $source = $n == 1 ? 'sale' : "family_${round}_$below";
        "SELECT mv_create('family_${round}_$n', 'SELECT region, sum(amount) AS amount FROM $source GROUP BY region');"
    } 1 .. 6;
    $node->safe_psql('postgres', "BEGIN; $family COMMIT");
    ok(settle($node, 'postgres'), "family $round: no run is open");
    is(value($node, 'postgres', "SELECT count(*) FROM pg_matviews WHERE matviewname LIKE 'family\\_${round}\\_%' AND ispopulated"), '6', "family $round: all are filled");
}

$node->stop;
done_testing();
