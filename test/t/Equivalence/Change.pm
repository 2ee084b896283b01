# Random changes to the base tables of a generated view, as SQL that gives the same rows wherever it runs.
package Equivalence::Change;

use strict;
use warnings;
use Equivalence::Types;

# A value for each row: which one follows from the row's id and two random numbers.
sub varied {
    my ($column, $dice, $id) = @_;
    my @values = map { Equivalence::Types::literal($column, $_) } @{ $column->{values} };
    my $count = @values + 1;
    my ($factor, $offset) = ($dice->between(1, 97), $dice->below(97));
    my $bare = Equivalence::Types::bare($column);
    return $values[ $offset % @values ] if $dice->chance(10);
    return "CASE ($id * $factor + $offset) % $count " . join(' ', map { "WHEN $_ THEN $values[$_]" } 0 .. $#values) . " ELSE NULL::$bare END";
}

# new(view): keeps the ids it has given out. A scope is undef (the whole table) or {where, groups}; without groups no row
# is added and no key changes.
sub new { my ($class, $view) = @_; return bless { view => $view, dice => $view->{dice}, next_id => 1 }, $class }

sub insert {
    my ($self, $count, $scope) = @_;
    my ($dice, $view) = @$self{qw(dice view)};
    return () if $count < 1 || ($scope && !$scope->{groups});
    my ($from, $to) = ($self->{next_id}, $self->{next_id} + $count - 1);
    $self->{next_id} = $to + 1;
    my @groups = $scope ? @{ $scope->{groups} } : (0 .. 9);
    my $group = 'CASE g % ' . (@groups + ($scope ? 0 : 1)) . ' ' . join(' ', map { "WHEN $_ THEN $groups[$_]" } 0 .. $#groups) . ' END';
    $group = $groups[0] if @groups == 1;
    my $k2 = 'CASE WHEN g % 11 = 5 THEN NULL ELSE g END';
    my $list = join ', ', 'g', $k2, 'round(g, (g % 5)::int)', "CASE WHEN g % 3 = 0 THEN 'K' ELSE 'k' END || g", $group, map { varied($_, $dice, 'g') } @{ $view->{columns} };
    return "INSERT INTO eq.b SELECT $list FROM generate_series($from, $to) g";
}

# A random part of the rows.
sub part {
    my ($self, $scope) = @_;
    my $dice = $self->{dice};
    my @conditions = $scope ? ("($scope->{where})") : ();
    push @conditions, $dice->pick('id % 2 = ' . $dice->below(2), 'id % 7 = ' . $dice->below(7), 'id % 31 = ' . $dice->below(31), 'id % 97 = ' . $dice->below(97),
        'id < ' . $dice->below($self->{next_id} + 1), 'k2 IS NULL', 'true');
    return join ' AND ', @conditions;
}

sub update_some {
    my ($self, $scope) = @_;
    my ($dice, $view) = @$self{qw(dice view)};
    my @columns = $dice->some($dice->pick(1, 1, 2, 3), @{ $view->{columns} });
    my @set = map { "$_->{name} = " . varied($_, $dice, 'id') } @columns;
    push @set, 'knum = round(knum, ' . $dice->below(6) . ')' if $dice->chance(20) || !@set;
    push @set, 'kci = ' . $dice->pick('upper', 'lower') . '(kci)' if $dice->chance(20);
    return 'UPDATE eq.b SET ' . join(', ', @set) . ' WHERE ' . $self->part($scope);
}

# Values become equal ones of another image.
sub turn_twins {
    my ($self, $scope) = @_;
    my ($dice, $view) = @$self{qw(dice view)};
    my @set = ('knum = round(knum, (id % 4 + ' . $dice->below(5) . ')::int)', 'kci = CASE WHEN kci = upper(kci) COLLATE "C" THEN lower(kci) ELSE upper(kci) END');
    for my $column (grep { $_->{twins} && @{ $_->{twins} } } @{ $view->{columns} }) {
        my ($one, $two) = $dice->shuffle(map { Equivalence::Types::literal($column, $_) } @{ $dice->pick(@{ $column->{twins} }) });
        push @set, "$column->{name} = CASE WHEN $column->{name}::text = $one\::text COLLATE \"C\" THEN $two ELSE $one END";
    }
    return 'UPDATE eq.b SET ' . join(', ', $dice->some($dice->between(1, 3), @set)) . ' WHERE ' . $self->part($scope);
}

sub swap_two {
    my ($self, $key) = @_;
    my $dice = $self->{dice};
    my ($a, $b) = map { $dice->between(1, $self->{next_id}) } 1 .. 2;
    return "UPDATE eq.b SET id = CASE id WHEN $a THEN $b ELSE $a END WHERE id IN ($a, $b) AND (SELECT count(*) FROM eq.b WHERE id IN ($a, $b)) = 2" if $key eq 'id';
    return "UPDATE eq.b AS x SET $key = y.$key FROM eq.b AS y WHERE (x.id = $a AND y.id = $b) OR (x.id = $b AND y.id = $a)";
}

# Every row of the scope takes the key of its neighbour.
sub rotate {
    my ($self, $key, $scope) = @_;
    my $where = $scope ? " WHERE $scope->{where}" : '';
    return "UPDATE eq.b AS x SET $key = y.next FROM (SELECT id, CASE WHEN lead(id) OVER w IS NULL THEN first_value($key) OVER w ELSE lead($key) OVER w END AS next FROM eq.b$where"
      . " WINDOW w AS (ORDER BY id)) AS y"
      . " WHERE x.id = y.id";
}

sub copy_rows {
    my ($self, $scope) = @_;
    # The ids double each time, and they are multiplied.
    return () if ($scope && !$scope->{groups}) || $self->{next_id} > 1_000_000;
    my $jump = $self->{next_id};
    my $list = join ', ', "id + $jump", "k2 + $jump", "knum + $jump", "'k' || (substr(kci, 2)::int + $jump)", 'grp', map { $_->{name} } @{ $self->{view}{columns} };
    my $part = $self->part($scope);
    $self->{next_id} *= 2;
    return "INSERT INTO eq.b SELECT $list FROM eq.b WHERE $part AND (SELECT count(*) FROM eq.b) < " . $self->{view}->rows;
}

sub change_other {
    my ($self) = @_;
    my $dice = $self->{dice};
    return $dice->pick(
        'INSERT INTO eq.o SELECT g, round(g, g % 3), repeat(\'o\', g * 100) FROM generate_series(0, 19, ' . $dice->between(1, 4) . ') g WHERE g NOT IN (SELECT id FROM eq.o)',
        'UPDATE eq.o SET n = round(n, ' . $dice->below(4) . ')',
        'UPDATE eq.o SET t = t || \'!\' WHERE id % 5 = ' . $dice->below(5),
        'DELETE FROM eq.o WHERE id % 3 = ' . $dice->below(3));
}

# The statements of one round.
sub round_of {
    my ($self, $scope) = @_;
    my ($dice, $view) = @$self{qw(dice view)};
    my $keys_move = !$scope || $scope->{groups};
    my @ops = (
        (sub { $self->update_some($scope) }) x 5,
        (sub { $self->turn_twins($scope) }) x 3,
        (sub { $self->insert($dice->between(1, 1 + int($view->rows / 5)), $scope) }) x 3,
        (sub { 'DELETE FROM eq.b WHERE ' . $self->part($scope) }) x 2,
        sub { $self->copy_rows($scope) },
        (sub { $keys_move && !$scope ? $self->swap_two($dice->pick('id', 'k2', 'knum')) : () }) x 2,
        sub { $keys_move ? $self->rotate($dice->pick('k2', 'knum', 'kci'), $scope) : () },
        sub {
            return () if $scope;
            $self->{next_id}++;
            return 'UPDATE eq.b SET id = id + 1';
        },
        sub { () },
        sub { $scope ? 'DELETE FROM eq.b WHERE ' . $scope->{where} : $dice->pick('TRUNCATE eq.b', 'DELETE FROM eq.b') },
        sub { 'DELETE FROM eq.b WHERE id % 20 <> 0 AND ' . ($scope ? "($scope->{where})" : 'true') },
        sub { $scope ? () : $self->change_other },
        sub {
            my @set = map { "$_->{name} = " . varied($_, $dice, 'id') } @{ $view->{columns} };
            return @set ? 'UPDATE eq.b SET ' . join(', ', @set) . ($scope ? " WHERE $scope->{where}" : '') : ();
        },
    );
    my @statements = map { $dice->pick(@ops)->() } 1 .. $dice->pick(1, 1, 1, 2, 3);
    # So much that a new heap is the cheaper way, which few changes at random are.
    push @statements, 'UPDATE eq.b SET knum = knum + 10000000, k2 = k2 + 10000000, id = id + 100' if !$scope && $view->{size} eq 'large' && $dice->chance(35) && ($self->{next_id} += 100);
    push @statements, $self->change_other if !$scope && $view->{shape} eq 'joined' && $dice->chance(30);
    return @statements;
}

# Few rows left after a TRUNCATE or a large DELETE make dull rounds.
sub refill { my ($self, $scope) = @_; return $self->insert($self->{dice}->between(int($self->{view}->rows / 3), $self->{view}->rows), $scope) }

1;
