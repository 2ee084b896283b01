# Whatever a view is made of and whichever strategy refreshes it, it has exactly the rows of its query afterwards, by image.
#
# 2,000 rounds on the oldest major, 300 on the others; MVMANAGER_ROUNDS, MVMANAGER_SEED, MVMANAGER_STRATEGIES say otherwise.
# dev/equivalence runs more of them.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use Equivalence;
use MvManager;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_server('equivalence', init => { extra => [ '--encoding=UTF8', '--locale=C' ] }, conf => "autovacuum_naptime = 1s\n");
my @place = (psql => $node->installed_command('psql'), connection => [ '-h', $node->host, '-p', $node->port, '-d', 'postgres' ]);

# The comparison sees a single image difference of any kind, and the checks a single wrong index entry: planted here.
{
    my $self = Equivalence->new(@place, seed => 0);
    $self->prepare;
    my @plants = (
        [ 'numeric scale', '1.0::numeric', '1.00::numeric' ],
        [ 'negative zero', q{'-0'::float8}, q{0::float8} ],
        [ 'interval', q{'1 mon'::interval}, q{'30 days'::interval} ],
        [ 'jsonb scale', q{'{"a": 1.0}'::jsonb}, q{'{"a": 1.00}'::jsonb} ],
        [ 'array of numeric', q{'{1.0}'::numeric[]}, q{'{1.00}'::numeric[]} ],
        [ 'nested composite', q{'("(1,a)",,1.0)'::eq.nest}, q{'("(1,a)",,1.00)'::eq.nest} ],
        [ 'range', q{'[1.0,2)'::numrange}, q{'[1.00,2)'::numrange} ],
        $self->{server}{icu} ? [ 'collation', q{'a'::text COLLATE eq.ignore_case}, q{'A'::text COLLATE eq.ignore_case} ] : (),
    );
    for my $plant (@plants) {
        my ($name, $old, $new) = @$plant;
        $self->strictly("CREATE TABLE eq.p AS SELECT 1 AS id, $old AS x UNION ALL SELECT 2, $old", 'CREATE MATERIALIZED VIEW eq.planted AS SELECT id, x FROM eq.p');
        $self->strictly("UPDATE eq.p SET x = $new WHERE id = 2");
        my @equal = $self->strictly(Equivalence::Truth::by_equality('eq.planted', 'SELECT id, x FROM eq.p'));
        my ($line) = $self->strictly(Equivalence::Truth::comparison('eq.planted', 'SELECT id, x FROM eq.p'));
        is($line, 'differences|1|1|2|2|1', "$name: seen by image");
        is($equal[0], 'by equality|0|0', 'and not by equality');
        $self->strictly('DROP TABLE eq.p CASCADE');
    }
    my ($json) = $self->strictly(q{CREATE TABLE eq.p AS SELECT '{"a":1}'::json AS x}, 'CREATE MATERIALIZED VIEW eq.planted AS SELECT x FROM eq.p', q{UPDATE eq.p SET x = '{"a": 1}'},
        Equivalence::Truth::comparison('eq.planted', 'SELECT x FROM eq.p'), 'DROP TABLE eq.p CASCADE');
    is($json, 'differences|1|1|1|1|1', 'json: seen, though it has no equality');

    $self->strictly('CREATE FUNCTION eq.liar(n int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN n; END $$',
        'CREATE MATERIALIZED VIEW eq.planted AS SELECT g AS n FROM generate_series(1, 500) g', 'CREATE INDEX lying ON eq.planted (eq.liar(n))', 'CREATE INDEX lying_hash ON eq.planted USING hash (eq.liar(n))',
        'CREATE OR REPLACE FUNCTION eq.liar(n int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN CASE n WHEN 7 THEN 8 ELSE n END; END $$');
    my @complaints = $self->strictly(q{SELECT c FROM eq.complaints('eq.planted') AS c});
    like("@complaints", qr/lying: heap tuple .* lacks matching index tuple/, 'a wrong entry of a B-tree is seen');
    is($self->value(q{SELECT p.* FROM eq.probe('eq.planted', 'eq.liar(n) = 8') AS p}), 't|f', 'and of any index, by what it finds');
    my @same = $self->strictly(q{SELECT eq.remember('eq.planted')}, q{SELECT eq.changed('eq.planted')});
    my @changed = $self->strictly('ALTER MATERIALIZED VIEW eq.planted SET (fillfactor = 33)', q{SELECT eq.changed('eq.planted')});
    is(scalar @same, 1, 'properties stay');
    is(scalar @changed, 2, 'a changed option is seen');
    $self->strictly('DROP MATERIALIZED VIEW eq.planted', 'DROP FUNCTION eq.liar', 'DROP TABLESPACE eq_space', 'DROP SCHEMA eq CASCADE', 'DROP EXTENSION amcheck, pg_visibility', map({ "DROP EXTENSION $_ CASCADE" } sort keys %{ $self->{server}{extensions} }), 'DROP OWNED BY eq_owner', 'DROP ROLE eq_owner');
    $self->{session}->close;
}

my $major = $node->pg_version =~ /^(\d+)/ ? $1 : 0;
my $test = Equivalence->new(@place,
    seed => $ENV{MVMANAGER_SEED} // 20_26,
    rounds => $ENV{MVMANAGER_ROUNDS} // ($major < 16 ? 2000 : 300),
    $ENV{MVMANAGER_STRATEGIES} ? (strategies => [ split /,/, $ENV{MVMANAGER_STRATEGIES} ]) : (),
    $ENV{MVMANAGER_CHAIN} ? (first_chain => $ENV{MVMANAGER_CHAIN}, chains => 1) : (),
    by_worker => 1,
    folder => $ENV{MVMANAGER_FOLDER} // PostgreSQL::Test::Utils::tempdir_short() =~ s{/[^/]*$}{}r,
    tell => sub { note($_[0]) },
);
$test->run;
fail($_) for @{ $test->{failures} };
is(scalar @{ $test->{failures} }, 0, "$test->{done} rounds with seed $test->{seed}");
sub counts { my ($of) = @_; return join ', ', map { "$_ $of->{$_}" } sort keys %$of }
note(sprintf '%.0f seconds, %.0f ms a round', $test->{seconds}, 1000 * $test->{seconds} / ($test->{done} || 1));
note("$_: " . counts($test->{$_})) for qw(used modes shapes kinds probes types);
# In a few rounds not everything comes up.
if ($test->{done} >= 1000) {
    cmp_ok($test->{used}{$_} // 0, '>', 0, "$_ was used") for map { $_ eq 'auto' ? ('auto as diff', 'auto as swap') : $_ } @{ $test->{strategies} };
    cmp_ok($test->{probes}{$_} // 0, '>', 0, "$_ indexes answered") for qw(btree hash gin gist spgist brin partial expression);
}
$node->stop;
my $log = slurp_file($node->logfile);
unlike($log, qr/was terminated by signal|PANIC:|TRAP:|terminate called/, 'no crash');
unlike($log, qr/resource was not closed|reference leak|refcount leak|temporary file leak|buffer refcount/, 'nothing leaked');
done_testing();
