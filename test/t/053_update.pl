# ALTER EXTENSION UPDATE from the first version: the same objects as in a new installation, and everything goes on.
use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use MvManager;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

# Everything the extension has in the database, without OIDs.
my $objects = <<'SQL';
SET search_path = pg_catalog;
SELECT o.type || ' ' || o.identity || ' | ' || coalesce(obj_description(d.objid, d.classid::regclass::name), '')
       || CASE d.classid
          WHEN 'pg_proc'::regclass THEN
              (SELECT concat_ws(' ', p.prosrc, p.provolatile, p.proparallel, p.proretset, p.prorows, pg_get_function_result(p.oid), pg_get_function_arguments(p.oid), p.proacl)
                 FROM pg_proc p WHERE p.oid = d.objid)
          WHEN 'pg_class'::regclass THEN
              (SELECT concat_ws(' ', c.relkind, c.relacl,
                      (SELECT string_agg(concat_ws(' ', a.attnum, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity,
                                                   pg_get_expr(f.adbin, f.adrelid), col_description(a.attrelid, a.attnum)), E'\n' ORDER BY a.attnum)
                         FROM pg_attribute a LEFT JOIN pg_attrdef f ON f.adrelid = a.attrelid AND f.adnum = a.attnum
                        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
                      (SELECT string_agg(pg_get_indexdef(i.indexrelid), E'\n' ORDER BY i.indexrelid::regclass::text) FROM pg_index i WHERE i.indrelid = c.oid),
                      (SELECT string_agg(n.conname || pg_get_constraintdef(n.oid), E'\n' ORDER BY n.conname) FROM pg_constraint n WHERE n.conrelid = c.oid),
                      (SELECT string_agg(concat_ws(' ', t.tgenabled, pg_get_triggerdef(t.oid), obj_description(t.oid, 'pg_trigger')), E'\n' ORDER BY t.tgname) FROM pg_trigger t WHERE t.tgrelid = c.oid),
                      CASE WHEN c.relkind = 'v' THEN pg_get_viewdef(c.oid) END)
                 FROM pg_class c WHERE c.oid = d.objid)
          WHEN 'pg_event_trigger'::regclass THEN
              (SELECT concat_ws(' ', e.evtevent, e.evtenabled, e.evttags, e.evtfoid::regproc) FROM pg_event_trigger e WHERE e.oid = d.objid)
          ELSE '' END
  FROM pg_depend d CROSS JOIN LATERAL pg_identify_object(d.classid, d.objid, 0) o
 WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
   AND d.refobjid = (SELECT x.oid FROM pg_extension x WHERE x.extname = 'mvmanager')
 ORDER BY 1;
SQL

my $node = new_server('update');
$node->safe_psql('postgres', "CREATE DATABASE fresh; CREATE DATABASE old");
$node->safe_psql('fresh', 'CREATE EXTENSION mvmanager');
my $fresh = $node->safe_psql('fresh', $objects);
my @lines = split /\n/, $fresh;
cmp_ok(scalar @lines, '>', 100, 'an installation has objects to compare');

# What the first version would have written: the catalog of a database of today, in the columns of then.
my $setup = <<'SQL';
CREATE TABLE sale (day date, amount int);
INSERT INTO sale SELECT date '2026-01-01' + i % 30, i FROM generate_series(1, 300) i;
SQL
$node->safe_psql('fresh', $setup . <<'SQL');
SELECT mv_create('daily', 'SELECT day, sum(amount) AS total FROM sale GROUP BY day', '{CREATE UNIQUE INDEX daily_day ON daily (day)}',
                 label => 'first', build => 'now');
SELECT mv_schedule('daily', '0 3 1 1 *', 'Europe/Berlin');
SQL
my $history = $node->safe_psql('fresh', "SELECT version, label, hash, state FROM mv_history('daily')");
$node->safe_psql('old', $setup . <<'SQL');
CREATE EXTENSION mvmanager VERSION '0.1.0';
CREATE MATERIALIZED VIEW daily AS SELECT day, sum(amount) AS total FROM sale GROUP BY day;
CREATE UNIQUE INDEX daily_day ON daily (day);
SQL
my $folder = PostgreSQL::Test::Utils::tempdir();
for my $table (qw(view version version_state change schedule run)) {
    my $columns = $node->safe_psql('old', "SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute WHERE attrelid = 'mvmanager.$table'::regclass AND attnum > 0");
    $node->safe_psql('fresh', "COPY (SELECT $columns FROM mvmanager.$table) TO '$folder/$table'");
    $node->safe_psql('old', "COPY mvmanager.$table ($columns) FROM '$folder/$table'");
}
$node->safe_psql('old', "SELECT setval('mvmanager.' || s || '_id_seq', 100) FROM unnest('{view,change,run}'::text[]) s");

isnt($node->safe_psql('old', $objects), $fresh, 'the first version is another one');
my ($rc, $out, $err) = $node->psql('old', "SELECT mv_refresh('daily')");
like($err, qr/is of version 0\.1\.0 in this database, its library of .*Run ALTER EXTENSION mvmanager UPDATE/s,
    'its objects are not used with another library');
is($node->safe_psql('old', 'SELECT count(*) FROM daily'), '30', 'the view is there meanwhile');

$node->safe_psql('old', 'ALTER EXTENSION mvmanager UPDATE');
is($node->safe_psql('old', $objects), $fresh, 'updated, it has what an installation has');
is($node->safe_psql('old', "SELECT version, label, hash, state FROM mv_history('daily')"), $history, 'history is the same');
is($node->safe_psql('old', 'SELECT count(*) FROM mv_verify() WHERE NOT ok'), '0', 'and verifies');
is($node->safe_psql('old', <<'SQL'), "replaced|2\nrolled_back|1", 'versions are replaced and rolled back');
SELECT action, version FROM mv_replace('daily', 'SELECT day, sum(amount) AS total, count(*) AS sales FROM sale GROUP BY day', label => 'second', build => 'now');
SELECT action, version FROM mv_rollback('daily', undo_label => 'second');
SQL
$node->safe_psql('old', 'SELECT mv_resume()');
($rc, $out, $err) = $node->psql('old', 'DROP MATERIALIZED VIEW daily');
like($err, qr/cannot drop managed materialized view/, 'and guarded');
is($node->safe_psql('old', "SELECT schedule FROM mvmanager.schedules WHERE view = 'daily'"), '0 3 1 1 *', 'the schedule is there');
$node->safe_psql('old', 'DROP EXTENSION mvmanager');
is($node->safe_psql('old', 'SELECT count(*) FROM daily'), '30', 'and the view outlives the extension');

done_testing();
