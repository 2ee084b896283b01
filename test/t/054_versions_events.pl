# What happens around a version that is on its way: readers that stay, two databases, DROP EXTENSION and DROP DATABASE, mv_release
# and mv_drop, rights and columns that go, a restart. Whatever it is, readers have the version that is live.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use Equivalence::Truth;
use MvManager;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);

my $node = new_server('versions_events', preload => 'mvmanager,mvmanager_test', conf => "autovacuum = off\nmvmanager.max_workers = 4\nmvmanager.swap_timeout = '700ms'\n");
my $base = 'CREATE TABLE base (id int, grp int, note text); INSERT INTO base SELECT g, g % 7, g::text FROM generate_series(1, 500) g;';
$node->safe_psql('postgres', "$base SELECT mv_resume()");

sub view { my ($name, $query, $database) = @_; managed($node, $database // 'postgres', $name, $query) }
sub replace { my ($name, $query, $more, $database) = @_; return value($node, $database // 'postgres', "SELECT version FROM mv_replace('$name', \$q\$$query\$q\$" . ($more ? ", $more" : '') . ')') }
sub state_of { my ($name, $version) = @_; return "SELECT state FROM mvmanager.versions WHERE view = '$name' AND version = $version" }
sub becomes {
    my ($name, $version, $state, $what, $database) = @_;
    my $query = state_of($name, $version);
    return ok_within($node, $database // 'postgres', 30, "SELECT ($query) = '$state'", $what);
}
sub sound {
    my ($name, $query, $what, $database) = @_;
    $database //= 'postgres';
    settle($node, $database);
    like(value($node, $database, Equivalence::Truth::comparison($name, $query)), qr/^differences\|0\|0\|(\d+)\|\1\|0$/, "$what: the rows are those of the query");
    ok_within($node, $database, 20, 'SELECT NOT EXISTS (SELECT FROM mv_verify() WHERE NOT ok)', "$what: mv_verify finds nothing")
      or diag(value($node, $database, 'SELECT * FROM mv_verify() WHERE NOT ok'));
}
my $holder = background($node, 'postgres');
sub held { my ($point) = @_; value($node, 'postgres', "SELECT mvmanager_test.await('$point')") }

# --- a reader that stays -------------------------------------------------------------------------------------------------------

view('read', 'SELECT id FROM base');
my $reader = background($node, 'postgres');
$reader->query_safe('BEGIN; SELECT count(*) FROM read');
my $version = replace('read', 'SELECT id, 1 AS n FROM base');
my $other = background($node, 'postgres');
my $worst = 0;
for (my $until = time + 30; time < $until && value($node, 'postgres', "SELECT count(*) FROM mvmanager.run WHERE sqlstate = '55P03'") eq '0';) {
    for (1 .. 20) { my $began = time; $other->query_safe('SELECT count(*) FROM read'); $worst = time - $began if time - $began > $worst }
}
is(value($node, 'postgres', q{SELECT state || ' ' || sqlstate FROM mvmanager.run WHERE kind = 'build' ORDER BY id LIMIT 1}), 'failed 55P03', 'a reader that stays: the run fails for the lock');
is(value($node, 'postgres', state_of('read', $version)), 'ready', 'a reader that stays: the version is ready');
cmp_ok($worst, '<', 1, sprintf('a reader that stays: nobody else waits long, %.0f ms at most', $worst * 1000));
is($reader->query_safe('SELECT count(*) FROM read'), 500, 'a reader that stays: it reads');
$reader->query_safe('COMMIT');
becomes('read', $version, 'live', 'a reader that stays: when it is gone, it is tried again by itself');
sound('read', 'SELECT id, 1 AS n FROM base', 'a reader that stayed');

# --- two databases ------------------------------------------------------------------------------------------------------------

for my $database ('one', 'two', 'three') {
    $node->safe_psql('postgres', "CREATE DATABASE $database");
    $node->safe_psql($database, "CREATE EXTENSION mvmanager; $base SELECT mv_resume()");
    view('v', 'SELECT id FROM base', $database);
}
hold($holder, 'build-before-fill');
replace('v', "SELECT id, 1 AS n FROM base", undef, $_) for 'one', 'two';
is(value($node, 'postgres', q{SELECT mvmanager_test.await('build-before-fill', 2) IS NOT NULL}), 't', 'two databases build at once');
release_point($holder, 'build-before-fill');
for my $database ('one', 'two') {
    becomes('v', 2, 'live', "$database: live", $database);
    sound('v', 'SELECT id, 1 AS n FROM base', $database, $database);
}

# --- the extension and the database go -----------------------------------------------------------------------------------------

hold($holder, 'build-before-index');
replace('v', 'SELECT id, 2 AS n FROM base', undef, $_) for 'one', 'two';
value($node, 'postgres', q{SELECT mvmanager_test.await('build-before-index', 2)});
my $began = time;
$node->safe_psql('one', 'DROP EXTENSION mvmanager');
cmp_ok(time - $began, '<', 8, 'DROP EXTENSION does not wait for a build');
is(value($node, 'one', q{SELECT count(*) FROM v WHERE n = 1}), 500, 'DROP EXTENSION: the view is what it was');
$node->safe_psql('postgres', 'DROP DATABASE two WITH (FORCE)');
pass('DROP DATABASE WITH (FORCE) works beside a build');
release_point($holder, 'build-before-index');

# --- mv_release, mv_drop ---------------------------------------------------------------------------------------------------------

my $leftovers = q{SELECT NOT EXISTS (SELECT FROM pg_class WHERE relnamespace = 'mvmanager_data'::regnamespace AND relname LIKE 'gone%')};
for my $way ('mv_release', 'mv_drop') {
    # Queued and not begun: somebody has the view's relation.
    for my $when ('queued', 'building', 'ready') {
        my $name = "gone_${way}_$when";
        view($name, 'SELECT id FROM base');
        if ($when eq 'ready') {
            replace($name, 'SELECT id, 1 AS n FROM base', q{promote => 'manual'});
            becomes($name, 2, 'ready', "$way while ready: ready");
            settle($node, 'postgres');
            $node->safe_psql('postgres', "SELECT $way('$name')");
        } elsif ($when eq 'queued') {
            $node->safe_psql('postgres', "BEGIN; SELECT mv_replace('$name', 'SELECT id, 1 AS n FROM base'); SELECT $way('$name'); COMMIT");
        } else {
            hold($holder, 'build-before-fill');
            replace($name, 'SELECT id, 1 AS n FROM base');
            held('build-before-fill');
            # It waits for the build, whatever that becomes.
            my ($rc, undef, $error) = $node->psql('postgres', "SET lock_timeout = '500ms'; SELECT $way('$name')");
            like($error, qr/lock timeout/, "$way while building: it waits for the build, as long as lock_timeout lets it");
            $node->safe_psql('postgres', "SELECT mv_cancel('$name', 2)");
            ok_within($node, 'postgres', 20, q{SELECT NOT EXISTS (SELECT FROM mvmanager.run WHERE state = 'running')}, "$way while building: mv_cancel ends it");
            release_point($holder, 'build-before-fill');
            $node->safe_psql('postgres', "SELECT $way('$name')");
        }
        settle($node, 'postgres');
        is(value($node, 'postgres', state_of($name, 2)), 'cancelled', "$way while $when: the version is cancelled");
        is(value($node, 'postgres', "SELECT count(*) FROM pg_class WHERE relname = '$name'"), $way eq 'mv_drop' ? 0 : 1, "$way while $when: it is done");
        ok_within($node, 'postgres', 75, $leftovers, "$way while $when: nothing is left");
    }
}

# --- rights -----------------------------------------------------------------------------------------------------------------------

$node->safe_psql('postgres', q{CREATE ROLE owner; GRANT CREATE ON SCHEMA public TO owner; GRANT SELECT ON base TO owner; GRANT owner TO CURRENT_USER});
$node->safe_psql('postgres', q{SET ROLE owner; SELECT mv_create('owned', 'SELECT id FROM base', build => 'now')});
hold($holder, 'worker-started');
$version = value($node, 'postgres', q{SET ROLE owner; SELECT version FROM mv_replace('owned', 'SELECT id, 1 AS n FROM base')});
held('worker-started');
$node->safe_psql('postgres', 'REVOKE SELECT ON base FROM owner');
release_point($holder, 'worker-started');
becomes('owned', $version, 'failed', 'the owner lost a right: failed');
like(value($node, 'postgres', "SELECT error FROM mvmanager.versions WHERE view = 'owned' AND version = $version"), qr/^42501 permission denied for table base/, 'the owner lost a right: it says so');
is(value($node, 'postgres', 'SELECT count(*) FROM owned'), 500, 'the owner lost a right: the old version serves');
$node->safe_psql('postgres', 'GRANT SELECT ON base TO owner');
hold($holder, 'worker-started');
$version = value($node, 'postgres', q{SET ROLE owner; SELECT version FROM mv_replace('owned', 'SELECT id, 2 AS n FROM base')});
held('worker-started');
$node->safe_psql('postgres', 'ALTER ROLE owner RENAME TO proprietor');
release_point($holder, 'worker-started');
becomes('owned', $version, 'live', 'the owner is renamed: live');
sound('owned', 'SELECT id, 2 AS n FROM base', 'the owner is renamed');

# --- base tables --------------------------------------------------------------------------------------------------------------------

$node->safe_psql('postgres', 'CREATE TABLE source AS SELECT id, grp, note FROM base');
view('over', 'SELECT id FROM source');
hold($holder, 'worker-started');
$version = replace('over', 'SELECT id, grp FROM source');
held('worker-started');
$node->safe_psql('postgres', 'ALTER TABLE source RENAME COLUMN grp TO team');
release_point($holder, 'worker-started');
becomes('over', $version, 'failed', 'a column was renamed before the build: failed');
like(value($node, 'postgres', "SELECT error FROM mvmanager.versions WHERE view = 'over' AND version = $version"), qr/^42703 column .*grp.* does not exist/, 'a column was renamed before the build: it says so');
hold($holder, 'build-before-index');
$version = replace('over', 'SELECT id, team FROM source');
held('build-before-index');
$node->safe_psql('postgres', 'ALTER TABLE source RENAME COLUMN team TO crew');
release_point($holder, 'build-before-index');
becomes('over', $version, 'live', 'a column renamed in a build is followed');
settle($node, 'postgres');
like(value($node, 'postgres', Equivalence::Truth::comparison('over', 'SELECT id, crew AS team FROM source')), qr/^differences\|0\|0\|500\|500\|0$/, 'a column renamed in a build: the rows are those of the query');
is(value($node, 'postgres', q{SELECT string_agg(DISTINCT check_name, ' ' ORDER BY check_name) FROM mv_verify() WHERE NOT ok}), 'definition restorable', 'a column renamed in a build: mv_verify tells of the rename');
# The archive of a version that read both holds neither of them.
$version = replace('over', 'SELECT id, crew AS team, note FROM source');
becomes('over', $version, 'live', 'with one more column');
settle($node, 'postgres');
$version = replace('over', 'SELECT id FROM source', q{dependents => 'recreate'});
becomes('over', $version, 'live', 'without two of them');
settle($node, 'postgres');
is(value($node, 'postgres', q{SELECT count(*) FROM mvmanager.versions WHERE view = 'over' AND state = 'archived'}), 1, 'the version before is kept');
$node->safe_psql('postgres', 'ALTER TABLE source DROP COLUMN crew; ALTER TABLE source ALTER COLUMN note TYPE int USING note::int');
pass('an archive stands in the way of no ALTER TABLE');
my $data = value($node, 'postgres', q{SELECT data_in FROM mvmanager.versions WHERE view = 'over' AND state = 'archived'});
is(value($node, 'postgres', "SELECT count(*) || ' ' || count(note) FROM $data"), '500 500', 'and keeps its rows');

$node->safe_psql('postgres', q{SELECT mv_drop('over')}); # mv_verify tells of it for as long as it is there

# --- a restart ----------------------------------------------------------------------------------------------------------------------

view('building', 'SELECT id FROM base');
view('queued', 'SELECT id FROM base');
hold($holder, 'build-before-index');
replace('building', 'SELECT id, 1 AS n FROM base');
held('build-before-index');
hold($holder, 'scheduler-before-record');
replace('queued', 'SELECT id, 1 AS n FROM base');
ok_within($node, 'postgres', 30, q{SELECT EXISTS (SELECT FROM mvmanager_test.waiting('scheduler-before-record'))}, 'one is building, one is queued');
is(value($node, 'postgres', state_of('queued', 2)), 'queued', 'it is queued');
$node->stop('fast');
eval { $_->quit } for $holder, $reader, $other;
$node->start;
for my $name ('building', 'queued') {
    becomes($name, 2, 'live', "after a restart: $name becomes live");
    sound($name, 'SELECT id, 1 AS n FROM base', "after a restart: $name");
}

$node->stop;
unlike(slurp_file($node->logfile), qr/PANIC:|TRAP:|terminate called|signal 6|signal 11|XX000/, 'no fault of its own');
done_testing();
