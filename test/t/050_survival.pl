# Whatever hangs on a materialized view is there after a replacement, by every path: what the catalogs and pg_dump say differs in the
# definition, in the columns that came, and in nothing else; and undoing it leads back to the same text.
#
# Where a replacement must rewrite more (renamed, dropped, retyped, reordered columns), the truth is a database in which the same was
# done by hand: by core's own RENAME COLUMN, or by creating everything over the new definition.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use Equivalence::Session;
use Equivalence::Truth;
use MvManager;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Survival;
use Test::More;

my $node = new_server('survival', preload => 'mvmanager,mvmanager_test', conf => "autovacuum = off\nmax_connections = 50\nlog_min_messages = warning\n");
$node->safe_psql('postgres', Survival::roles());
$node->safe_psql('postgres', 'CREATE DATABASE bare');
$node->safe_psql('bare', 'CREATE EXTENSION mvmanager; CREATE SCHEMA mvmanager_test; CREATE EXTENSION mvmanager_test SCHEMA mvmanager_test; CREATE SCHEMA eq; ' . Equivalence::Truth::setup() . Survival::functions());

my $first = 'SELECT id, grp, amount, note, tags, mood FROM sv.base';
my %fixture = (whole => [$first], nothing_stored => [ $first, stored => 0 ], no_row_types => [ $first, row_types => 0 ]);
for my $name (sort keys %fixture) {
    $node->safe_psql('postgres', "CREATE DATABASE $name TEMPLATE bare");
    $node->safe_psql($name, fixture(@{ $fixture{$name} }));
    $node->safe_psql($name, q{SET ROLE sv_owner; SELECT mv_adopt_schema('sv')});
}

sub dump_of {
    my ($database) = @_;
    my ($out, $err) = run_command([ 'pg_dump', '-s', '-n', 'sv', '-d', $node->connstr($database) ]);
    # Since its minors of August 2025 pg_dump writes a key of its own into each dump.
    return [ grep { !/^\\(un)?restrict / } split /\n/, $out ];
}

# none_but(differences, patterns, name, more): every difference is expected and every expectation has come true; those of more may.
sub none_but {
    my ($differences, $patterns, $name, @more) = @_;
    my @unexpected = grep { my $line = $_; !grep { $line =~ $_ } @$patterns, @more } @$differences;
    my @missed = grep { my $pattern = $_; !grep { $_ =~ $pattern } @$differences } @$patterns;
    ok(!@unexpected && !@missed, $name) or diag(map({ "unexpected: $_\n" } @unexpected[ 0 .. (@unexpected > 30 ? 29 : $#unexpected) ]), map { "did not come: $_\n" } @missed);
}

# Statements that were to succeed said nothing else.
sub well {
    my ($name, @lines) = @_;
    return 1 if ok(!(grep { /\b(?:ERROR|FATAL|PANIC|WARNING):/ } @lines), $name);
    diag(join "\n", @lines);
    return 0;
}

sub session_in {
    my ($database) = @_;
    return Equivalence::Session->new(psql => $node->installed_command('psql'), connection => [ '-h', $node->host, '-p', $node->port, '-d', $database ]);
}
sub image { my ($database) = @_; return value($node, $database, q{SELECT eq.image('sv.v')}) }
sub is_true {
    my ($database, $definition, $name) = @_;
    like($node->safe_psql($database, 'SET extra_float_digits = 3; ' . Equivalence::Truth::comparison('sv.v', $definition)), qr/^differences\|0\|0\|(\d+)\|\1\|0$/, $name);
}

# Everything else works on it as on any other: maintenance, both refreshes of core, ours, and a dump restored elsewhere.
sub is_sound {
    my ($database, $definition, $name) = @_;
    $node->safe_psql($database, 'ANALYZE sv.v, sv.summary');
    my $before = snapshot_of($node, $database);
    is(value($node, $database, q{SELECT c FROM eq.complaints('sv.v') AS c}), '', "$name: sound");
    $node->safe_psql($database, q{UPDATE sv.base SET grp = 1 - grp % 4, note = note || '!' WHERE id % 9 = 0});
    for my $how (q{REFRESH MATERIALIZED VIEW CONCURRENTLY sv.v}, q{REFRESH MATERIALIZED VIEW sv.v}, q{SELECT mv_refresh('sv.v', 'diff')}, q{SELECT mv_refresh('sv.v', 'swap')}, q{VACUUM FULL sv.v}, q{CLUSTER sv.v}, q{REINDEX TABLE sv.v}, q{VACUUM (FREEZE, ANALYZE) sv.v}) {
        $node->safe_psql($database, q{UPDATE sv.base SET amount = amount + 1, note = note || '?' WHERE id % 11 = 0}) if $how =~ /refresh/i;
        my ($rc, $out, $err) = $node->psql($database, "SET client_min_messages = warning; $how");
        is("$rc$err", '0', "$name: $how");
        is_true($database, $definition, "$name: and has the rows of its query");
    }
    is(value($node, $database, q{SELECT c FROM eq.complaints('sv.v') AS c}), '', "$name: still sound");
    is(value($node, $database, 'REFRESH MATERIALIZED VIEW sv.summary; SELECT count(*), sum(n) FROM sv.summary'), value($node, $database, 'SELECT count(DISTINCT grp), count(*) FROM sv.v WHERE grp >= 0'), "$name: dependents read it");
    none_but([ differences($before, snapshot_of($node, $database)) ], [], "$name: nothing of that changes it");
    is(value($node, $database, 'SELECT * FROM mv_verify() WHERE NOT ok'), '', "$name: mv_verify finds nothing");

    my $copy = "${database}_copy";
    my $file = PostgreSQL::Test::Utils::tempdir() . '/dump';
    $node->command_ok([ 'pg_dump', '-Fc', '-f', $file, '-d', $node->connstr($database) ], "$name: pg_dump");
    $node->safe_psql('postgres', "CREATE DATABASE $copy");
    $node->command_ok([ 'pg_restore', '--exit-on-error', '-d', $node->connstr($copy), $file ], "$name: pg_restore");
    is_deeply(dump_of($copy), dump_of($database), "$name: restored as dumped");
    is_true($copy, $definition, "$name: with its rows");
    $node->safe_psql('postgres', "DROP DATABASE $copy");
}

# What came of the whole schema of other relations: archives, and nothing staged.
sub kept { my ($database) = @_; return value($node, $database, q{SELECT coalesce(string_agg(relkind::text || ' ' || regexp_replace(relname, '_\d+$', ''), ', ' ORDER BY relname), '') FROM pg_class WHERE relnamespace = to_regnamespace('mvmanager_data') AND relkind <> 'i'}) }

# Statistics of what was made anew in a dependent view come with the next ANALYZE.
my @retyped = (qr/^[-+] statistics summary_stats are there: [tf]$/, qr/^[-+] statistics of column grp of sv\.summary are there$/);
# Where columns go, move or change their type the data of extended statistics may go, as with core's ALTER TYPE, until the next ANALYZE.
my $reset = qr/^[-+] statistics v_(?:stats|expression) are there: [tf]$/;

my $number = 0;

# path(name, option => ...): in a database of its own.
#   from        whole, or another of the fixtures
#   data        how it is undone: archived, rebuild, or not at all
#   do          statements of the owner; again: to do it a second time
#   definition  of "v" afterwards
#   changed     patterns of the differences expected, of the catalogs; dumped: of pg_dump
#   reference   called with a new database's name, makes what is expected there; then changed and dumped are against that
#   maybe       patterns of those that need not come
#   kept        what is in mvmanager_data afterwards
#   new_indexes those that are made anew, since a column they are on has another type
#   resets      undoing it is a change that extended statistics do not outlive
sub path {
    my ($name, %path) = @_;
    my $database = 'path_' . ++$number;
    $node->safe_psql('postgres', 'CREATE DATABASE ' . $database . ' TEMPLATE ' . ($path{from} // 'whole'));
    $node->safe_psql($database, 'SELECT mv_resume()');
    my ($facts, $dump, $rows) = (snapshot_of($node, $database), dump_of($database), image($database));
    # Rows of the base table that have come since: what is archived can be told from what is made anew.
    $node->safe_psql($database, q{INSERT INTO sv.base SELECT 5000 + g, g % 10, g, 'new ' || g, '{}', 'low' FROM generate_series(1, 20) g});
    my $session = session_in($database);
    $session->run('SET client_min_messages = warning', 'SET ROLE sv_owner', q{PREPARE kept AS SELECT count(*) FROM (SELECT id, grp FROM sv.v) AS x}, 'EXECUTE kept');

    my @said = $session->run(@{ $path{do} });
    return unless well("$name: done", @said);
    my ($expected, $expected_dump) = ($facts, $dump);
    if ($path{reference}) {
        $node->safe_psql('postgres', 'DROP DATABASE IF EXISTS reference');
        $path{reference}->('reference');
        ($expected, $expected_dump) = (snapshot_of($node, 'reference'), dump_of('reference'));
    }
    my ($now, $dump_now) = (snapshot_of($node, $database), dump_of($database));
    if ($path{recreates}) {
        # Dependents made anew have other OIDs; the view and its indexes have not.
        my $own = $path{new_indexes} ? qr/^oid of sv\.v(?!_(?:$path{new_indexes}) )(?:_\w+)? / : qr/^oid of sv\.v(?:_\w+)? /;
        none_but([ differences([ grep { $_ =~ $own } @$facts ], [ grep { $_ =~ $own } @$now ]) ], [], "$name: the same relation and indexes");
        @$_ = grep { !/^oid of/ } @$_ for $now, $expected;
    }
    none_but([ differences($expected, $now) ], $path{changed}, "$name: the catalogs", @{ $path{maybe} // [] });
    none_but([ differences($expected_dump, $dump_now) ], $path{dumped}, "$name: pg_dump");
    is_true($database, $path{definition}, "$name: the rows of the query") unless $path{same_rows};
    is(image($database), $rows, "$name: the same rows") if $path{same_rows};
    is(join("\n", $session->run('EXECUTE kept')), value($node, $database, 'SELECT count(*) FROM sv.v'), "$name: a prepared statement");
    is(kept($database), $path{kept} // '', "$name: what is kept");
    is_sound($database, $path{definition}, $name);

    for my $data (@{ $path{data} // [ 'archived', 'rebuild' ] }) {
        my $how = "$name, undone ($data)";
        if ($data eq 'rebuild') {
            # There and back again.
            my @again = $session->run(@{ $path{again} // $path{do} });
            return unless well("$name: done again", @again);
        }
        @said = $session->run("SELECT mv_rollback('sv.v', data => '$data')", $data eq 'rebuild' ? q{CALL mv_wait('sv.v')} : ());
        return unless well("$how: done", @said);
        my $then = snapshot_of($node, $database);
        @$_ = grep { !/^oid of/ } @$_ for $path{recreates} ? ($then, $facts) : ();
        none_but([ differences($facts, $then) ], [], "$how: the catalogs", $path{resets} ? ($reset, $path{new_indexes} ? @retyped : ()) : ());
        none_but([ differences($dump, dump_of($database)) ], [], "$how: pg_dump");
        if ($data eq 'archived' && !$path{same_rows}) { is(image($database), $rows, "$how: the rows that were kept") }
        elsif ($data eq 'rebuild') { is_true($database, $first, "$how: the rows of the query now") }
        is(join("\n", $session->run('EXECUTE kept')), value($node, $database, 'SELECT count(*) FROM sv.v'), "$how: a prepared statement");
        is_sound($database, $first, $how);
    }
    $session->close;
    $node->safe_psql('postgres', "DROP DATABASE $database");
}

# refused(name, from, statement, patterns): the error matches them all, and nothing has changed.
sub refused {
    my ($name, $from, $statement, @patterns) = @_;
    my $database = 'path_' . ++$number;
    $node->safe_psql('postgres', "CREATE DATABASE $database TEMPLATE $from");
    $node->safe_psql($database, 'SELECT mv_resume()');
    my ($facts, $dump, $rows) = (snapshot_of($node, $database), dump_of($database), image($database));
    # One transaction, should it be several statements.
    my ($rc, $out, $err) = $node->psql($database, "\\set VERBOSITY verbose\nSET ROLE sv_owner; BEGIN; $statement; COMMIT");
    isnt($rc, 0, "$name: refused");
    like($err, $_, "$name: told") for @patterns;
    none_but([ differences($facts, snapshot_of($node, $database)) ], [], "$name: nothing has changed");
    none_but([ differences($dump, dump_of($database)) ], [], "$name: nor in pg_dump");
    is(image($database), $rows, "$name: nor the rows");
    is(kept($database), '', "$name: nothing is left");
    is(value($node, $database, q{SELECT count(*) FROM mvmanager.run WHERE kind = 'build'}), 0, "$name: nothing is queued");
    $node->safe_psql('postgres', "DROP DATABASE $database");
}

sub replace {
    my ($definition, $arguments) = @_;
    return "SELECT mv_replace('sv.v', \$q\$$definition\$q\$" . ($arguments ? ", $arguments" : '') . ')';
}
my $wait = q{CALL mv_wait('sv.v')};
my $archive = 'm v__v1';
# The view's own query, wherever it is printed.
my @own_query = (qr/^[-+] view sv\.v: /);

# --- nothing: the checks themselves ------------------------------------------------------------------------------------

{
    $node->safe_psql('postgres', 'CREATE DATABASE control TEMPLATE whole');
    $node->safe_psql('control', 'SELECT mv_resume()');
    is_sound('control', $first, 'control');
    # A difference of each kind, planted.
    my @plants = (
        [ 'REVOKE SELECT (id) ON sv.v FROM sv_other', qr/^[-+] (?:attribute sv\.v id acl|shdepend column id of materialized view sv\.v: a role sv_other)/ ],
        [ 'REVOKE GRANT OPTION FOR SELECT ON sv.v FROM sv_reader CASCADE', qr/^[-+] (?:class sv\.v acl|shdepend materialized view sv\.v: a role sv_third)/ ],
        [ q{COMMENT ON COLUMN sv.v.id IS 'other'}, qr/^[-+] comment column id of materialized view sv\.v: / ],
        [ q{COMMENT ON INDEX sv.v_lower IS NULL}, qr/^- comment index sv\.v_lower: / ],
        [ 'ALTER MATERIALIZED VIEW sv.v SET WITHOUT CLUSTER', qr/^[-+] index sv\.v_id indisclustered / ],
        [ 'ALTER MATERIALIZED VIEW sv.v ALTER COLUMN grp RESET (n_distinct)', qr/^[-+] attribute sv\.v grp options/ ],
        [ 'ALTER INDEX sv.v_lower ALTER COLUMN 2 SET STATISTICS 3', qr/^[-+] attribute sv\.v_lower expr attstattarget / ],
        [ 'ALTER MATERIALIZED VIEW sv.v SET (toast.autovacuum_vacuum_threshold = 3)', qr/^[-+] class TOAST of sv\.v options / ],
        [ 'ALTER INDEX sv.v_id SET TABLESPACE pg_default', qr/^[-+] (?:class sv\.v_id tablespace|shdepend index sv\.v_id: )/ ],
        [ 'ALTER STATISTICS sv.v_stats SET STATISTICS 7', qr/^[-+] statistics v_stats: / ],
        [ 'ALTER MATERIALIZED VIEW sv.v NO DEPENDS ON EXTENSION pg_visibility', qr/^- depend materialized view sv\.v: x extension pg_visibility$/ ],
        [ q{SECURITY LABEL FOR mvmanager_test ON COLUMN sv.v.grp IS NULL}, qr/^- label column grp of materialized view sv\.v: / ],
        [ 'ALTER VIEW sv.facade ALTER COLUMN grp DROP DEFAULT', qr/^[-+] (?:default of sv\.facade|depend default value for column grp of view sv\.facade|depend default value|attribute sv\.facade grp atthasdef)/ ],
        [ 'ALTER VIEW sv.facade RESET (security_barrier)', qr/^[-+] class sv\.facade options/ ],
        [ 'DROP FUNCTION sv.standard', qr/^- (?:function sv\.standard|depend function sv\.standard|shdepend function sv\.standard|comment function sv\.standard)/ ],
    );
    for my $plant (@plants) {
        my $before = snapshot_of($node, 'control');
        $node->safe_psql('control', $plant->[0]);
        none_but([ differences($before, snapshot_of($node, 'control')) ], [ $plant->[1] ], "seen: $plant->[0]");
    }
    $node->safe_psql('postgres', 'DROP DATABASE control');
}

# --- the same columns --------------------------------------------------------------------------------------------------

my $filtered = 'SELECT id, grp, amount, note, tags, mood FROM sv.base WHERE id <> 7';
my %same = (definition => $filtered, changed => [@own_query], dumped => [qr/^[-+] +(?:FROM sv\.base|WHERE \(?(?:base\.)?id <> 7\)?)$/], kept => $archive);
path('same columns, now', %same, do => [ replace($filtered, q{build => 'now'}) ]);
path('same columns, background', %same, do => [ replace($filtered, q{build => 'background'}), $wait ]);
path('same columns, promoted by hand', %same,
    do => [ replace($filtered, q{build => 'background', promote => 'manual'}), q{CALL mv_wait('sv.v', version => 2)}, q{SELECT mv_promote('sv.v')} ],
    again => [ replace($filtered, q{promote => 'manual', build => 'now'}), q{SELECT mv_promote('sv.v')} ]);

# --- columns appended --------------------------------------------------------------------------------------------------

my $longer = q{SELECT id, grp, amount, note, tags, mood, amount * 2 AS twice, upper(note) COLLATE "C" AS loud FROM sv.base};
my %append = (
    definition => $longer,
    changed => [
        @own_query, qr/^\+ attribute sv\.v (?:twice|loud) /, qr/^[-+] class sv\.v relnatts [68]$/, qr/^\+ statistics of column (?:twice|loud) of sv\.v are there$/,
    ],
    dumped => [qr/^[-+] +(?:base\.)?(?:mood,?|\(?(?:base\.)?amount \* .* AS twice,|\(?upper\(.* AS loud)$/],
    kept => $archive,
);
path('columns appended, now', %append, data => [], do => [ replace($longer, q{build => 'now'}) ]);
path('columns appended, background', %append, from => 'nothing_stored', resets => 1, do => [ replace($longer, q{build => 'background'}), $wait ]);
# The rows of a table that have them cannot be written anew, so the columns are kept from going.
refused('columns appended, rows of its type stored since, undone', 'whole', replace($longer, q{build => 'now'}) . q{; SELECT mv_rollback('sv.v')}, qr/sv\.stored/);

# --- a column renamed --------------------------------------------------------------------------------------------------

my $renamed = 'SELECT id, grp, amount, note AS remark, tags, mood FROM sv.base WHERE id <> 7';
path('a column renamed',
    definition => $renamed,
    do => [ replace($renamed, q{rename_columns => '{"note": "remark"}', build => 'now'}) ],
    reference => sub {
        $node->safe_psql('postgres', "CREATE DATABASE $_[0] TEMPLATE whole");
        $node->safe_psql($_[0], 'ALTER MATERIALIZED VIEW sv.v RENAME COLUMN note TO remark');
    },
    changed => [@own_query],
    dumped => [qr/^[-+] +(?:FROM sv\.base|WHERE \(?(?:base\.)?id <> 7\)?)$/],
    kept => $archive,
);

# --- no new rows -------------------------------------------------------------------------------------------------------

path('indexes only',
    definition => $first, same_rows => 1, data => [],
    do => [ "SELECT mv_apply('sv.v', \$q\$$first\$q\$, indexes => ARRAY['CREATE UNIQUE INDEX v_id ON sv.v (id) INCLUDE (grp) WITH (fillfactor = 63) TABLESPACE sv_space', 'CREATE INDEX v_more ON sv.v (mood) WHERE grp > 1', 'CREATE INDEX v_even_more ON sv.v (amount, id DESC)'])", $wait ],
    changed => [ qr/^\+ (?:class|oid of|attribute|index|depend index|shdepend index|depend column .* of index|depend) (?:index |column \w+ of index )?sv\.v_(?:even_)?more\b/ ],
    dumped => [qr/^\+ (?:CREATE INDEX v_(?:even_)?more ON sv\.v |-- Name: v_(?:even_)?more; |--|SET |)/],
);
path('options and comment only',
    definition => $first, same_rows => 1, data => [],
    do => [ "SELECT mv_apply('sv.v', \$q\$$first\$q\$, comment => 'another', options => '{\"fillfactor\": 55}')" ],
    changed => [ qr/^[-+] class sv\.v options .*fillfactor=(?:71|55)/, qr/^[-+] comment materialized view sv\.v: (?:the view|another)$/ ],
    dumped => [ qr/^[-+] WITH \(.*fillfactor='?(?:71|55)/, qr/^[-+] COMMENT ON MATERIALIZED VIEW sv\.v IS '(?:the view|another)';$/ ],
);

# --- columns dropped, retyped, reordered: everything that depends on them is made anew ---------------------------------

my %exchange = (
    dropped => 'SELECT id, grp, note, tags, mood FROM sv.base',
    retyped => 'SELECT id, grp::bigint AS grp, amount::int AS amount, note, tags, mood FROM sv.base',
    reordered => 'SELECT note, mood, grp, amount, id, tags FROM sv.base',
);
for my $what (sort keys %exchange) {
    my $definition = $exchange{$what};
    path("columns $what",
        from => 'no_row_types', definition => $definition, recreates => 1, resets => 1,
        do => [ replace($definition, q{dependents => 'recreate', build => 'now'}) ],
        reference => sub {
            $node->safe_psql('postgres', "CREATE DATABASE $_[0] TEMPLATE bare");
            $node->safe_psql($_[0], fixture($definition, row_types => 0));
        },
        changed => [], maybe => [ $reset, $what eq 'retyped' ? @retyped : () ], dumped => [], kept => $archive,
        $what eq 'retyped' ? (new_indexes => 'id|grp|lower|nulls') : (),
    );
    refused("columns $what, dependents kept", 'no_row_types', replace($definition, q{build => 'now'}), qr/sv\.facade/) if $what ne 'dropped';
    refused("columns $what, a domain checks one", 'nothing_stored', replace($definition, q{dependents => 'recreate', build => 'now'}), qr/sv\.row_domain|row_domain/) if $what eq 'reordered';
    refused("columns $what, rows of its type stored", 'whole', replace($definition, q{dependents => 'recreate', build => 'now'}), qr/sv\.stored|stored/);
}

# --- a family ----------------------------------------------------------------------------------------------------------

my $summary = 'SELECT f.grp, count(*) AS n, max(f.note) AS last, min(f.id) AS first FROM sv.facade f GROUP BY f.grp';
path('a family together',
    definition => $longer, data => [],
    do => [ "SELECT name, action FROM mv_apply_all(jsonb_build_array(jsonb_build_object('name', 'sv.summary', 'definition', \$q\$$summary\$q\$), jsonb_build_object('name', 'sv.v', 'definition', \$q\$$longer\$q\$)), together => true)", $wait, q{CALL mv_wait('sv.summary')} ],
    changed => [ @{ $append{changed} }, qr/^[-+] view sv\.summary: /, qr/^\+ attribute sv\.summary first /, qr/^[-+] class sv\.summary relnatts [34]$/, qr/^\+ statistics of column first of sv\.summary are there$/, qr/^\+ depend .*sv\.summary: n column id of view sv\.facade$/ ],
    dumped => [ @{ $append{dumped} }, qr/^[-+] +max\(.*\) AS last,?$/, qr/^\+ +min\(.*\) AS first$/ ],
    kept => 'm summary__v1, m v__v1',
);

$node->stop;
my $log = slurp_file($node->logfile);
my @complaints = grep { /\b(?:WARNING|PANIC|TRAP):|was terminated by signal|reference leak|resource was not closed/ } split /\n/, $log;
is(join("\n", @complaints), '', 'the server did not complain');
done_testing();
