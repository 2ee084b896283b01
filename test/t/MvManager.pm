# What the tests with servers of their own share.
package MvManager;

use strict;
use warnings;
use Exporter 'import';
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time usleep);

our @EXPORT = qw(new_server managed value ok_within pids_of background hold release_point settle);

# A started server. Options: preload (default 'mvmanager'; '' for none), conf.
sub new_server {
    my ($name, %option) = @_;
    my $node = PostgreSQL::Test::Cluster->new($name);
    $node->init(%{ $option{init} // {} });
    my $preload = $option{preload} // 'mvmanager';
    $node->append_conf('postgresql.conf', <<"CONF");
shared_preload_libraries = '$preload'
max_worker_processes = 16
timezone = 'UTC'
restart_after_crash = on
log_line_prefix = '%m [%p] %b %d '
max_prepared_transactions = 5
CONF
    $node->append_conf('postgresql.conf', $option{conf}) if $option{conf};
    $node->start;
    $node->safe_psql('postgres', 'CREATE EXTENSION mvmanager; SET client_min_messages = error; CREATE EXTENSION IF NOT EXISTS mvmanager_test SCHEMA mvmanager_test')
      if $preload =~ /mvmanager_test/ && $node->safe_psql('postgres', 'CREATE SCHEMA mvmanager_test; SELECT 1');
    $node->safe_psql('postgres', 'CREATE EXTENSION IF NOT EXISTS mvmanager');
    return $node;
}

# A managed view over `query` in `database`.
sub managed {
    my ($node, $database, $name, $query) = @_;
    $node->safe_psql($database, "SELECT mv_create('$name', \$q\$$query\$q\$, build => 'now')");
}

sub value {
    my ($node, $database, $sql) = @_;
    return $node->safe_psql($database, $sql);
}

# The query gives true within so many seconds.
sub ok_within {
    my ($node, $database, $seconds, $sql, $name) = @_;
    my $deadline = time + $seconds;
    my $got = '';
    while (time < $deadline) {
        my ($rc, $out) = $node->psql($database, $sql, timeout => 20);
        $got = $out // '';
        return pass($name) if defined $rc && $rc == 0 && $got eq 't';
        usleep(50_000);
    }
    fail($name);
    diag("after $seconds seconds: $sql gives '$got'");
    my ($rc, $runs) = $node->psql($database, 'SELECT id, view_id, reason, state, pid, sqlstate, message, scheduled_for FROM mvmanager.run ORDER BY id DESC LIMIT 10');
    diag($runs // '');
    return 0;
}

# Process ids of mvmanager processes of that kind, in that database if one is named.
sub pids_of {
    my ($node, $kind, $database) = @_;
    my $where = $database ? "AND datname = '$database'" : '';
    return split /\n/, $node->safe_psql('postgres',
        "SELECT pid FROM pg_stat_activity WHERE backend_type = 'mvmanager $kind' $where ORDER BY pid");
}

# A session whose statements go on while the test does other things.
sub background {
    my ($node, $database) = @_;
    return $node->background_psql($database, on_error_stop => 0);
}

# Processes that come to the point wait there.
sub hold {
    my ($session, $point) = @_;
    $session->query_safe("SELECT mvmanager_test.hold('$point')");
}
sub release_point {
    my ($session, $point) = @_;
    $session->query_safe("SELECT mvmanager_test.release('$point')");
}

# No run is open.
sub settle {
    my ($node, $database) = @_;
    return $node->poll_query_until($database, "SELECT count(*) = 0 FROM mvmanager.run WHERE state IN ('queued', 'running')");
}

1;
