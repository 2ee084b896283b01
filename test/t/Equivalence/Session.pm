# One psql that lives as long as the test, fed through a pipe: a statement costs what the server takes for it.
package Equivalence::Session;

use strict;
use warnings;
use IPC::Open3;

# new(psql => path, connection => [psql's options], timeout => seconds for one batch)
sub new {
    my ($class, %option) = @_;
    my $self = bless { timeout => $option{timeout} // 120, batch => 0, log => [] }, $class;
    $self->{pid} = open3(my $in, my $out, undef, $option{psql}, '-X', '-q', '-A', '-t', '-F', '|', '-v', 'VERBOSITY=verbose', '-v', 'ON_ERROR_STOP=0', @{ $option{connection} });
    @$self{qw(in out)} = ($in, $out);
    $in->autoflush(1);
    binmode $in, ':utf8';
    binmode $out, ':utf8';
    return $self;
}

# run(statements): the lines they print, errors and warnings among them. Dies if the server does not answer or is gone.
sub run {
    my ($self, @statements) = @_;
    $self->send(@statements);
    return $self->receive;
}

# The two halves of run: the test can do something else in between.
sub send {
    my ($self, @statements) = @_;
    push @{ $self->{log} }, @statements;
    local $SIG{PIPE} = 'IGNORE';
    print { $self->{in} } map({ ended($_) } @statements), '\\echo end of batch ', ++$self->{batch}, "\n" or die "psql is gone\n";
}
sub receive {
    my ($self) = @_;
    my @lines;
    my $mark = "end of batch $self->{batch}";
    eval {
        local $SIG{ALRM} = sub { die "no answer in $self->{timeout} seconds\n" };
        alarm $self->{timeout};
        while (1) {
            my $line = readline $self->{out};
            die "psql is gone\n" unless defined $line;
            chomp $line;
            last if $line eq $mark;
            push @lines, $line;
        }
    };
    my $error = $@;
    alarm 0;
    return @lines unless $error;
    splice @lines, 0, -10;
    die join("\n", $error, @lines);
}

# What was run since the last call, as a script.
sub take_log { my ($self) = @_; my @log = @{ $self->{log} }; $self->{log} = []; return @log }
sub script { my ($self) = @_; return join '', map { ended($_) } @{ $self->{log} } }

# A statement that psql sends as it is read: with a semicolon unless it has one or ends in a command of psql's own.
sub ended { my ($statement) = @_; return $statement =~ /;\s*$|\\\w+\s*$/ ? "$statement\n" : "$statement;\n" }

sub close {
    my ($self) = @_;
    return unless $self->{pid};
    local $SIG{PIPE} = 'IGNORE';
    print { $self->{in} } "\\q\n";
    CORE::close $self->{in};
    waitpid delete $self->{pid}, 0;
}

1;
