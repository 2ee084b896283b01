# memory.pl POSTMASTER FILE: the most anonymous memory, in kB, of the backend whose process id appears in FILE, together with
# its parallel workers, from then until the backend is gone. Looks a hundred times a second.
use strict;
use warnings;
use Time::HiRes qw(sleep time);

my ($postmaster, $file) = @ARGV;

sub anonymous {
    my ($pid) = @_;
    open my $status, '<', "/proc/$pid/status" or return;
    while (<$status>) { return $1 if /^RssAnon:\s+(\d+)/ }
    return;
}
sub workers_of {
    my ($pid) = @_;
    open my $children, '<', "/proc/$postmaster/task/$postmaster/children" or return;
    my @all = split ' ', <$children> // '';
    my @workers;
    for my $child (@all) {
        open my $title, '<', "/proc/$child/cmdline" or next;
        push @workers, $child if (<$title> // '') =~ /parallel worker for PID $pid\b/;
    }
    return @workers;
}

my $deadline = time + 60;
sleep 0.01 until -s $file || time > $deadline;
open my $in, '<', $file or die "no process id in $file\n";
chomp(my $pid = <$in>);
my ($most, $turn, @workers) = (0, 0);
while (defined(my $sum = anonymous($pid))) {
    @workers = workers_of($pid) if $turn++ % 10 == 0;
    $sum += anonymous($_) // 0 for @workers;
    $most = $sum if $sum > $most;
    sleep 0.01;
}
print $most;
