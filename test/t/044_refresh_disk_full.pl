# A refresh for which the disk is too small: the view keeps its rows, the space that was taken is free again, and with less to
# write the next refresh succeeds. The disk is a tmpfs that a user namespace of the server's own can mount without rights.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use MvManager;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Refreshing;
use Test::More;

my ($uid, $gid) = ($<, (split / /, $()[0]);
plan skip_all => 'no user namespace may be made here'
  if system("unshare --user --map-root-user --mount sh -c 'mount -t tmpfs -o size=1m tmpfs /mnt && exec unshare --user --map-user=$uid --map-group=$gid true' >/dev/null 2>&1") != 0;

my $node = new_server('disk_full', preload => 'mvmanager,mvmanager_test', conf => "autovacuum = off\nmax_wal_size = 1GB\n");
my $disk = $node->basedir . '/disk';
mkdir $disk or die "$disk: $!";
$node->stop;
system('unshare', '--user', '--map-root-user', '--mount', 'sh', '-c',
    "mount -t tmpfs -o size=12m,mode=700 tmpfs $disk && exec unshare --user --map-user=$uid --map-group=$gid " . $node->installed_command('pg_ctl') . ' -w -D ' . $node->data_dir . ' -l ' . $node->logfile . ' start >/dev/null') == 0
  or die 'no server in a namespace of its own';
$node->_update_pid(1);

prepare_truth($node);
$node->safe_psql('postgres', "CREATE TABLESPACE small LOCATION '$disk'");
$node->safe_psql('postgres', <<'SQL');
CREATE TABLE base (id int, pad text);
INSERT INTO base SELECT g, (SELECT string_agg(md5(g::text || n), '') FROM generate_series(1, 15) n) FROM generate_series(1, 4000) g;
CREATE MATERIALIZED VIEW v TABLESPACE small AS SELECT id, pad FROM base;
CREATE UNIQUE INDEX v_id ON v (id) TABLESPACE small;
SELECT mv_adopt('v');
SQL
$Refreshing::query = 'SELECT id, pad FROM base';
my $size = q{SELECT pg_tablespace_size('small')};

for my $strategy (sort keys %points) {
    my $arguments = call_of($strategy);
    $node->safe_psql('postgres', 'VACUUM FULL v');
    for my $who ('session', 'worker') {
        my $name = "$strategy by $who";
        $node->safe_psql('postgres', "INSERT INTO base SELECT g, (SELECT string_agg(md5(g::text || n), '') FROM generate_series(1, 15) n) FROM generate_series(10001, 30000) g");
        # The visibility map has its page before the disk is full: VACUUM must be able to work there.
        $node->safe_psql('postgres', $_) for 'VACUUM v', 'CHECKPOINT';
        my $rows = image($node);
        my $before = value($node, 'postgres', $size);
        if ($who eq 'session') {
            # The temporary files of core's own way must not be what fills the disk.
            my ($rc, $out, $err) = $node->psql('postgres', "\\set VERBOSITY verbose\nSELECT mv_refresh($arguments)");
            like($err, qr/ERROR:  53100: could not extend file/, "$name: the disk is full");
        } else {
            my $run = value($node, 'postgres', "SELECT mv_refresh_async($arguments)");
            ok_within($node, 'postgres', 60, "SELECT state = 'failed' AND sqlstate = '53100' FROM mvmanager.run WHERE id = $run", "$name: the disk is full");
        }
        is(image($node), $rows, "$name: the old rows are served");
        is(strays($node), '', "$name: no relation is left");
        is(orphans($node), '', "$name: no file is left");
        # Rows that were written into the view itself and never came to be are VACUUM's to take away.
        $node->safe_psql('postgres', 'VACUUM v') if $strategy =~ /diff|partial|auto|concurrently/;
        my $after = value($node, 'postgres', $size);
        cmp_ok($after, '<=', $before + ($strategy =~ /diff|partial|auto|concurrently/ ? 2_000_000 : 0), "$name: the space is back") or diag("$before before, $after after");
        $node->safe_psql('postgres', 'DELETE FROM base WHERE id > 10000; UPDATE base SET pad = pad || id WHERE id % 50 = 0');
        like(value($node, 'postgres', "SELECT strategy FROM mv_refresh($arguments)"), told_of($strategy), "$name: with less to write it succeeds");
        truth($node, "$name: and is true");
        is(complaints($node), '', "$name: and sound");
    }
}

# The same for what a comparison writes to temporary files.
{
    my $rows = image($node);
    my $before = value($node, 'postgres', $size);
    $node->safe_psql('postgres', "INSERT INTO base SELECT g, (SELECT string_agg(md5(g::text || n), '') FROM generate_series(1, 15) n) FROM generate_series(10001, 60000) g");
    my ($rc, $out, $err) = $node->psql('postgres', "\\set VERBOSITY verbose\nSET temp_tablespaces = 'small'; SET mvmanager.diff_memory = '64kB'; SELECT mv_refresh('v', 'diff')");
    like($err, qr/ERROR:  53100: /, 'temporary files: the disk is full');
    is(image($node), $rows, 'the old rows are served');
    is(value($node, 'postgres', q{SELECT count(*) FROM pg_ls_tmpdir((SELECT oid FROM pg_tablespace WHERE spcname = 'small'))}), '0', 'no temporary file is left');
    cmp_ok(value($node, 'postgres', $size), '<=', $before + 4096, 'the space is back, a folder excepted');
}
$node->stop;
my $log = slurp_file($node->logfile);
unlike($log, qr/was terminated by signal|PANIC:|TRAP:|terminate called/, 'no crash');
unlike($log, qr/resource was not closed|reference leak|refcount leak|temporary file leak|buffer refcount|still referenced/, 'nothing leaked');
done_testing();
