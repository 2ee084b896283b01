# A generated base table, a materialized view over it and its indexes.
package Equivalence::View;

use strict;
use warnings;
use Equivalence::Types;

# Every base table has these: keys that are unique each in its way, and the group that partial refreshes go by.
#   id    integer, dense, the primary key of nothing
#   k2    integer, unique where it is not NULL; its values change places between rows
#   knum  numeric, unique by value, of any scale
#   kci   text, unique without regard to case, of any case
my @keys = (
    { name => 'id', type => 'int', btree => '', hash => '', brin => '', eq => 1, key => 1 },
    { name => 'k2', type => 'int', btree => '', hash => '', brin => '', eq => 1, key => 1, nullable => 1 },
    { name => 'knum', type => 'numeric', btree => '', hash => '', brin => '', eq => 1, key => 1 },
    { name => 'kci', type => 'text COLLATE eq.ignore_case', btree => '', hash => '', eq => 1, key => 1 },
);
my $group = { name => 'grp', type => 'int', values => [ 0 .. 9 ], btree => '', hash => '', brin => '', eq => 1 };

sub quoted { my ($name) = @_; return $name =~ /^[a-z][a-z0-9_]*$/ && $name ne 'select' ? $name : '"' . ($name =~ s/"/""/gr) . '"' }

# new(dice, server): server as for Types::available, major.
sub new {
    my ($class, $dice, $server) = @_;
    my $self = bless { dice => $dice, server => $server, next_id => 1 }, $class;
    $self->{size} = $dice->pick('tiny', ('small') x 8, 'large');
    my @types = Equivalence::Types::available(%$server);
    @types = grep { !$_->{big} } @types if $self->{size} eq 'large';
    my $i = 0;
    my @drawn = $dice->some($dice->between(0, 7), @types);
    # Few types go into the rarer kinds of indexes.
    push @drawn, $dice->pick(grep { defined $_->{gin} } @types) if $dice->chance(40);
    $self->{columns} = [ map { { %$_, name => 'c' . $i++ } } @drawn ];
    $self->{keys} = [ map { { %$_ } } @keys ];
    $self->{keys}[3]{type} = 'text' unless $server->{icu};
    $self->{group} = {%$group};
    $self->choose_query;
    $self->choose_indexes;
    return $self;
}

# Most rows the table should have.
sub rows { my ($self) = @_; return { tiny => 8, small => 250, large => 4000 }->{ $self->{size} } }

sub base_columns { my ($self) = @_; return (@{ $self->{keys} }, $self->{group}, @{ $self->{columns} }) }

sub create_tables {
    my ($self) = @_;
    my $list = join ', ', map { "$_->{name} $_->{type}" } $self->base_columns;
    return "CREATE TABLE eq.b ($list);\nCREATE TABLE eq.o (id int, n numeric, t text);\n";
}

# --- the query ---------------------------------------------------------------------------------------------------------

# Sets query, view (its columns: name, type and the rest of the type's entry) and grouped (the predicate columns grp and, where
# its rows are those of the table, id are there).
sub choose_query {
    my ($self) = @_;
    my $dice = $self->{dice};
    my @view;
    my $add = sub {
        my ($column, $expression, $name) = @_;
        push @view, { %$column, name => quoted($name // $column->{name}), expression => $expression // $column->{name} };
    };
    my ($id, $k2, $knum, $kci) = @{ $self->{keys} };
    my $shape = $dice->pick(('keyed') x 6, ('keyless') x 3, ('joined') x 2, ('grouped') x 2, 'union', 'ordered', 'ordered', 'window', 'series', 'constant', 'no columns');
    $self->{shape} = $shape;
    my $from = 'eq.b';
    my $tail = '';
    my @strange = ('Total "net" €', 'select', 'x' x 63, 'CamelCase');
    if ($shape =~ /keyed|joined|ordered/) {
        $add->($id);
        $add->($self->{group});
        for my $key ($k2, $knum, $kci) { $add->($key) if $dice->chance(60) }
        $add->($_, undef, $dice->chance(8) ? shift @strange : undef) for @{ $self->{columns} };
    } elsif ($shape eq 'keyless') {
        $add->($self->{group}) if $dice->chance(70);
        $add->($_) for @{ $self->{columns} };
        $add->($self->{group}) unless @view;
    } elsif ($shape eq 'grouped') {
        $add->({ %{ $self->{group} }, key => 1, nullable => 1 });
        $add->({ type => 'bigint', btree => '', eq => 1, values => [ 0, 1, 2 ] }, 'count(*)', 'rows');
        $add->({ type => 'bigint', btree => '', eq => 1, values => [ 0, 1 ] }, 'sum(id)', 'ids');
        $add->({ type => 'text', big => 1 }, q{string_agg(md5(kci COLLATE "C"), '' ORDER BY id)}, 'names');
        $add->({ type => 'numeric', big => 1 }, 'avg(knum)', 'mean');
        $add->({ %$_, type => Equivalence::Types::bare($_) . '[]', map { $_ => undef } qw(btree hash gin gist spgist brin twins) },
            "array_agg($_->{name} ORDER BY id)") for grep { $_->{type} !~ /\[\]$|eq\.(ci|word|amount)/ && !$_->{big} } @{ $self->{columns} };
        $tail = ' GROUP BY grp';
    } elsif ($shape eq 'union') {
        $add->($id);
        $add->($self->{group});
        $add->($_) for @{ $self->{columns} };
        my $list = join ', ', map { $_->{name} } @{ $self->{columns} };
        $tail = " UNION ALL SELECT - id, grp" . ($list ? ", $list" : '') . ' FROM eq.b WHERE id % 3 = 0';
    } elsif ($shape eq 'window') {
        $add->($id);
        $add->($self->{group});
        $add->({ type => 'bigint', btree => '', eq => 1, values => [ 1, 2, 3 ] }, 'row_number() OVER (PARTITION BY grp ORDER BY id)', 'place');
        $add->({ type => 'int', btree => '', hash => '', eq => 1, values => [ 1, 2, 3 ] }, 'lag(id) OVER (PARTITION BY grp ORDER BY id)', 'former');
    } elsif ($shape eq 'series') {
        $add->($id, undef, 'of');
        $add->($self->{group});
        $add->({ type => 'int', btree => '', hash => '', eq => 1, values => [ 1, 2, 3 ] }, 'generate_series(1, grp % 4)', 'n');
        $add->({ type => 'numeric', btree => '', hash => '', eq => 1, values => [ '1.0', 2 ] }, q{unnest(ARRAY[1.0, 1.00, NULL])}, 'element');
        $view[0]{key} = undef;
        $view[0]{values} = [ 1, 2, 3 ];
    } elsif ($shape eq 'constant') {
        $add->({ type => 'int', values => [1] }, '1', 'one');
        $add->({ type => 'text', values => [q('x')] }, q('x'::text), 'x');
        $from = 'eq.b WHERE false UNION ALL SELECT g, NULL FROM generate_series(1, 3) g';
    }
    if ($shape eq 'joined') {
        $_->{expression} = "b.$_->{name}" =~ s/"//gr for grep { $_->{expression} eq $_->{name} } @view;
        $_->{expression} = "b.$_->{expression}" for grep { $_->{expression} !~ /^b\./ } @view;
        $add->({ type => 'numeric', values => [ 0, '1.0' ], btree => '', eq => 1 }, 'o.n', 'other_n');
        $add->({ type => 'text', big => 1 }, 'o.t', 'other_t');
        $from = 'eq.b AS b LEFT JOIN eq.o AS o ON o.id = b.id % 20';
    } elsif ($shape =~ /keyed|keyless/ && $dice->chance(25)) {
        $tail = ' WHERE grp IS DISTINCT FROM 7';
    }
    # The last two sort by what is no column of the view.
    $tail = ' ORDER BY ' . $dice->pick('id', 'grp, id', 'id DESC', 'abs(id - 50), id', 'id FOR UPDATE') if $shape eq 'ordered';
    $self->{view} = \@view;
    $self->{query} = 'SELECT ' . join(', ', map { $_->{expression} eq $_->{name} ? $_->{name} : "$_->{expression} AS $_->{name}" } @view) . " FROM $from$tail";
    my %has = map { $_->{name} => 1 } @view;
    $self->{by_group} = $has{grp};
    $self->{by_id} = $has{id} && $shape =~ /keyed|joined|ordered/;
}

# --- indexes -----------------------------------------------------------------------------------------------------------

# Sets indexes: sql, am, name, probe (a condition the index can answer, or nothing) and whether REFRESH CONCURRENTLY can
# go by it.
sub choose_indexes {
    my ($self) = @_;
    my $dice = $self->{dice};
    my @indexes;
    my $name = sub { 'i' . scalar(@indexes) };
    my @unique = $self->{shape} =~ /keyed|joined|ordered|grouped/ ? grep { $_->{key} } @{ $self->{view} } : ();
    @unique = grep { $_->{name} eq 'id' } @{ $self->{view} } if $self->{shape} =~ /union|window/;
    for my $key ($dice->some($dice->pick(0, 1, 1, 1, 2, 2, 3), @unique)) {
        my $how = $dice->below(10);
        my $n = $name->();
        my $column = $key->{name};
        my %index = (am => 'btree', name => $n, unique => 1, probe => $key->{type} =~ /text/ ? "$column = 'k7'" : "$column = 7");
        if ($how < 5) {
            $index{concurrently} = 1;
            my $not_distinct = $key->{nullable} && $self->{shape} eq 'grouped' && $dice->chance(50) ? ' NULLS NOT DISTINCT' : '';
            $index{sql} = "CREATE UNIQUE INDEX $n ON eq.v ($column" . $dice->pick('', '', ' DESC', ' NULLS FIRST') . ")$not_distinct";
        } elsif ($how == 5) {
            my ($other) = grep { !$_->{big} && $_->{name} ne $column } @{ $self->{view} };
            $index{concurrently} = 1;
            $index{sql} = "CREATE UNIQUE INDEX $n ON eq.v ($column)" . ($other ? " INCLUDE ($other->{name})" : '') . ' WITH (fillfactor = 50)';
        } elsif ($how == 6 && $self->{by_group}) {
            $index{sql} = "CREATE UNIQUE INDEX $n ON eq.v ($column) WHERE grp > 4";
            $index{probe} .= ' AND grp > 4';
        } elsif ($how == 7 && $key->{type} eq 'int' && $column ne 'grp') {
            $index{sql} = "CREATE UNIQUE INDEX $n ON eq.v (($column + 1))";
            $index{probe} = "$column + 1 = 8";
        } elsif ($how == 8 && $self->{by_group}) {
            $index{concurrently} = 1;
            $index{sql} = "CREATE UNIQUE INDEX $n ON eq.v (grp, $column)";
            $index{sql} = "CREATE UNIQUE INDEX $n ON eq.v (grp)" if $column eq 'grp';
            $index{probe} .= ' AND grp = 3';
        } else {
            $index{concurrently} = 1;
            $index{sql} = "CREATE UNIQUE INDEX $n ON eq.v ($column) WITH (deduplicate_items = off)";
        }
        push @indexes, \%index;
    }
    for (1 .. $dice->pick(0, 0, 1, 2, 3, 4)) {
        my $index = $self->plain_index($name->()) or next;
        push @indexes, $index;
    }
    $self->{indexes} = \@indexes;
    $self->{concurrently} = grep { $_->{concurrently} } @indexes;
}

# An index of any kind over a random column, or nothing if the column can be in none.
sub plain_index {
    my ($self, $name) = @_;
    my $dice = $self->{dice};
    my $wanted = $dice->pick(qw(btree hash gin gist spgist brin any));
    my $column = $dice->pick(grep({ defined $_->{$wanted} } @{ $self->{view} })) // $dice->pick(@{ $self->{view} }) // return;
    my $c = $column->{name};
    my %index = (name => $name);
    if ($column->{big}) {
        return unless $column->{type} =~ /^(text|bytea)$/ && $column->{values};
        my $expression = $column->{type} eq 'text' ? $dice->pick("md5($c)", "left($c, 20)") : "md5($c)";
        if ($column->{hash} // '' eq '' and $dice->chance(40)) {
            return { %index, am => 'hash', sql => "CREATE INDEX $name ON eq.v USING hash ($c)", probe => "$c = '\\x'::$column->{type}" };
        }
        return { %index, am => 'expression', sql => "CREATE INDEX $name ON eq.v (($expression))", probe => "$expression >= '8'" };
    }
    my @kinds = grep { defined $column->{$_} } qw(btree hash gin gist spgist brin);
    return unless @kinds;
    my $am = defined $column->{$wanted} ? $wanted : $dice->pick(@kinds);
    my $value = $column->{key} ? ($column->{type} =~ /text/ ? q('k3') : 3) : Equivalence::Types::literal($column, $dice->pick(grep { $_ ne 'NULL' } @{ $column->{values} }));
    my $special = ($column->{probed} // '') =~ /\b$am\b/;
    my $condition = $special ? $column->{probe} : $am eq 'hash' || $column->{unordered} ? '%c = %v' : $dice->pick('%c = %v', '%c >= %v');
    $index{probe} = $condition =~ s/%c/$c/gr =~ s/%v/$value/gr;
    $index{probe} = undef if !$special && $am !~ /btree|hash|brin/;
    $index{am} = $am;
    my $class = $column->{$am} ? " $column->{$am}" : '';
    my $options = { gin => $dice->pick('', ' WITH (fastupdate = off)', ' WITH (gin_pending_list_limit = 64)'), brin => ' WITH (pages_per_range = 1, autosummarize = on)',
        gist => $dice->pick('', ' WITH (fillfactor = 60)', ' WITH (buffering = on)'), spgist => '', hash => $dice->pick('', ' WITH (fillfactor = 40)'),
        btree => $dice->pick('', '', ' WITH (fillfactor = 70)') }->{$am};
    if ($am eq 'btree') {
        my $how = $dice->below(9);
        my @others = grep { !$_->{big} && defined $_->{btree} && $_->{name} ne $c } @{ $self->{view} };
        if ($how == 0) { $class = ' DESC NULLS LAST' }
        if ($how == 1 && @others) {
            my $other = $dice->pick(@others);
            return { %index, sql => "CREATE INDEX $name ON eq.v ($c, $other->{name} DESC)$options" };
        }
        if ($how == 2 && @others) {
            return { %index, sql => "CREATE INDEX $name ON eq.v ($c) INCLUDE (" . $dice->pick(@others)->{name} . ")$options" };
        }
        if ($how == 3) {
            return { %index, am => 'partial', sql => "CREATE INDEX $name ON eq.v ($c) WHERE $c IS NOT NULL", probe => "$c IS NOT NULL AND $index{probe}" };
        }
        if ($how == 4 && $column->{type} eq 'text') { $class = ' text_pattern_ops'; $index{probe} = "$c = $value" }
        if ($how == 5 && $self->{by_group}) {
            return { %index, am => 'expression', sql => "CREATE INDEX $name ON eq.v (eq.twice(grp), ($c IS NULL))", probe => 'eq.twice(grp) = 6' };
        }
        if ($how == 6 && $self->{by_group}) {
            return { %index, am => 'partial', sql => "CREATE INDEX $name ON eq.v ($c) WHERE eq.is_even(grp)", probe => "eq.is_even(grp) AND $index{probe}" };
        }
        if ($how == 7 && $self->{server}{icu} && $column->{type} eq 'text') {
            return { %index, sql => "CREATE INDEX $name ON eq.v ($c COLLATE eq.ignore_case)", probe => "$c = $value COLLATE eq.ignore_case" };
        }
    }
    if ($am eq 'gin' && $column->{type} eq 'jsonb' && $dice->chance(40)) { $class = ' jsonb_path_ops' }
    if ($am eq 'brin' && !$class && $column->{type} =~ /^(int|bigint|numeric|timestamp|date|float8)$/ && $dice->chance(50)) {
        my $family = { int => 'int4', bigint => 'int8' }->{ $column->{type} } // $column->{type};
        $class = " ${family}_" . $dice->pick('minmax_multi_ops(values_per_range = 16)', 'bloom_ops(n_distinct_per_range = 50)');
        $index{probe} = "$c = $value" if $class =~ /bloom/;
    }
    if ($am eq 'gist' && $column->{type} eq 'tsvector' && $dice->chance(40)) { $class = ' tsvector_ops(siglen = 16)' }
    $index{sql} = "CREATE INDEX $name ON eq.v USING $am ($c$class)$options";
    return \%index;
}

# --- the view ----------------------------------------------------------------------------------------------------------

# The statements that make the view and bring it under management.
sub create_view {
    my ($self) = @_;
    my $dice = $self->{dice};
    my @options;
    push @options, 'fillfactor = ' . $dice->pick(10, 50, 85) if $dice->chance(30);
    push @options, 'toast_tuple_target = 256' if $dice->chance(20);
    push @options, 'autovacuum_enabled = false' if $dice->chance(50);
    push @options, 'toast.autovacuum_enabled = false' if $dice->chance(10);
    my $with = @options ? ' WITH (' . join(', ', @options) . ')' : '';
    my $space = $dice->chance(8) ? ' TABLESPACE eq_space' : '';
    my $filled = $dice->chance(75) ? 'WITH DATA' : 'WITH NO DATA';
    my @sql = ("CREATE MATERIALIZED VIEW eq.v$with$space AS $self->{query} $filled");
    for my $column (@{ $self->{view} }) {
        next unless $column->{type} =~ /^(text|varchar|bytea|jsonb|json|numeric|eq\.nest)$/ && $dice->chance(30);
        push @sql, "ALTER MATERIALIZED VIEW eq.v ALTER COLUMN $column->{name} SET STORAGE " . $dice->pick('EXTERNAL', 'EXTENDED', 'MAIN', 'PLAIN');
        # A value of any length needs TOAST, and so do the options of a TOAST table.
        $sql[-1] =~ s/PLAIN/MAIN/ if $column->{big} || $with =~ /toast\./;
        push @sql, "ALTER MATERIALIZED VIEW eq.v ALTER COLUMN $column->{name} SET COMPRESSION " . $dice->pick('pglz', 'lz4')
          if $self->{server}{lz4} && $dice->chance(40);
        push @sql, "ALTER MATERIALIZED VIEW eq.v ALTER COLUMN $column->{name} SET STATISTICS 7" if $dice->chance(30);
    }
    for my $index (@{ $self->{indexes} }) {
        my $where = $index->{sql} =~ s/( WHERE .*)// ? $1 : '';
        $index->{sql} .= ' TABLESPACE eq_space' if $dice->chance(8);
        $index->{sql} .= $where;
        push @sql, $index->{sql};
    }
    my ($plain) = grep { $_->{am} eq 'btree' && $_->{sql} !~ / WHERE | INCLUDE / } @{ $self->{indexes} };
    push @sql, "ALTER MATERIALIZED VIEW eq.v CLUSTER ON $plain->{name}" if $plain && $dice->chance(15);
    my @plain = grep { defined $_->{btree} } @{ $self->{view} };
    push @sql, "CREATE STATISTICS eq.s ON $plain[0]{name}, $plain[1]{name} FROM eq.v" if @plain > 1 && $dice->chance(15);
    push @sql, "COMMENT ON MATERIALIZED VIEW eq.v IS 'generated'", 'GRANT SELECT ON eq.v TO PUBLIC', 'CREATE VIEW eq.dependent AS SELECT count(*) AS n FROM eq.v';
    push @sql, 'ALTER MATERIALIZED VIEW eq.v OWNER TO eq_owner' if $dice->chance(50);
    push @sql, "SELECT mv_adopt('eq.v')";
    $self->{populated} = $filled eq 'WITH DATA';
    return @sql;
}

1;
