# A hostile owner gains nothing from the worker, which is a superuser's process: what the view calls runs as its owner,
# restricted, and leaves nothing behind for the next view that the same process refreshes.
use strict;
use warnings;
use FindBin;
use lib $FindBin::RealBin;
use MvManager;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

# One worker, so that the hostile view and the honest one share a process.
my $node = new_server('worker_security', conf => "mvmanager.max_workers = 1\n");
$node->safe_psql('postgres', <<'SQL');
CREATE ROLE evil;
CREATE ROLE honest;
CREATE SCHEMA attack AUTHORIZATION evil;
GRANT CREATE ON SCHEMA public TO honest;
CREATE TABLE victim AS SELECT 1 AS id;
SET ROLE evil;
SET search_path = attack, public;
CREATE TABLE seen (place text, who name, attempt text, outcome text);
CREATE SEQUENCE escaped;
CREATE TABLE deferred_trap (place text);
CREATE FUNCTION spring() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM nextval('attack.escaped');
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER trap AFTER INSERT ON deferred_trap DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION spring();
CREATE FUNCTION try(place text) RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    attempt text;
BEGIN
    IF current_user <> 'evil' THEN
        PERFORM nextval('attack.escaped');
    END IF;
    IF EXISTS (SELECT FROM attack.seen s WHERE s.place = try.place) THEN
        RETURN true;
    END IF;
    PERFORM set_config('work_mem', '777kB', false), set_config('search_path', 'attack', false);
    FOREACH attempt IN ARRAY ARRAY['ALTER ROLE evil SUPERUSER', 'CREATE TEMP TABLE attack_temp (id int)', 'RESET ROLE', 'SET ROLE honest',
        'SET SESSION AUTHORIZATION DEFAULT', 'RESET SESSION AUTHORIZATION', 'DECLARE held CURSOR WITH HOLD FOR SELECT attack.try(''held'')',
        'INSERT INTO attack.deferred_trap VALUES (''x'')', 'DELETE FROM public.victim', 'UPDATE mvmanager.run SET state = ''lost''',
        'SELECT public.mv_refresh(''public.plain'')'] LOOP
        BEGIN
            EXECUTE attempt;
            INSERT INTO attack.seen VALUES (place, current_user, attempt, 'succeeded');
        EXCEPTION WHEN OTHERS THEN
            INSERT INTO attack.seen VALUES (place, current_user, attempt, sqlstate);
        END;
    END LOOP;
    RETURN true;
END $$;
CREATE FUNCTION quietly(place text, of int) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN attack.try(place); END $$;
CREATE DOMAIN checked AS int CHECK (attack.try('domain check'));
CREATE TABLE source AS SELECT 1 AS id, 1 AS b;
CREATE MATERIALIZED VIEW hostile AS SELECT s.id, s.id::checked AS checked, try('select list') AS listed, s.b FROM source s WHERE try('where');
CREATE UNIQUE INDEX hostile_id ON hostile (id);
CREATE INDEX hostile_expression ON hostile ((quietly('index expression', b)));
CREATE INDEX hostile_predicate ON hostile (b) WHERE quietly('index predicate', b);
RESET search_path;
SET ROLE honest;
CREATE MATERIALIZED VIEW plain AS SELECT current_user::text AS who, current_setting('work_mem') AS work_mem, current_setting('search_path') AS path,
    (SELECT count(*) FROM pg_catalog.pg_cursors) AS cursors, pg_backend_pid() AS pid;
RESET ROLE;
SELECT mv_adopt('attack.hostile'), mv_adopt('plain');
SELECT mv_refresh('plain', 'native');
CREATE TABLE normal AS SELECT work_mem, path FROM plain;
SQL

sub refresh_by_worker {
    my ($view, $strategy, $predicate) = @_;
    my $run = value($node, 'postgres', "SELECT mv_refresh_async('$view', '$strategy'" . ($predicate ? ", predicate => \$p\$$predicate\$p\$" : '') . ')');
    ok_within($node, 'postgres', 60, "SELECT state NOT IN ('queued', 'running') FROM mvmanager.run WHERE id = $run", "$view by $strategy ends");
    return value($node, 'postgres', "SELECT state || coalesce(' ' || message, '') FROM mvmanager.run WHERE id = $run");
}

for my $strategy ('native', 'concurrently', 'diff', 'swap', 'auto', 'partial') {
    my $predicate = $strategy eq 'partial' ? q{attack.quietly('predicate', b)} : undef;
    $node->safe_psql('postgres', 'TRUNCATE attack.seen; ALTER SEQUENCE attack.escaped RESTART; UPDATE attack.source SET b = b + 1');
    is(refresh_by_worker('attack.hostile', $strategy, $predicate), 'succeeded', "the hostile view is refreshed by $strategy");
    is(value($node, 'postgres', 'SELECT string_agg(DISTINCT place, \', \' ORDER BY place) FROM attack.seen'),
        'domain check, index expression, index predicate, ' . ($predicate ? 'predicate, ' : '') . 'select list, where', 'its code ran in every place');
    is(value($node, 'postgres', 'SELECT string_agg(DISTINCT who::text, \', \') FROM attack.seen'), 'evil', 'as its owner');
    is(value($node, 'postgres', 'SELECT string_agg(DISTINCT attempt || \': \' || outcome, \'; \') FROM attack.seen WHERE outcome <> \'42501\''), '', 'every attempt is refused');
    is(value($node, 'postgres', 'SELECT is_called FROM attack.escaped'), 'f', 'nothing ran as another, not at commit either');

    is(refresh_by_worker('plain', 'native'), 'succeeded', 'the next view is refreshed');
    is(value($node, 'postgres', 'SELECT p.who, p.work_mem = n.work_mem, p.path NOT LIKE \'%attack%\', p.cursors FROM plain p, normal n'), 'honest|t|t|0', 'as its owner, with nothing of the other left');
    is(value($node, 'postgres', 'SELECT count(*) FROM (SELECT DISTINCT pid FROM mvmanager.run WHERE reason = \'async\' ORDER BY pid) r'), '1', 'by the same process');
}
is(value($node, 'postgres', 'SELECT rolsuper FROM pg_roles WHERE rolname = \'evil\''), 'f', 'the owner is no superuser');
is(value($node, 'postgres', 'SELECT count(*) FROM victim'), '1', 'the victim has its rows');
is(value($node, 'postgres', 'SELECT count(*) FROM pg_class WHERE relname = \'attack_temp\''), '0', 'no temporary table is left');
$node->stop;
done_testing();
