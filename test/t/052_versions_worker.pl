# Versions that the worker builds: one build for forty calls, versions superseded and cancelled in the middle, validations and
# definitions that fail, indexes that come beside readers, versions that wait for mv_promote, families. What a failure leaves
# is always the version that was live.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use Equivalence::Truth;
use MvManager;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Refreshing;
use Test::More;

my $node = new_server('versions_worker', preload => 'mvmanager,mvmanager_test', conf => "autovacuum = off\nmvmanager.max_workers = 4\n");
$node->safe_psql('postgres', <<'SQL');
CREATE ROLE reader;
CREATE TABLE base (id int, grp int, note text);
INSERT INTO base SELECT g, g % 7, 'note ' || g FROM generate_series(1, 500) g;
SELECT mv_resume();
SQL

sub view {
    my ($name, $query, @indexes) = @_;
    my $indexes = join ', ', map { "'$_'" } @indexes;
    $node->safe_psql('postgres', "SELECT mv_create('$name', \$q\$$query\$q\$, indexes => ARRAY[$indexes]::text[], build => 'now')");
}
sub replace { my ($name, $query, $more) = @_; return value($node, 'postgres', "SELECT version FROM mv_replace('$name', \$q\$$query\$q\$" . ($more ? ", $more" : '') . ')') }
sub state_of { my ($name, $version) = @_; return "SELECT state FROM mvmanager.versions WHERE view = '$name' AND version = $version" }
sub becomes {
    my ($name, $version, $state, $what) = @_;
    my $query = state_of($name, $version);
    return ok_within($node, 'postgres', 20, "SELECT ($query) = '$state'", $what);
}
sub runs_of { my ($name, $version) = @_; return value($node, 'postgres', "SELECT string_agg(r.state || coalesce(' ' || r.sqlstate, ''), ', ' ORDER BY r.id) FROM mvmanager.run r JOIN mvmanager.view v ON v.id = r.view_id WHERE v.view_name = '$name' AND r.version = $version AND r.kind = 'build'") }
# The rows are those of the query, and everything is as it should be.
sub sound {
    my ($name, $query, $what) = @_;
    settle($node, 'postgres');
    like(value($node, 'postgres', Equivalence::Truth::comparison($name, $query)), qr/^differences\|0\|0\|(\d+)\|\1\|0$/, "$what: the rows are those of the query");
    ok_within($node, 'postgres', 20, 'SELECT NOT EXISTS (SELECT FROM mv_verify() WHERE NOT ok)', "$what: mv_verify finds nothing")
      or diag(value($node, 'postgres', 'SELECT * FROM mv_verify() WHERE NOT ok'));
}
sub relation_gone {
    my ($name, $version, $what) = @_;
    ok_within($node, 'postgres', 20, "SELECT NOT EXISTS (SELECT FROM pg_class c JOIN mvmanager.view v ON c.relname = format('%s__v%s_%s', v.view_name, $version, v.id) WHERE v.view_name = '$name')", $what);
}

# --- forty calls -----------------------------------------------------------------------------------------------------------

view('forty', 'SELECT id FROM base');
$node->safe_psql('postgres', join ' ', 'BEGIN;', (map { "SELECT mv_replace('forty', 'SELECT id, $_ AS n FROM base', label => 'step $_');" } 1 .. 40), 'COMMIT;');
becomes('forty', 41, 'live', 'forty calls: the last is live');
settle($node, 'postgres');
is(value($node, 'postgres', q{SELECT count(*) FILTER (WHERE r.state = 'succeeded') || ' ' || count(*) FILTER (WHERE r.state = 'skipped') || ' ' || count(*)
    FROM mvmanager.run r JOIN mvmanager.view v ON v.id = r.view_id WHERE v.view_name = 'forty' AND r.kind = 'build'}), '1 39 40', 'forty calls: one build');
is(value($node, 'postgres', q{SELECT count(*) FROM mvmanager.versions WHERE view = 'forty' AND state = 'skipped'}), 39, 'forty calls: the others are skipped');
sound('forty', 'SELECT id, 40 AS n FROM base', 'forty calls');

# --- superseded while it is built --------------------------------------------------------------------------------------------

view('passed', 'SELECT id FROM base');
my $version = 1;
my $holder = background($node, 'postgres');
for my $point ('build-before-create', 'build-before-fill', 'build-before-index', 'build-before-ready', 'promotion-archive-created') {
    hold($holder, $point);
    my $old = replace('passed', "SELECT id, $version AS n, '$point' AS old FROM base WHERE id > $version", "dependents => 'recreate'");
    value($node, 'postgres', "SELECT mvmanager_test.await('$point')");
    my $new = replace('passed', "SELECT id, $version AS n FROM base WHERE id > $version");
    release_point($holder, $point);
    becomes('passed', $new, 'live', "superseded at $point: the newer one becomes live");
    like(value($node, 'postgres', state_of('passed', $old)), qr/^(cancelled|skipped)$/, "superseded at $point: it is given up");
    like(runs_of('passed', $old), qr/^(cancelled|skipped)( \w{5})?$/, "superseded at $point: so is its run, which did not fail");
    relation_gone('passed', $old, "superseded at $point: its relation is gone");
    sound('passed', "SELECT id, $version AS n FROM base WHERE id > $version", "superseded at $point");
    $version = $new;
}

# A build that takes for ever ends at once, so that what is wanted now does not wait for it.
view('long', 'SELECT id FROM base');
my $long = replace('long', 'SELECT id, pg_sleep(1000)::text AS s FROM base');
ok_within($node, 'postgres', 20, "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND backend_type = 'mvmanager worker')", 'a long build is at work');
$node->safe_psql('postgres', q{BEGIN; SELECT mv_replace('long', 'SELECT id, 3 AS s FROM base'); ROLLBACK});
is(value($node, 'postgres', state_of('long', $long)), 'building', 'superseded and rolled back: it goes on');
is(runs_of('long', $long), 'running', 'superseded and rolled back: in the same run');
my $short = replace('long', 'SELECT id, 4 AS s FROM base');
becomes('long', $short, 'live', 'a long build does not keep the newer version waiting');
is(runs_of('long', $long), 'cancelled 57014', 'its run is cancelled');
sound('long', 'SELECT id, 4 AS s FROM base', 'a long build superseded');

# --- mv_cancel ---------------------------------------------------------------------------------------------------------------

view('given_up', 'SELECT id FROM base');
$long = replace('given_up', 'SELECT id, pg_sleep(1000)::text AS s FROM base');
ok_within($node, 'postgres', 20, "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND backend_type = 'mvmanager worker')", 'another is at work');
$node->safe_psql('postgres', "BEGIN; SELECT mv_cancel('given_up', $long); ROLLBACK");
ok_within($node, 'postgres', 20, "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND backend_type = 'mvmanager worker')", 'mv_cancel rolled back: it is at work');
is(value($node, 'postgres', state_of('given_up', $long)), 'building', 'mv_cancel rolled back: the version is what it was');
is(value($node, 'postgres', "SELECT state || ' ' || message FROM mv_cancel('given_up', $long)"), "cancelled version $long is given up; its build is stopped", 'mv_cancel says what it does');
ok_within($node, 'postgres', 20, "SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND backend_type = 'mvmanager worker')", 'mv_cancel: the worker stops');
settle($node, 'postgres');
is(value($node, 'postgres', state_of('given_up', $long)), 'cancelled', 'mv_cancel: the version is cancelled');
is(runs_of('given_up', $long), 'cancelled 57014', 'mv_cancel: so is its run');
relation_gone('given_up', $long, 'mv_cancel: its relation is gone');
my ($rc, $out, $error) = $node->psql('postgres', "CALL mv_wait('given_up', version => $long)", extra_params => [ '-v', 'VERBOSITY=verbose' ]);
like($error, qr/57014: version $long of public.given_up was cancelled/, 'mv_wait tells of it');
sound('given_up', 'SELECT id FROM base', 'mv_cancel');

# --- validate ------------------------------------------------------------------------------------------------------------------

view('checked', 'SELECT id FROM base');
my %validation = (
    'false' => [ 'SELECT count(*) > 500 FROM checked', qr/^23514 .*did not pass its validation/ ],
    'NULL' => [ 'SELECT NULL::boolean FROM checked LIMIT 1', qr/^23514 .*did not pass its validation/ ],
    'no row' => [ 'SELECT true FROM checked WHERE id < 0', qr/^23514 .*did not pass its validation/ ],
    'an error' => [ 'SELECT 1 / (count(*) - 500) > 0 FROM checked', qr/^22012 division by zero/ ]);
for my $name (sort keys %validation) {
    my ($text, $expected) = @{ $validation{$name} };
    my $number = replace('checked', "SELECT id, '$name' AS why FROM base", "validate => \$v\$$text\$v\$, label => 'checked $name'");
    becomes('checked', $number, 'failed', "validate gives $name: failed");
    settle($node, 'postgres');
    like(value($node, 'postgres', "SELECT error FROM mvmanager.versions WHERE view = 'checked' AND version = $number"), $expected, "validate gives $name: mvmanager.versions tells why");
    is(value($node, 'postgres', "SELECT state FROM mv_history('checked') WHERE version = $number"), 'failed', "validate gives $name: so does mv_history");
    relation_gone('checked', $number, "validate gives $name: nothing is left");
    sound('checked', 'SELECT id FROM base', "validate gives $name");
}
my $number = replace('checked', 'SELECT id, 1 AS why FROM base', q{validate => 'SELECT count(*) = 500 FROM checked'});
becomes('checked', $number, 'live', 'a version that passes becomes live');

# --- a definition that raises ------------------------------------------------------------------------------------------------

view('raises', 'SELECT id FROM base');
$number = replace('raises', 'SELECT id, 1 / (id - 3) AS n FROM base', q{label => 'division'});
becomes('raises', $number, 'failed', '1/0: failed');
settle($node, 'postgres');
is(runs_of('raises', $number), 'failed 22012', '1/0: the run has the SQLSTATE');
($rc, $out, $error) = $node->psql('postgres', q{CALL mv_wait('raises', label => 'division')});
like($error, qr/ERROR:  version $number of public.raises could not be built\s+DETAIL:  22012 division by zero/, '1/0: mv_wait raises it');
relation_gone('raises', $number, '1/0: nothing is left');
sound('raises', 'SELECT id FROM base', '1/0');

# --- indexes -------------------------------------------------------------------------------------------------------------------

view('indexed', 'SELECT id, grp, note FROM base', 'CREATE UNIQUE INDEX indexed_id ON indexed (id)');
my $file = value($node, 'postgres', q{SELECT pg_relation_filenode('indexed') || ' ' || 'indexed'::regclass::oid || ' ' || 'indexed_id'::regclass::oid});
my @texts = ('CREATE UNIQUE INDEX indexed_id ON indexed (id)', map { "CREATE INDEX indexed_$_ ON indexed (" . ('grp', 'note', 'lower(note)', 'grp, note', 'id, grp', 'grp) WHERE (id > 5')[$_] . ')' } 0 .. 5);
my $array = 'ARRAY[' . join(', ', map { "'$_'" } @texts) . ']';
my $reader = background($node, 'postgres');
my $writer = background($node, 'postgres');
$reader->query_safe('BEGIN; SELECT count(*) FROM indexed');
$writer->query_safe('BEGIN; UPDATE base SET note = note WHERE id = 1');
is(value($node, 'postgres', "SELECT action || ' ' || state FROM mv_apply('indexed', 'SELECT id, grp, note FROM base', indexes => $array)"), 'queued queued', 'six indexes: queued');
ok_within($node, 'postgres', 30, q{SELECT EXISTS (SELECT FROM pg_stat_activity WHERE backend_type = 'mvmanager worker' AND wait_event_type = 'Lock') OR count(*) = 7 FROM pg_index WHERE indrelid = 'indexed'::regclass}, 'six indexes: they wait for whom they must');
is($reader->query_safe('SELECT count(*) FROM indexed'), 500, 'six indexes: a reader goes on');
is(value($node, 'postgres', 'SELECT count(*) FROM indexed'), 500, 'six indexes: and so does a new one');
$reader->query_safe('COMMIT');
$writer->query_safe('ROLLBACK');
becomes('indexed', 2, 'live', 'six indexes: live');
is(value($node, 'postgres', q{SELECT count(*) || ' ' || count(*) FILTER (WHERE indisvalid AND indisready) FROM pg_index WHERE indrelid = 'indexed'::regclass}), '7 7', 'six indexes: all there, all valid');
is(value($node, 'postgres', q{SELECT pg_relation_filenode('indexed') || ' ' || 'indexed'::regclass::oid || ' ' || 'indexed_id'::regclass::oid}), $file, 'six indexes: nothing was built again');
sound('indexed', 'SELECT id, grp, note FROM base', 'six indexes');

my $twice = $array =~ s/\]$/, 'CREATE UNIQUE INDEX indexed_twice ON indexed (grp)']/r;
value($node, 'postgres', "SELECT mv_apply('indexed', 'SELECT id, grp, note FROM base', indexes => $twice)");
becomes('indexed', 3, 'failed', 'a unique index over duplicates: failed');
settle($node, 'postgres');
like(value($node, 'postgres', q{SELECT error FROM mvmanager.versions WHERE view = 'indexed' AND version = 3}), qr/^23505 could not create unique index "indexed_twice"/, 'a unique index over duplicates: it says why');
ok_within($node, 'postgres', 20, q{SELECT count(*) = 7 AND bool_and(indisvalid) FROM pg_index WHERE indrelid = 'indexed'::regclass}, 'a unique index over duplicates: no invalid index is left');
is(value($node, 'postgres', q{SELECT version FROM mvmanager.versions WHERE view = 'indexed' AND is_live}), 2, 'a unique index over duplicates: the live version stays');
sound('indexed', 'SELECT id, grp, note FROM base', 'a unique index over duplicates');

value($node, 'postgres', q{SELECT mv_apply('indexed', 'SELECT id, grp, note FROM base', indexes => ARRAY['CREATE UNIQUE INDEX indexed_id ON indexed (id)', 'CREATE INDEX indexed_0 ON indexed (grp)'], drop_indexes => true)});
ok_within($node, 'postgres', 30, q{SELECT string_agg(indexrelid::regclass::text, ' ' ORDER BY indexrelid::regclass::text) = 'indexed_0 indexed_id' FROM pg_index WHERE indrelid = 'indexed'::regclass}, 'drop_indexes: those that are not named are dropped');
sound('indexed', 'SELECT id, grp, note FROM base', 'drop_indexes');

# --- promote => 'manual' ---------------------------------------------------------------------------------------------------------

view('staged', 'SELECT id FROM base');
$node->safe_psql('postgres', 'GRANT SELECT ON staged TO reader');
$number = replace('staged', 'SELECT id, grp FROM base', q{promote => 'manual'});
becomes('staged', $number, 'ready', 'manual: ready');
my $data = value($node, 'postgres', "SELECT data_in FROM mvmanager.versions WHERE view = 'staged' AND version = $number");
is(value($node, 'postgres', "SET ROLE reader; SELECT count(*) FROM $data WHERE grp >= 0"), 500, 'manual: who may read the view reads it by name');
$node->safe_psql('postgres', q{INSERT INTO base SELECT 1000 + g, 1, 'new' FROM generate_series(1, 20) g; SELECT mv_refresh('staged')});
ok_within($node, 'postgres', 75, "SELECT count(*) = 520 FROM $data", 'manual: it is kept as fresh as the live view');
sound('staged', 'SELECT id FROM base', 'manual');
like(value($node, 'postgres', Equivalence::Truth::comparison($data, 'SELECT id, grp FROM base')), qr/^differences\|0\|0\|520\|520\|0$/, 'manual: its rows are those of its query');
# Between a refresh and the next look of the coordinator.
$node->safe_psql('postgres', q{DELETE FROM base WHERE id > 1010; BEGIN; SELECT mv_refresh('staged', 'diff'); SELECT mv_promote('staged'); COMMIT});
is(value($node, 'postgres', state_of('staged', $number)), 'live', 'mv_promote: live');
sound('staged', 'SELECT id, grp FROM base', 'mv_promote of one that was stale');
is(value($node, 'postgres', 'SELECT count(*) FROM staged'), 510, 'mv_promote: it caught up');

# --- families --------------------------------------------------------------------------------------------------------------------

view('first', 'SELECT id FROM base');
view('second', 'SELECT id FROM base');
sub apply_family {
    my ($one, $two) = @_;
    return value($node, 'postgres', "SELECT string_agg(version::text, ' ' ORDER BY name) FROM mv_apply_all(jsonb_build_array(jsonb_build_object('name', 'first', 'definition', \$q\$$one\$q\$), jsonb_build_object('name', 'second', 'definition', \$q\$$two\$q\$)), together => true)");
}
my $both = q{SELECT (SELECT count(*) FROM pg_attribute WHERE attrelid = 'first'::regclass AND attnum > 0) || ' ' || (SELECT count(*) FROM pg_attribute WHERE attrelid = 'second'::regclass AND attnum > 0)};
my $snapshot = background($node, 'postgres');
hold($holder, 'promotion-archive-created');
apply_family('SELECT id, 1 AS n FROM base', 'SELECT id, 1 AS n FROM base');
ok_within($node, 'postgres', 30, q{SELECT EXISTS (SELECT FROM mvmanager_test.waiting('promotion-archive-created'))}, 'a family: both are built');
is(value($node, 'postgres', $both), '1 1', 'a family: neither is live while they are built');
$snapshot->query_safe('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1');
is($snapshot->query_safe($both), '1 1', 'a family: a snapshot of before sees neither');
release_point($holder, 'promotion-archive-created');
becomes('first', 2, 'live', 'a family: the first is live');
is(value($node, 'postgres', state_of('second', 2)), 'live', 'a family: the second at that moment');
is($snapshot->query_safe($both), '1 1', 'a family: the snapshot still sees neither');
is($snapshot->query_safe("SELECT (SELECT count(*) FROM first) || ' ' || (SELECT count(*) FROM second)"), '510 510', 'a family: and reads both whole');
$snapshot->query_safe('COMMIT');
is(value($node, 'postgres', q{SELECT count(DISTINCT s.xmin::text) FROM mvmanager.view s WHERE view_name IN ('first', 'second')}), 1, 'a family: one transaction made both live');
sound('first', 'SELECT id, 1 AS n FROM base', 'a family, the first');
sound('second', 'SELECT id, 1 AS n FROM base', 'a family, the second');

# One fails: none becomes live, nobody is left waiting, and nothing is tried again for ever.
is(apply_family('SELECT id, 2 AS n FROM base', 'SELECT id, 2 / (id - 3) AS n FROM base'), '3 3', 'a family of which one fails');
becomes('second', 3, 'failed', 'a family of which one fails: that one failed');
becomes('first', 3, 'failed', 'a family of which one fails: the other did with it');
settle($node, 'postgres');
like(value($node, 'postgres', q{SELECT error FROM mvmanager.versions WHERE view = 'first' AND version = 3}), qr/version 3 of public.second/, 'a family of which one fails: it says which');
cmp_ok(value($node, 'postgres', q{SELECT count(*) FROM mvmanager.run r JOIN mvmanager.view v ON v.id = r.view_id WHERE v.view_name = 'first' AND r.version = 3}), '<=', 2, 'a family of which one fails: the other was not tried again and again');
relation_gone('first', 3, 'a family of which one fails: the relation of the other is gone');
sound('first', 'SELECT id, 1 AS n FROM base', 'a family of which one fails, the other');
is(apply_family('SELECT id, 2 AS n FROM base', 'SELECT id, 2 AS n FROM base'), '4 4', 'corrected, it is applied again');
becomes('first', 4, 'live', 'a family corrected: live');
becomes('second', 4, 'live', 'a family corrected: both');
# A member that is superseded is no failure.
hold($holder, 'build-before-fill');
is(apply_family('SELECT id, 5 AS n FROM base', 'SELECT id, 5 AS n FROM base'), '5 5', 'a family of which one is superseded');
value($node, 'postgres', q{SELECT mvmanager_test.await('build-before-fill', 2)});
is(replace('second', 'SELECT id, 6 AS n FROM base'), 6, 'a family of which one is superseded: by this');
release_point($holder, 'build-before-fill');
becomes('second', 6, 'live', 'a family of which one is superseded: the newer one is live');
becomes('first', 5, 'live', 'a family of which one is superseded: and the other');
sound('first', 'SELECT id, 5 AS n FROM base', 'a family of which one is superseded, the first');
sound('second', 'SELECT id, 6 AS n FROM base', 'a family of which one is superseded, the second');

$_->quit for $holder, $reader, $writer, $snapshot;
$node->stop;
unlike(slurp_file($node->logfile), qr/PANIC:|TRAP:|terminate called|signal 6|signal 11|XX000/, 'no fault of its own');
done_testing();
