# Random numbers that follow from a seed alone, whatever else of the program asks for random numbers.
package Equivalence::Dice;

use strict;
use warnings;

sub new {
    my ($class, @seed) = @_;
    my $self = bless { state => 0 }, $class;
    for my $number (@seed) { $self->{state} ^= $number; $self->next for 1 .. 3 }
    return $self;
}

# 31 random bits; the low bits of a linear congruential generator are poor, so the high ones are taken.
sub next {
    my ($self) = @_;
    use integer;
    $self->{state} = $self->{state} * 6364136223846793005 + 1442695040888963407;
    return ($self->{state} >> 33) & 0x7fffffff;
}

# 0 .. n-1.
sub below { my ($self, $n) = @_; return $n > 0 ? $self->next % $n : 0 }
sub between { my ($self, $low, $high) = @_; return $low + $self->below($high - $low + 1) }
sub chance { my ($self, $percent) = @_; return $self->below(100) < $percent }
sub pick { my ($self, @from) = @_; return $from[ $self->below(scalar @from) ] }

sub shuffle {
    my ($self, @list) = @_;
    for my $i (reverse 1 .. $#list) { my $j = $self->below($i + 1); @list[ $i, $j ] = @list[ $j, $i ] }
    return @list;
}
sub some { my ($self, $count, @from) = @_; @from = $self->shuffle(@from); return @from[ 0 .. ($count < @from ? $count : @from) - 1 ] }

1;
