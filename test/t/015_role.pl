# Owners: one without LOGIN, one who lost a right, one who was dropped. Each concerns that view and no other.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use MvManager;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_server('role');
$node->safe_psql('postgres', <<'SQL');
CREATE ROLE nobody NOLOGIN;
CREATE ROLE leaver NOLOGIN;
GRANT CREATE ON SCHEMA public TO nobody, leaver;
CREATE TABLE facts AS SELECT 1 AS n;
GRANT SELECT ON facts TO nobody, leaver;
SQL
for my $role ('nobody', 'leaver') {
    $node->safe_psql('postgres', "SET ROLE $role; SELECT mv_create('v_$role', 'SELECT current_user::text AS who, n, clock_timestamp() AS at FROM facts', build => 'now'); SELECT mv_schedule('v_$role', '1 second')");
}
sub succeeds {
    my ($view, $name) = @_;
    my $last = value($node, 'postgres', 'SELECT max(id) FROM mvmanager.run');
    ok_within($node, 'postgres', 30, "SELECT count(*) > 0 FROM mvmanager.run r JOIN mvmanager.view v ON v.id = r.view_id WHERE r.id > $last AND v.view_name = '$view' AND r.state = 'succeeded'", $name);
}
succeeds('v_nobody', 'a view of a NOLOGIN owner is refreshed');
is(value($node, 'postgres', 'SELECT who FROM v_nobody'), 'nobody', 'its query runs as its owner');

my ($rc, $out, $err) = $node->psql('postgres', "SET ROLE leaver; SELECT mv_schedule('v_nobody', '2 seconds')");
like($err, qr/must be owner of materialized view v_nobody/, 'someone else cannot schedule it');
($rc, $out, $err) = $node->psql('postgres', 'SET ROLE leaver; SELECT mv_pause()');
like($err, qr/permission denied to pause or resume all schedules/, 'nor pause all of them');

$node->safe_psql('postgres', 'REVOKE SELECT ON facts FROM nobody');
$node->safe_psql('postgres', 'UPDATE facts SET n = 2');
ok_within($node, 'postgres', 30, "SELECT count(*) > 0 FROM mvmanager.run r JOIN mvmanager.view v ON v.id = r.view_id WHERE v.view_name = 'v_nobody' AND r.state = 'failed' AND r.sqlstate = '42501'", 'without the right the run fails with 42501');
is(value($node, 'postgres', 'SELECT n FROM v_nobody'), '1', 'the old rows stay');
succeeds('v_leaver', 'other views go on');
$node->safe_psql('postgres', 'GRANT SELECT ON facts TO nobody');
ok_within($node, 'postgres', 30, 'SELECT n = 2 FROM v_nobody', 'with it the view catches up');

$node->safe_psql('postgres', 'REASSIGN OWNED BY leaver TO nobody; DROP OWNED BY leaver; DROP ROLE leaver');
succeeds('v_leaver', 'the view goes on under its new owner');
is(value($node, 'postgres', 'SELECT who FROM v_leaver'), 'nobody', 'as its new owner');
succeeds('v_nobody', 'others are not concerned');

# One bad row stops itself and nothing else.
$node->safe_psql('postgres', "UPDATE mvmanager.schedule SET time_zone = 'Mars/Olympus' WHERE view_id = (SELECT id FROM mvmanager.view WHERE view_name = 'v_leaver')");
$node->safe_psql('postgres', "SELECT mv_refresh_async('v_nobody')");
ok_within($node, 'postgres', 70, "SELECT count(*) = 1 FROM mvmanager.schedule WHERE suspended = 'invalid' AND suspended_reason LIKE '%Mars/Olympus%'", 'a row that cannot be read is suspended with the reason');
succeeds('v_nobody', 'and the others go on');
$node->stop;
done_testing();
