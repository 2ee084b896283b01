# mv_plan where a worker runs: what takes its time is the worker's, a call is in nobody's way, and what is planned is what comes.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use MvManager;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_server('plan', preload => 'mvmanager');
$node->safe_psql('postgres', q{
    CREATE EXTENSION IF NOT EXISTS mvmanager;
    CREATE TABLE t AS SELECT i AS id, i % 7 AS n FROM generate_series(1, 100) i;
    SELECT mv_create('v', 'SELECT id FROM t', ARRAY['CREATE UNIQUE INDEX v_id ON v (id)'], build => 'now');
    SELECT mv_resume();
});
ok($node->poll_query_until('postgres', q{SELECT count(*) = 0 FROM mv_plan('v', 'SELECT id, n FROM t') WHERE hazard LIKE '%no worker%'}),
    'the worker would do it');

sub planned { return $node->safe_psql('postgres', "SELECT action, lock_mode, blocks_readers FROM mv_plan($_[0]) ORDER BY step") }

is(planned(q{'v', 'SELECT id, n FROM t'}), <<'P' =~ s/\n\z//r, 'a replacement: the lock that readers wait for is the last');
register||f
create|AccessExclusiveLock|f
fill|AccessShareLock|f
create index|ShareLock|f
analyze|ShareUpdateExclusiveLock|f
archive|AccessExclusiveLock|f
promote|AccessExclusiveLock|t
add column|AccessExclusiveLock|t
P
is(planned(q{'v', indexes => ARRAY['CREATE UNIQUE INDEX v_id ON v (id)', 'CREATE INDEX v_two ON v ((id / 2))']}),
    "register||f\ncreate index|ShareUpdateExclusiveLock|f", 'an index: no reader waits');
is($node->safe_psql('postgres', q{SELECT count(*) FROM mv_plan('v', 'SELECT id, n FROM t') WHERE hazard LIKE '%transaction block%'}),
    '0', 'no lock lasts to the end of a transaction block');

# A session that keeps its transaction open after it looked holds nothing that an ALTER TABLE or a promotion waits for.
my $looker = background($node, 'postgres');
$looker->query_safe(q{BEGIN; SELECT count(*) FROM mv_plan('v', 'SELECT id, n FROM t', ARRAY['CREATE INDEX ON v (n)'])});
is($node->psql('postgres', q{SET lock_timeout = '2s'; ALTER TABLE t ADD COLUMN last int; ALTER MATERIALIZED VIEW v SET (fillfactor = 90); CLUSTER v USING v_id}),
    0, 'who looked keeps nobody waiting');
$looker->query_safe('COMMIT');
$looker->quit;

my ($relation) = $node->safe_psql('postgres', q{SELECT object FROM mv_plan('v', 'SELECT id, n FROM t') WHERE action = 'archive'});
is($node->safe_psql('postgres', q{SELECT action FROM mv_apply('v', 'SELECT id, n FROM t')}), 'queued', 'the worker does it');
ok($node->poll_query_until('postgres', q{SELECT state = 'live' FROM mv_history('v') WHERE version = 2}), 'it is live');
is($node->safe_psql('postgres', "SELECT count(*) FROM $relation"), '100', 'the old rows are where the plan said');
is(planned(q{'v'}), "archive|AccessExclusiveLock|f\npromote|AccessExclusiveLock|t\nchange columns|AccessExclusiveLock|t",
    'the way back makes no rows');

done_testing();
