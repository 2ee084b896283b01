# Who holds MAINTAIN on a view may refresh it, by every strategy, and comes to nothing that is the owner's by it: not through the
# predicate of a partial refresh, in a session or handed to the worker.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use MvManager;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Refreshing;
use Test::More;

my $node = new_server('maintain', init => { extra => [ '--encoding=UTF8', '--locale=C' ] });
my ($major) = $node->pg_version =~ /^(\d+)/;
if ($major < 17) {
    $node->stop;
    plan skip_all => 'there is no privilege MAINTAIN before 17';
}
prepare_truth($node);
$node->safe_psql('postgres', <<'SQL');
CREATE ROLE owner_of_v LOGIN;
CREATE ROLE keeper LOGIN;
CREATE SCHEMA evil AUTHORIZATION keeper;
GRANT USAGE ON SCHEMA evil TO PUBLIC;
GRANT CREATE ON SCHEMA public TO owner_of_v;
SET ROLE owner_of_v;
CREATE TYPE mood AS ENUM ('sad', 'happy');
CREATE TABLE base (id int, day date, at timestamptz, feeling mood, note text);
INSERT INTO base SELECT g, date '2020-01-01' + g, timestamptz '2020-01-01 00:00+00' + g * interval '1 day', CASE WHEN g % 2 = 0 THEN 'sad'::mood ELSE 'happy' END, 'n' || g FROM generate_series(1, 100) g;
CREATE TABLE secret AS SELECT 'the password' AS word;
CREATE MATERIALIZED VIEW v AS SELECT * FROM base;
CREATE UNIQUE INDEX v_id ON v (id);
GRANT MAINTAIN, SELECT ON v TO keeper;
RESET ROLE;
SELECT mv_adopt('v');
SET ROLE keeper;
CREATE TABLE evil.seen (who name, place text);
GRANT INSERT ON evil.seen TO PUBLIC;
CREATE SEQUENCE evil.ran;
GRANT USAGE ON SEQUENCE evil.ran TO PUBLIC;
-- Sequences do not roll back: whoever ran this, and however it ended, shows.
CREATE FUNCTION evil.note(place text) RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    IF current_user <> 'keeper' THEN PERFORM nextval('evil.ran'); END IF;
    RETURN true;
END $$;
CREATE FUNCTION evil.quiet(n int) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN evil.note('function'); END $$;
CREATE FUNCTION evil.compare(a int, b int) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN evil.note('operator'); END $$;
CREATE OPERATOR evil.=== (LEFTARG = int, RIGHTARG = int, FUNCTION = evil.compare);
CREATE DOMAIN evil.dom AS int CHECK (evil.note('domain'));
CREATE TYPE evil.comp AS (n evil.dom);
CREATE DOMAIN evil.over AS evil.comp;
CREATE FUNCTION evil.takes(c evil.comp) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true';
CREATE FUNCTION evil.takes_both(n int, c evil.comp) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true';
CREATE OPERATOR evil.~~~ (LEFTARG = int, RIGHTARG = evil.comp, FUNCTION = evil.takes_both);
RESET ROLE;
SQL

my $owner_ran = 'SELECT is_called FROM evil.ran';
# As the owner they do run: they are worth refusing.
$node->safe_psql('postgres', q{SET ROLE owner_of_v; SELECT mv_refresh('v', 'partial', 'id > 0 AND evil.quiet(id)')});
is(value($node, 'postgres', $owner_ran), 't', 'chosen by the owner, a function in a predicate runs as the owner');

my @harmful = (
    'id > 0 AND evil.quiet(id)', 'id > 0 AND evil.quiet(1)', 'id OPERATOR(evil.===) 1', 'id > 0 AND 1 OPERATOR(evil.===) 1', 'id::evil.dom > 0', 'id > 0 AND 1::evil.dom > 0',
    q{id > 0 AND '1'::evil.dom > 0}, q{id > 0 AND '(5)'::evil.comp IS NOT NULL}, q{id > 0 AND '{(5)}'::evil.comp[] IS NOT NULL}, q{id > 0 AND CAST('(5)' AS evil.comp) IS NOT NULL},
    q{id > 0 AND ROW(5)::evil.comp IS NOT NULL}, q{id > 0 AND '(5)'::evil.over IS NOT NULL}, q{id > 0 AND evil.over('(5)') IS NOT NULL}, q{id > 0 AND evil.dom('5') > 0},
    q{id > 0 AND evil.takes('(5)')}, q{id OPERATOR(evil.~~~) '(5)'}, q{id > 0 AND COALESCE(NULL, '(5)'::evil.comp) IS NOT NULL}, q{id > 0 AND ARRAY['(5)'::evil.comp] IS NOT NULL},
    q{id > 0 AND (SELECT evil.note('subquery'))}, q{id = ANY (SELECT 1 WHERE evil.note('any'))}, q{id OPERATOR(evil.===) ANY (ARRAY[1])},
    # The server's own, but telling.
    q{id > 0 AND table_to_xml('public.secret'::regclass, true, false, '')::text LIKE '%password%'}, q{id > 0 AND schema_to_xml('public', true, false, '')::text LIKE '%password%'},
    q{id > 0 AND query_to_xml('SELECT * FROM public.secret', true, false, '')::text LIKE '%password%'}, q{id > 0 AND pg_sleep(0) IS NOT NULL}, q{id > 0 AND current_setting('is_superuser') = 'on'},
    q{id > 0 AND has_table_privilege('public.secret', 'SELECT')}, q{note::int > 0}, q{1 / (id - 50) > 0}, q{length(note) > 2}, q{feeling = 'sad'},
);
my $session = session($node);
$session->run('SET ROLE keeper');
for my $predicate (@harmful) {
    $node->safe_psql('postgres', 'ALTER SEQUENCE evil.ran RESTART');
    for my $call ("SELECT mv_refresh('v', 'partial', \$p\$$predicate\$p\$)", "SELECT mv_refresh_async('v', 'partial', \$p\$$predicate\$p\$)") {
        my $said = join ' ', $session->run($call);
        like($said, qr/ERROR:  (42501|0A000|42P17|42883|42846|42804|42601)/, "refused: $predicate") or diag($said);
    }
    is(value($node, 'postgres', $owner_ran), 'f', 'and nothing ran as the owner');
}
my @fine = ('id > 5', q{day >= current_date - 2}, q{at >= now() - interval '2 days'}, q{at >= date_trunc('month', now())}, q{id IN (1, 2, 3) OR day < '2020-02-01'}, q{day BETWEEN '2020-01-05' AND '2020-01-09'});
for my $predicate (@fine) {
    is(join(' ', $session->run("SELECT strategy FROM mv_refresh('v', 'partial', \$p\$$predicate\$p\$)")), 'partial', "fine: $predicate");
    my ($run) = $session->run("SELECT mv_refresh_async('v', 'partial', \$p\$$predicate\$p\$)");
    ok_within($node, 'postgres', 30, "SELECT state = 'succeeded' FROM mvmanager.run WHERE id = $run", 'by the worker too');
}
for my $strategy ('diff', 'swap', 'auto', 'native', 'concurrently') {
    $node->safe_psql('postgres', 'UPDATE base SET note = note || 1');
    like(join(' ', $session->run("SELECT strategy FROM mv_refresh('v', '$strategy')")), told_of($strategy), "$strategy: refreshed by who is not the owner");
    my ($run) = $session->run("SELECT mv_refresh_async('v', '$strategy')");
    ok_within($node, 'postgres', 30, "SELECT state = 'succeeded' FROM mvmanager.run WHERE id = $run", "$strategy: by the worker too");
}
$node->safe_psql('postgres', 'REVOKE MAINTAIN ON v FROM keeper');
like(join(' ', $session->run("SELECT mv_refresh('v', 'diff')")), qr/ERROR:  42501/, 'without it the call is refused');
is(value($node, 'postgres', q{SELECT relowner::regrole FROM pg_class WHERE oid = 'v'::regclass}), 'owner_of_v', 'the owner stays');
$session->close;
$node->stop;
unlike(slurp_file($node->logfile), qr/was terminated by signal|PANIC:|TRAP:|terminate called/, 'no crash');
done_testing();
