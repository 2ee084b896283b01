# The column types of the generated tables, the values that are worth having in them, and which indexes each can be in.
#
# Many of the values are equal and look different (1.0 and 1.00, -0 and 0, '1 mon' and '30 days'): a refresh that compares by
# equality keeps the old one. `twins` are pairs of such values.
package Equivalence::Types;

use strict;
use warnings;

# Long texts: compressed in line, compressed out of line, in line as they are, out of line as they are, and two that differ in
# their last byte alone.
my @long = (
    q{repeat('abcdefgh', 400)},
    'repeat(eq.scattered(7, 100), 4)',
    'eq.scattered(1, 60)',
    'eq.scattered(1, 90)',
    'eq.scattered(2, 300)',
    q{left(eq.scattered(1, 90), -1) || 'x'},
);

# btree, hash, gin, gist, spgist, brin: the operator class, '' for the default; unordered: there is no operator >=; probe: the condition an index can answer, %c
# the column and %v one of the values.
my @eq = (btree => '', hash => '', brin => '', eq => 1);
my @types = (
    { type => 'int', values => [ 0, 1, -1, 42, 2147483647, '-2147483648' ], @eq },
    { type => 'smallint', values => [ 0, 1, -1, 32767 ], @eq },
    { type => 'bigint', values => [ 0, 1, '9223372036854775807', '-9223372036854775808' ], @eq },
    { type => 'numeric', values => [ '1.0', '1.00', '1', '0', '0.000', '-0.0', q{'NaN'}, q{'Infinity'}, q{'-Infinity'}, '123456789012345678901234567890.123', '1e-50' ],
      twins => [ [ '1.0', '1.00' ], [ '0', '0.000' ] ], @eq },
    { type => 'numeric(12,3)', values => [ '1.5', '1.500', '0', '-7', q{'NaN'} ], @eq },
    { type => 'float8', values => [ 0, q{'-0'}, q{'NaN'}, q{'Infinity'}, q{'-Infinity'}, '0.1', '1.5', '1e-300' ], twins => [ [ 0, q{'-0'} ] ], @eq },
    { type => 'float4', values => [ 0, q{'-0'}, q{'NaN'}, '0.1', '16777217' ], twins => [ [ 0, q{'-0'} ] ], @eq },
    { type => 'text', values => [ q{''}, q{'a'}, q{'A'}, q{'ab '}, q{'äöü'}, q{'NULL'}, q{'(,)'}, q{'"\\\\'} ], twins => [], @eq,
      spgist => '' },
    { type => 'text', name => 'long text', values => [ q{''}, q{'short'}, @long ], hash => '', eq => 1, big => 1 },
    { type => 'varchar(20)', values => [ q{''}, q{'a'}, q{'a '}, q{'twenty characters xx'} ], @eq },
    { type => 'char(8)', values => [ q{''}, q{'a'}, q{'a  '}, q{'b'} ], @eq },
    { type => '"char"', values => [ q{''}, q{'a'}, q{'Z'} ], @eq },
    { type => 'name', values => [ q{'a'}, q{'pg_class'}, "repeat('n', 63)" ], @eq },
    { type => 'bool', values => [ 'true', 'false' ], btree => '', hash => '', eq => 1 },
    { type => 'bytea', values => [ q{'\x'}, q{'\x00'}, q{'\xdeadbeef'}, q{decode(repeat('00ff', 4000), 'hex')} ], hash => '', eq => 1, big => 1 },
    { type => 'date', values => [ q{'2000-01-01'}, q{'0044-03-15 BC'}, q{'infinity'}, q{'-infinity'} ], @eq },
    { type => 'timestamp', values => [ q{'2000-01-01'}, q{'2024-02-29 12:34:56.789012'}, q{'infinity'} ], @eq },
    { type => 'timestamptz', values => [ q{'2000-01-01 00:00+00'}, q{'2024-03-31 01:30+01'}, q{'-infinity'} ], @eq },
    { type => 'time', values => [ q{'00:00'}, q{'24:00'}, q{'12:34:56.7'} ], @eq },
    { type => 'timetz', values => [ q{'00:00+00'}, q{'01:00+01'}, q{'23:00-05'} ], @eq },
    { type => 'interval', values => [ q{'1 mon'}, q{'30 days'}, q{'720:00:00'}, q{'0'}, q{'1 day -24:00:00'} ],
      twins => [ [ q{'1 mon'}, q{'30 days'} ], [ q{'30 days'}, q{'720:00:00'} ] ], @eq },
    { type => 'uuid', values => [ q{'00000000-0000-0000-0000-000000000000'}, q{'123e4567-e89b-12d3-a456-426614174000'} ], @eq },
    { type => 'json', values => [ q{'{"a":1}'}, q{'{"a": 1}'}, q{'{}'}, q{'[1, null]'}, q{'"x"'} ], twins => [ [ q{'{"a":1}'}, q{'{"a": 1}'} ] ], big => 1 },
    { type => 'jsonb', values => [ q{'{"a":1.0}'}, q{'{"a":1.00}'}, q{'{}'}, q{'[1, null]'}, q{'{"k": {"a": [1, 2]}}'}, q{'"x"'} ],
      twins => [ [ q{'{"a":1.0}'}, q{'{"a":1.00}'} ] ], btree => '', hash => '', gin => '', eq => 1, probe => '%c @> %v', probed => 'gin' },
    { type => 'int[]', values => [ q{'{}'}, q{'{1,NULL}'}, q{'{1,2,3}'}, q{'[0:1]={1,2}'}, q{'{{1,2},{3,4}}'}, q{'{NULL}'} ],
      btree => '', hash => '', gin => '', eq => 1, probe => '%c @> %v', probed => 'gin' },
    { type => 'text[]', values => [ q{'{}'}, q{'{a,NULL}'}, q{'{"NULL",""}'}, q{'{"a,b","{}"}'} ], btree => '', gin => '', eq => 1, probe => '%c && %v', probed => 'gin' },
    { type => 'numeric[]', values => [ q{'{1.0}'}, q{'{1.00}'}, q{'{NaN,NULL}'} ], twins => [ [ q{'{1.0}'}, q{'{1.00}'} ] ], btree => '', hash => '', eq => 1 },
    { type => 'eq.pair', values => [ q{'(1,a)'}, q{'(1,)'}, q{'(,)'}, q{'(1,"")'}, 'NULL' ], btree => '', hash => '', eq => 1 },
    { type => 'eq.nest', values => [ q{'("(1,a)","{""(2,b)"",NULL}",1.0)'}, q{'("(1,a)","{""(2,b)"",NULL}",1.00)'}, q{'(,,)'}, q{'("(,)",{},NaN)'} ],
      twins => [ [ q{'("(1,a)",,1.0)'}, q{'("(1,a)",,1.00)'} ] ], btree => '', hash => '', eq => 1 },
    { type => 'eq.pair[]', values => [ q{'{}'}, q{'{NULL,"(1,a)"}'}, q{'{"(,)"}'} ], btree => '', eq => 1 },
    { type => 'eq.amount', values => [ '1.0', '1.00', '99', q{'NaN'} ], twins => [ [ '1.0', '1.00' ] ], @eq },
    { type => 'eq.word', values => [ q{'a'}, q{'aa '}, q{''} ], @eq },
    { type => 'eq.mood', values => [ q{'sad'}, q{'ok'}, q{'happy'} ], btree => '', hash => '', eq => 1 },
    { type => 'int4range', values => [ q{'empty'}, q{'[1,5)'}, q{'(,)'}, q{'[3,)'} ], btree => '', hash => '', gist => '', spgist => '', brin => '', eq => 1,
      probe => '%c && %v', probed => 'gist spgist brin' },
    { type => 'numrange', values => [ q{'[1.0,2)'}, q{'[1.00,2)'}, q{'empty'} ], twins => [ [ q{'[1.0,2)'}, q{'[1.00,2)'} ] ], btree => '', gist => '', eq => 1,
      probe => '%c && %v', probed => 'gist' },
    { type => 'tstzrange', values => [ q{'[2000-01-01 00:00+00,2001-01-01 00:00+00)'}, q{'empty'}, q{'[infinity,)'} ], btree => '', spgist => '', gist => '', eq => 1,
      probe => '%c && %v', probed => 'gist spgist' },
    { type => 'int4multirange', values => [ q{'{}'}, q{'{[1,3),[7,9)}'}, q{'{(,)}'} ], btree => '', gist => '', eq => 1, probe => '%c && %v', probed => 'gist' },
    { type => 'tsvector', values => [ q{''}, q{'a:1 b:2A'}, q{'fat cat'} ], gin => '', gist => '', btree => '', eq => 1, probe => q{%c @@ 'a | fat'::tsquery}, probed => 'gin gist' },
    { type => 'bit(5)', values => [ q{B'00000'}, q{B'10101'} ], btree => '', eq => 1 },
    { type => 'varbit', values => [ q{B''}, q{B'1'}, q{B'101'} ], btree => '', eq => 1 },
    { type => 'inet', values => [ q{'10.0.0.1'}, q{'10.0.0.1/24'}, q{'::1'} ], btree => '', hash => '', gist => 'inet_ops', spgist => '', brin => 'inet_inclusion_ops', eq => 1,
      probe => '%c && %v', probed => 'gist spgist brin' },
    { type => 'macaddr', values => [ q{'08:00:2b:01:02:03'} ], @eq },
    { type => 'point', values => [ q{'(0,0)'}, q{'(-0,0)'}, q{'(1.5,-2)'} ], twins => [ [ q{'(0,0)'}, q{'(-0,0)'} ] ], gist => '', spgist => '',
      probe => q{%c <@ '((-1,-1),(1,1))'::box}, probed => 'gist spgist' },
    { type => 'box', values => [ q{'(1,1),(0,0)'}, q{'(5,5),(4,4)'} ], gist => '', spgist => '', brin => '', probe => '%c && %v', probed => 'gist spgist brin' },
    { type => 'text COLLATE "C"', values => [ q{'a'}, q{'B'}, q{''} ], btree => '', hash => '', brin => '', spgist => '', eq => 1, probe => '%c >= %v', probed => 'brin spgist' },
    { type => 'text COLLATE eq.ignore_case', icu => 1, values => [ q{'a'}, q{'A'}, q{'á'}, q{'Á'}, q{'b'} ], twins => [ [ q{'a'}, q{'A'} ], [ q{'a'}, q{'á'} ] ], @eq },
    { type => 'varchar COLLATE eq.ignore_case', icu => 1, values => [ q{'x'}, q{'X'} ], twins => [ [ q{'x'}, q{'X'} ] ], @eq },
    { type => 'eq.ci', icu => 1, values => [ q{'x'}, q{'X'}, q{''} ], twins => [ [ q{'x'}, q{'X'} ] ], btree => '', hash => '', eq => 1 },
    { type => 'citext', extension => 'citext', values => [ q{'a'}, q{'A'} ], twins => [ [ q{'a'}, q{'A'} ] ], btree => '', hash => '', eq => 1 },
    { type => 'hstore', unordered => 1, extension => 'hstore', values => [ q{''}, q{'a=>1'}, q{'a=>NULL'} ], btree => '', hash => '', gin => '', gist => '', eq => 1, probe => q{%c ? 'a'}, probed => 'gin gist' },
);

# available(icu => bool, extensions => {name => 1}): the types of this server.
sub available {
    my (%server) = @_;
    return map { { %$_, name => $_->{name} // $_->{type} } }
      grep { (!$_->{icu} || $server{icu}) && (!$_->{extension} || $server{extensions}{ $_->{extension} }) } @types;
}

# The type without its collation, as a cast wants it.
sub bare { my ($column) = @_; return $column->{type} =~ s/ COLLATE .*//r }

sub literal {
    my ($column, $value) = @_;
    return 'NULL' if $value eq 'NULL';
    return "$value\::" . bare($column) if $value =~ /^'/;
    return "($value)::" . bare($column);
}
# A random value of the column, one in six NULL.
sub draw {
    my ($column, $dice) = @_;
    return 'NULL' if $dice->below(6) == 0;
    return literal($column, $dice->pick(@{ $column->{values} }));
}

# What the generated tables need on a server before the first of them: schema eq.
sub setup {
    my (%server) = @_;
    my $sql = <<'SQL';
CREATE SCHEMA eq;
CREATE TYPE eq.pair AS (a int, b text);
CREATE TYPE eq.nest AS (x eq.pair, y eq.pair[], z numeric);
CREATE TYPE eq.mood AS ENUM ('sad', 'ok', 'happy');
CREATE DOMAIN eq.amount AS numeric CHECK (VALUE < 100 OR VALUE = 'NaN');
CREATE DOMAIN eq.word AS text NOT NULL DEFAULT '' CHECK (VALUE <> 'forbidden');
ALTER DOMAIN eq.word DROP NOT NULL;
CREATE FUNCTION eq.scattered(seed int, count int) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT pg_catalog.string_agg(pg_catalog.md5(seed::pg_catalog.text || g), '' ORDER BY g) FROM pg_catalog.generate_series(1, count) g $$;
CREATE FUNCTION eq.twice(n int) RETURNS int LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT (n % 100000) * 2 $$;
CREATE FUNCTION eq.is_even(n int) RETURNS boolean LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$ BEGIN RETURN n % 2 = 0; END $$;
SQL
    $sql .= <<'SQL' if $server{icu};
CREATE COLLATION eq.ignore_case (provider = icu, locale = 'und-u-ks-level1', deterministic = false);
CREATE DOMAIN eq.ci AS text COLLATE eq.ignore_case;
SQL
    $sql .= "CREATE EXTENSION $_ SCHEMA public;\n" for sort keys %{ $server{extensions} };
    return $sql;
}

1;
