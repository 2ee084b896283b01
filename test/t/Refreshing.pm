# What the tests of single refreshes share: where each strategy can be held, a view to refresh, and what must be true of it.
package Refreshing;

use strict;
use warnings;
use Exporter 'import';
use FindBin;
use Equivalence::Session;
use Equivalence::Truth;
use MvManager;
use Test::More;

our @EXPORT = qw(%points call_of told_of points_in_source prepare_truth make_view truth image strays orphans complaints session);

# The wait points that a refresh by each strategy comes to, in order.
our %points;
my @first = ('refresh-before-lock', 'refresh-after-lock', 'refresh-before-execute');
my @last = ('refresh-after-execute', 'refresh-before-record');
my @scan = ('diff-before-scan', 'diff-after-scan', 'diff-streaming');
my @apply = ('diff-before-apply', 'diff-after-apply');
my @build = ('swap-before-create', 'swap-after-create', 'swap-filling', 'swap-before-index', 'swap-before-lock', 'swap-locked', 'swap-after-swap');
%points = (
    native => [ @first, @last ],
    concurrently => [ @first, @last ],
    diff => [ @first, @scan, @apply, @last ],
    partial => [ @first, @scan, @apply, @last ],
    swap => [ @first, @build, @last ],
    # Of a view of some size that has changed throughout: it compares, and then builds.
    auto => [ @first, @scan, @build, @last ],
);

# Every wait point of the code that refreshes: one that no test knows is one where nothing was tried.
sub points_in_source {
    my %found;
    for my $file (glob("$FindBin::RealBin/../../src/{refresh,pg}/*.cpp")) {
        open my $source, '<', $file or die "$file: $!";
        while (<$source>) { $found{$1} = 1 while /\bwait_point(?:_unsafe)?\("([^"]+)"\)/g }
    }
    return sort grep { /^(refresh|diff|swap|partial|auto)-/ } keys %found;
}

# The arguments of a refresh of "v", and what it may tell as its strategy: auto tells what it became.
sub call_of { my ($strategy) = @_; return "'v', '$strategy'" . ($strategy eq 'partial' ? ", predicate => 'id > 0'" : '') }
sub told_of { my ($strategy) = @_; return $strategy eq 'auto' ? qr/^(?:diff|swap)$/ : qr/^$strategy$/ }

# Schema eq with the functions that look at a view.
sub prepare_truth {
    my ($node, $database) = @_;
    $node->safe_psql($database // 'postgres', 'CREATE SCHEMA eq; ' . Equivalence::Truth::setup());
}

# A managed view "v" over table "base": a key, a group, numbers that are equal and look different, long texts out of line.
our $query = 'SELECT id, grp, amount, note FROM base';
sub make_view {
    my ($node, %option) = @_;
    my $rows = $option{rows} // 4500;
    my $space = $option{tablespace} ? " TABLESPACE $option{tablespace}" : '';
    $node->safe_psql('postgres', <<"SQL");
CREATE TABLE base (id int, grp int, amount numeric, note text);
INSERT INTO base SELECT g, g % 10, round(g, g % 3), CASE WHEN g % 50 = 0 THEN (SELECT string_agg(md5(g::text || n), '') FROM generate_series(1, 100) n) ELSE 'note ' || g END
  FROM generate_series(1, $rows) g;
CREATE MATERIALIZED VIEW v$space AS $query;
CREATE UNIQUE INDEX v_id ON v (id)$space;
CREATE INDEX v_grp ON v (grp)$space WHERE grp > 3;
CREATE INDEX v_note ON v USING hash (note)$space;
SELECT mv_adopt('v');
SQL
}

# "missing|extra|in the view|in the query|other bytes" must read "0|0|n|n|0".
sub truth {
    my ($node, $name) = @_;
    my $found = $node->safe_psql('postgres', 'SET extra_float_digits = 3; ' . Equivalence::Truth::comparison('v', $query));
    return like($found, qr/^differences\|0\|0\|(\d+)\|\1\|0$/, $name);
}
sub image { my ($node) = @_; return $node->safe_psql('postgres', q{SELECT eq.image('v')}) }
sub strays { my ($node) = @_; return $node->safe_psql('postgres', Equivalence::Truth::strays()) }
sub orphans { my ($node) = @_; return $node->safe_psql('postgres', 'CHECKPOINT; ' . Equivalence::Truth::orphans()) }
sub complaints { my ($node) = @_; return $node->safe_psql('postgres', q{SELECT c FROM eq.complaints('v') AS c}) }

# A session for one refresh after another, small enough in memory that a diff of the view spills.
sub session {
    my ($node) = @_;
    my $session = Equivalence::Session->new(psql => $node->installed_command('psql'), connection => [ '-h', $node->host, '-p', $node->port, '-d', 'postgres' ]);
    $session->run(q{SET mvmanager.diff_memory = '64kB'; SET client_min_messages = warning});
    return $session;
}

1;
