# Randomised equivalence: generated views over generated tables, changed at random and refreshed by strategies drawn at random;
# after each refresh the view must have exactly the rows of its query, by image, and be sound in all the server keeps about it.
#
# A round is one refresh, a chain the rounds of one view. Everything a chain does follows from the seed and the chain's number.
package Equivalence;

use strict;
use warnings;
use Equivalence::Change;
use Equivalence::Dice;
use Equivalence::Session;
use Equivalence::Truth;
use Equivalence::View;
use Time::HiRes qw(time usleep);

# What may be drawn; a strategy that the server does not have is a failure.
our @strategies = qw(diff swap auto partial native concurrently);

# new(psql, connection): where. seed, rounds, strategies (some of the above), first_chain and chains (from which on and how many, rather
# than rounds), by_worker (the server runs queued refreshes), folder (for scripts of chains that failed), tell (called with a
# line of progress now and then).
sub new {
    my ($class, %option) = @_;
    my $self = bless { strategies => [@strategies], rounds => 2000, first_chain => 1, most_failures => 5, %option }, $class;
    $self->{$_} = {} for qw(used modes probes shapes types kinds);
    $self->{failures} = [];
    $self->{done} = 0;
    return $self;
}

sub connect {
    my ($self) = @_;
    my $deadline = time + 60;
    while (1) {
        my $session = Equivalence::Session->new(psql => $self->{psql}, connection => $self->{connection});
        my @lines = eval { $session->run("SELECT 'here'") };
        if (@lines && $lines[-1] eq 'here') { $self->{session} = $session; last }
        die "no server: @lines $@" if time > $deadline;
        usleep(200_000);
    }
    $self->strictly('SET extra_float_digits = 3', 'SET client_min_messages = warning');
}

# Statements that must not complain; returns their lines.
sub strictly {
    my ($self, @statements) = @_;
    my @lines = $self->{session}->run(@statements);
    if (my @bad = grep { /\b(WARNING|ERROR|FATAL|PANIC):/ } @lines) { die join("\n", @lines) . "\n" }
    return @lines;
}
sub value { my ($self, $sql) = @_; my @lines = $self->strictly($sql); return $lines[0] // '' }

sub prepare {
    my ($self) = @_;
    $self->connect;
    $self->strictly('CREATE EXTENSION IF NOT EXISTS mvmanager');
    my %has = map { $_ => 1 } split /,/, $self->value(q{SELECT string_agg(name, ',') FROM pg_available_extensions WHERE name IN ('citext', 'hstore')});
    $self->{server} = {
        major => int($self->value('SHOW server_version_num') / 10000),
        icu => $self->value(q{SELECT count(*) > 0 FROM pg_collation WHERE collprovider = 'i'}) eq 't',
        lz4 => $self->value(q{SELECT enumvals @> '{lz4}' FROM pg_settings WHERE name = 'default_toast_compression'}) eq 't',
        extensions => \%has,
    };
    my @setup = (Equivalence::Types::setup(%{ $self->{server} }), Equivalence::Truth::setup(), <<'SQL');
CREATE ROLE eq_owner;
GRANT CREATE, USAGE ON SCHEMA eq TO eq_owner;
SET allow_in_place_tablespaces = on;
CREATE TABLESPACE eq_space LOCATION '';
GRANT CREATE ON TABLESPACE eq_space TO PUBLIC;
SQL
    $self->strictly(@setup);
    $self->{setup} = join "\n", @setup;
}

# Runs it all. The results are in used, probes, shapes, types, kinds (how often what came up), done (rounds) and failures.
sub run {
    my ($self) = @_;
    $self->prepare;
    my $begun = time;
    my $told = $begun;
    for (my $chain = $self->{first_chain}; ; $chain++) {
        last if $self->{chains} ? $chain >= $self->{first_chain} + $self->{chains} : $self->{done} >= $self->{rounds};
        $self->run_chain($chain);
        last if @{ $self->{failures} } >= $self->{most_failures};
        if ($self->{tell} && time - $told > 10) {
            $told = time;
            $self->{tell}->(sprintf '%d rounds, %d chains, %d failures, %.0f s', $self->{done}, $chain, scalar @{ $self->{failures} }, time - $begun);
        }
    }
    $self->{seconds} = time - $begun;
    my @left = eval { $self->strictly('CHECKPOINT', Equivalence::Truth::orphans()) };
    $self->fail(0, 0, 'files of no relation are left', $@ || @left) if $@ || @left;
    $self->{session}->close;
    return $self;
}

sub fail {
    my ($self, $chain, $round, @what) = @_;
    push @{ $self->{failures} }, "seed $self->{seed}, chain $chain, round $round: " . join("\n", @what);
}

sub run_chain {
    my ($self, $number) = @_;
    my $dice = Equivalence::Dice->new($self->{seed}, $number);
    my $view = Equivalence::View->new($dice, $self->{server});
    my $change = Equivalence::Change->new($view);
    $self->{$_}{ { shapes => $view->{shape} }->{$_} }++ for 'shapes';
    $self->{types}{ $_->{name} =~ /^c\d/ ? $_->{type} : $_->{name} }++ for @{ $view->{columns} };
    $self->{kinds}{ $_->{unique} ? 'unique' : $_->{am} }++ for @{ $view->{indexes} };
    $self->{session}->take_log;
    my $round = 0;
    my $rounds = $view->{size} eq 'large' ? $dice->between(3, 10) : $dice->pick((map { $dice->between(4, 30) } 1 .. 9), 120);
    eval {
        my @start = ($view->create_tables, $change->insert($dice->pick(0, 1, $view->rows / 2, $view->rows)));
        $self->strictly(@start, 'GRANT SELECT, UPDATE ON eq.b, eq.o TO eq_owner', $view->create_view);
        $self->strictly('PREPARE reader AS SELECT count(*) FROM eq.v');
        $self->strictly(q{SELECT eq.remember('eq.v')});
        for ($round = 1; $round <= $rounds && ($self->{chains} || $self->{done} < $self->{rounds}); $round++) {
            $self->one_round($view, $change);
            $self->{done}++;
            $self->check($view) if $dice->chance(25);
        }
        $self->check($view);
        $self->strictly('DEALLOCATE reader', "SELECT count(*) FROM mv_drop('eq.v', cascade => true)", 'DROP TABLE eq.b, eq.o');
        my @strays = $self->strictly(Equivalence::Truth::strays());
        die join("\n", 'relations of nobody are left', @strays), "\n" if @strays;
    };
    if (my $error = $@) {
        my $script = "$self->{folder}/equivalence_$self->{seed}_$number.sql";
        if (open my $file, '>:utf8', $script) {
            print $file "-- seed $self->{seed}, chain $number, fails in round $round:\n", map({ "--   $_\n" } split /\n/, $error), "CREATE EXTENSION IF NOT EXISTS mvmanager;\n", $self->{setup}, "\n",
              "SET extra_float_digits = 3;\n", $self->{session}->script;
            close $file;
        }
        $self->fail($number, $round, $error, "again: dev/equivalence --seed $self->{seed} --chain $number", "as SQL: $script");
        eval { $self->{session}->close };
        $self->connect;
        $self->{session}->run('ROLLBACK', "SELECT count(*) FROM mv_drop('eq.v', cascade => true)", 'DROP MATERIALIZED VIEW IF EXISTS eq.v CASCADE', 'DROP TABLE IF EXISTS eq.b, eq.o CASCADE');
    }
}

# --- one round ---------------------------------------------------------------------------------------------------------

# A predicate on the view's columns, and the scope in which the base table may change without a row crossing it.
sub draw_predicate {
    my ($view, $dice) = @_;
    my @groups = (
        [ 'grp = 3', [3] ], [ 'grp IN (1, 2)', [ 1, 2 ] ], [ 'grp >= 5', [ 5 .. 9 ] ], [ 'grp IS NULL', ['NULL'] ], [ 'eq.is_even(grp)', [ 0, 2, 4, 6, 8 ] ],
        [ 'grp % 3 = 1 OR grp = 0', [ 0, 1, 4, 7 ] ], [ 'grp BETWEEN 100 AND 200', [101] ], [ 'coalesce(grp, 0) >= 0', [ 0 .. 9, 'NULL' ] ],
    );
    my @ids = ('id < 40', 'id % 7 = 2', 'id = 5', 'id > 30 AND id <= 60');
    my @both = ('grp = 3 AND id % 2 = 0', 'grp > 2 OR id < 9');
    my @from = ($view->{by_group} ? @groups : (), $view->{by_id} ? map({ [$_] } @ids) : (), $view->{by_id} && $view->{by_group} ? map({ [$_] } @both) : ());
    my ($predicate, $groups) = @{ $dice->pick(@from) };
    return ($predicate, { where => $predicate, groups => $groups });
}

sub refresh_call {
    my ($strategy, $predicate) = @_;
    return "SELECT 'refreshed', strategy, rows_inserted, rows_updated, rows_deleted, rows_total, reason FROM mv_refresh('eq.v', '$strategy'" . ($predicate ? ", predicate => \$p\$$predicate\$p\$" : '') . ')';
}

sub draw_settings {
    my ($self, $dice) = @_;
    my @set;
    push @set, 'SET mvmanager.diff_memory = ' . $dice->pick(q{'64kB'}, q{'64kB'}, q{'1GB'}, 'DEFAULT', 'DEFAULT');
    push @set, q{SET work_mem = '} . $dice->pick('64kB', '4MB', '64MB') . q{'} if $dice->chance(20);
    push @set, 'SET enable_hashagg = ' . $dice->pick('on', 'off') if $dice->chance(10);
    push @set, q{SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0} if $dice->chance(3);
    push @set, q{RESET parallel_setup_cost; RESET parallel_tuple_cost; RESET min_parallel_table_scan_size} if $dice->chance(30);
    return @set;
}

sub one_round {
    my ($self, $view, $change) = @_;
    my $dice = $view->{dice};
    my @possible = grep { ($_ ne 'concurrently' || $view->{concurrently}) && ($_ ne 'partial' || $view->{by_group} || $view->{by_id}) } @{ $self->{strategies} };
    my $strategy = $dice->pick(@possible, grep { /diff|swap|auto/ } @possible);
    my $other = $dice->pick(grep { $_ ne 'partial' } @possible) // $strategy;
    my ($predicate, $scope);
    ($predicate, $scope) = draw_predicate($view, $dice) if $strategy eq 'partial';
    my @changes = $change->round_of($scope);
    push @changes, $change->refill($scope) if $dice->chance(8);
    my $refresh = refresh_call($strategy, $predicate);
    my $again = $predicate ? $refresh : refresh_call($other);
    my $compare = Equivalence::Truth::comparison('eq.v', $view->{query});
    my $mode = $dice->pick(('plain') x 28, 'block', 'block', 'function', 'rollback', 'savepoint', 'savepoint', 'twice', 'repeatable read', 'beside', 'worker');
    $mode = 'plain' if $mode eq 'worker' && !$self->{by_worker} || $mode eq 'rollback' && !$view->{populated};
    $self->{modes}{$mode}++;
    my @settings = $self->draw_settings($dice);
    my $before = $view->{populated} ? $compare : q{SELECT 'unknown'};
    my @do = (@settings, @changes, $before);
    if ($mode eq 'plain') { push @do, $refresh }
    elsif ($mode eq 'block') { @do = (@settings, 'BEGIN', @changes, $before, $refresh, $compare, 'COMMIT') }
    elsif ($mode eq 'repeatable read') { @do = (@settings, 'BEGIN ISOLATION LEVEL ' . $dice->pick('REPEATABLE READ', 'SERIALIZABLE'), @changes, $before, $refresh, 'COMMIT') }
    elsif ($mode eq 'function') { push @do, "DO \$do\$ BEGIN PERFORM mv_refresh('eq.v', '$strategy'" . ($predicate ? ", predicate => '$predicate'" : '') . '); END $do$', q{SELECT 'refreshed'} }
    elsif ($mode eq 'rollback') {
        @do = (@settings, q{SELECT 'image', eq.image('eq.v')}, 'BEGIN', @changes, $again, 'ROLLBACK', q{SELECT 'image', eq.image('eq.v')}, @changes, $before, $refresh);
    }
    elsif ($mode eq 'savepoint') { @do = (@settings, 'BEGIN', @changes, $before, 'SAVEPOINT a', $again, 'ROLLBACK TO a', $refresh, 'COMMIT') }
    elsif ($mode eq 'twice') { push @do, $refresh, $again }
    elsif ($mode eq 'beside') {
        # Written by another command of the same transaction, read by it as well.
        @do = (@settings, 'BEGIN', $before, $refresh, @changes, $before, $again, 'COMMIT');
    }
    elsif ($mode eq 'worker') {
        push @do, "SELECT mv_refresh_async('eq.v', '$strategy'" . ($predicate ? ", predicate => '$predicate'" : '') . ') AS run \gset', 'CALL mv_wait(run => :run)',
          q{SELECT 'refreshed', strategy, rows_inserted, rows_updated, rows_deleted, rows_total, message FROM mvmanager.run WHERE id = :run};
    }
    my @lines = $self->strictly(@do, $compare, 'EXECUTE reader', 'SELECT n FROM eq.dependent');
    $view->{populated} = 1;
    my ($rows, $dependent) = splice @lines, -2;

    my (@compared, @refreshed, @images);
    for my $line (@lines) {
        my ($what, @fields) = split /\|/, $line, -1;
        push @compared, [@fields] if $what eq 'differences';
        push @refreshed, [@fields] if $what eq 'refreshed';
        push @images, $fields[0] if $what eq 'image';
    }
    my $told = join "\n", "strategy $strategy, mode $mode" . ($predicate ? ", where $predicate" : ''), @lines;
    my ($missing, $extra, $in_view, $in_query, $other_bytes) = @{ $compared[-1] };
    die "the view differs from its query\n$told\n" if $missing || $extra || $in_view != $in_query || $other_bytes;
    die "a rollback left something behind\n$told\n" if @images && $images[0] ne $images[1];
    die "readers count $rows and $dependent rows of $in_view\n$told\n" if $rows != $in_view || $dependent != $in_view;
    my ($used, $inserted, $updated, $deleted, $total) = @{ $refreshed[-1] };
    $self->{used}{ !$used || $used eq $strategy ? $strategy : "$strategy as $used" }++;
    return if $mode =~ /function|savepoint|twice|beside/;
    if (($total // '') ne '' && $total != $in_view) { die "told of $total rows, the view has $in_view\n$told\n" }
    if (@compared > 1 && ($inserted // '') ne '' && ($updated // '') ne '' && ($deleted // '') ne '' && $used =~ /diff|partial|auto/) {
        my ($lacked, $excess, undef, undef, $bytes) = @{ $compared[0] };
        my ($came, $went) = ($inserted + $updated, $deleted + $updated);
        die "$lacked rows were missing and $excess too many, yet $inserted were inserted, $updated updated and $deleted deleted\n$told\n"
          if $came < $lacked || $went < $excess || (!$bytes && ($came != $lacked || $went != $excess));
    }
}

# The relation itself, now and then: amcheck, indexes against the heap, the catalog, maintenance of all sorts.
sub check {
    my ($self, $view) = @_;
    my $dice = $view->{dice};
    return unless $view->{populated};
    my $care = $dice->pick('', '', '', 'VACUUM eq.v', 'VACUUM (FREEZE, ANALYZE) eq.v', 'ANALYZE eq.v', 'REINDEX TABLE eq.v', 'VACUUM FULL eq.v', 'no data');
    if ($care eq 'no data') {
        $self->strictly('REFRESH MATERIALIZED VIEW eq.v WITH NO DATA');
        $view->{populated} = 0;
        return;
    }
    my @probes = grep { $_->{probe} } @{ $view->{indexes} };
    my @lines = $self->strictly($care || (), q{SELECT 'complaint', c FROM eq.complaints('eq.v') AS c}, q{SELECT 'changed', c FROM eq.changed('eq.v') AS c},
        map { "SELECT 'probe', '$_->{am}', p.* FROM eq.probe('eq.v', \$p\$$_->{probe}\$p\$) AS p" } @probes);
    for my $line (@lines) {
        my ($what, @fields) = split /\|/, $line, -1;
        die join("\n", @lines), "\n" if $what =~ /complaint|changed/;
        next unless $what eq 'probe';
        die "through an index other rows are found than without\n", join("\n", @lines), "\n" if $fields[2] ne 't';
        $self->{probes}{ $fields[0] }++ if $fields[1] eq 't';
    }
}

1;
