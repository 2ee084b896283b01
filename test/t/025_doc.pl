# The pages of doc/ do what they say: their SQL runs in order, each page in a database of its own with the worker at work,
# and prints what is shown under it.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use MvManager;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_server('doc');
my $doc = "$FindBin::RealBin/../../doc";

# The blocks of a page: [SQL, what it prints or undef, line].
sub blocks {
    my ($page) = @_;
    my @lines = split /\n/, slurp_file($page);
    my (@blocks, $kind, @text, $begun);
    for my $i (0 .. $#lines) {
        if (!defined $kind) {
            next unless $lines[$i] =~ /^```(\w*)$/;
            ($kind, $begun, @text) = ($1, $i + 2);
        } elsif ($lines[$i] eq '```') {
            push @blocks, [join("\n", @text), undef, $begun] if $kind eq 'sql';
            if ($kind eq 'text') {
                die "$page:$begun: a result without SQL above it" unless @blocks && !defined $blocks[-1][1];
                $blocks[-1][1] = join("\n", @text);
            }
            $kind = undef;
        } else {
            push @text, $lines[$i];
        }
    }
    die "$page: a block is not closed" if defined $kind;
    return @blocks;
}

# What psql prints, errors where they happen.
sub printed {
    my ($database, $sql) = @_;
    my $out = '';
    IPC::Run::run([ 'psql', '-X', '-q', '-d', $node->connstr($database) ], '<', \"$sql\n", '>', \$out, '2>&1');
    $out =~ s/[ \t]+$//mg;
    $out =~ s/\n+\z//;
    return $out;
}

# "..." stands for anything on its line.
sub pattern {
    my ($text) = @_;
    return join '[^\n]*', map { quotemeta } split /\.\.\./, $text, -1;
}

my @pages = sort glob "$doc/*.md";
cmp_ok(scalar @pages, '>', 10, 'there are pages');
my $index = slurp_file("$doc/README.md");
for my $page (@pages) {
    my ($name) = $page =~ m{([^/]+)\.md$};
    if ($name ne 'README') {
        like($index, qr/\(\Q$name.md\E\)/, "$name: is in the index");
    }
    (my $database = lc "doc_$name") =~ s/-/_/g;
    $node->safe_psql('postgres', "CREATE DATABASE $database");
    $node->safe_psql($database, 'CREATE EXTENSION mvmanager; SELECT mv_resume()') if $name ne 'README';
    my @blocks = blocks($page);
    cmp_ok(scalar @blocks, '>', 0, "$name: has SQL");
    for my $block (@blocks) {
        my ($sql, $wanted, $line) = @$block;
        my $out = printed($database, $sql);
        if (defined $wanted) {
            my $pattern = pattern($wanted);
            ok($out =~ /\A$pattern\z/, "$name: line $line prints what is shown") or diag("printed:\n$out\nshown:\n$wanted");
        } else {
            unlike($out, qr/^ERROR:/m, "$name: line $line runs");
        }
    }
    is(join(' ', $node->safe_psql($database, "SELECT count(*) FROM mvmanager.run WHERE state IN ('failed', 'crashed', 'lost')")), '0', "$name: no run failed");
    is($node->safe_psql($database, "SELECT * FROM mv_verify() WHERE NOT ok AND check_name IN ('guard', 'chain', 'missing', 'orphan', 'leftover')"), '', "$name: nothing is left behind");
    $node->safe_psql('postgres', "DROP DATABASE $database WITH (FORCE)");
}

# Links from page to page lead somewhere.
for my $page (@pages) {
    my $text = slurp_file($page);
    while ($text =~ /\]\(([a-z-]+\.md)\)/gi) {
        ok(-e "$doc/$1", "$page: $1 exists");
    }
}
$node->stop;
done_testing();
