# A run that is queued in the moment in which the coordinator, with nothing left to do, makes up its mind to leave is not
# overlooked: it runs at once, not with the next that somebody queues.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use MvManager;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_server('leaving', preload => 'mvmanager, mvmanager_test');
managed($node, 'postgres', 'v', 'SELECT 1 AS one');
my $holder = background($node, 'postgres');

hold($holder, 'coordinator-before-leave');
my $first = value($node, 'postgres', "SELECT mv_refresh_async('v')");
# It comes to the point once before the run, and again after it, as soon as nothing is open.
ok_within($node, 'postgres', 30, "SELECT mvmanager_test.await('coordinator-before-leave') > 0", 'the coordinator is about to leave');
my $second = value($node, 'postgres', "SELECT mv_refresh_async('v')");
release_point($holder, 'coordinator-before-leave');
ok_within($node, 'postgres', 20, "SELECT count(*) = 2 FROM mvmanager.run WHERE id IN ($first, $second) AND state = 'succeeded'",
    'what was queued meanwhile ran');
ok_within($node, 'postgres', 20, q{SELECT count(*) = 0 FROM pg_stat_activity WHERE backend_type = 'mvmanager coordinator'},
    'and then it leaves');
$holder->quit;
done_testing();
