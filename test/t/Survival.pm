# Everything that can hang on a materialized view, and the whole of what the catalogs say about it, by names: the same before and
# after whatever must not change it.
package Survival;

use strict;
use warnings;
use Exporter 'import';

our @EXPORT = qw(fixture functions snapshot_of differences);

# fixture(definition, options): schema sv as SQL, run by a superuser in a database where the extensions amcheck, pg_visibility and
# mvmanager_test are: "v" over the definition, and all the server lets hang on it, on its columns and on its indexes. Options:
#   remark         the name that the column "note" has
#   stored         0 leaves out a table with rows of the row type of "v", which keeps its columns from being taken away
#   row_types      0 leaves out that and everything else of its row type
#   more_indexes   statements
# REQUIRES: roles() and spaces() run before.
sub fixture {
    my ($definition, %option) = @_;
    my $note = $option{remark} // 'note';
    my $sql = <<"SQL";
SET client_min_messages = warning;
CREATE SCHEMA sv AUTHORIZATION sv_owner;
GRANT USAGE ON SCHEMA sv TO sv_reader, sv_other;
GRANT CREATE ON SCHEMA sv TO sv_other;
SET ROLE sv_owner;
SET search_path = pg_catalog;

CREATE TYPE sv.mood AS ENUM ('low', 'high');
CREATE TABLE sv.base (id int, grp int, amount numeric, note text, tags text[], mood sv.mood);
INSERT INTO sv.base SELECT g, g % 10, round(g, g % 3), CASE WHEN g % 50 = 0 THEN (SELECT string_agg(md5(g::text || n), '') FROM generate_series(1, 100) n) ELSE 'note ' || g END,
                           ARRAY['t' || g % 3, 'u'], CASE WHEN g % 2 = 0 THEN 'low'::sv.mood ELSE 'high' END
  FROM generate_series(1, 1000) g;

-- Of the relation itself: owner, tablespace, access method, options of heap and TOAST table.
CREATE MATERIALIZED VIEW sv.v USING heap WITH (fillfactor = 71, autovacuum_vacuum_scale_factor = 0.37, toast.autovacuum_vacuum_threshold = 777, parallel_workers = 1)
    TABLESPACE sv_space AS $definition;
COMMENT ON MATERIALIZED VIEW sv.v IS 'the view';
SQL
    $sql .= <<"SQL";
COMMENT ON COLUMN sv.v.$note IS 'its note';
COMMENT ON COLUMN sv.v.id IS 'its key';
GRANT SELECT ON sv.v TO sv_reader WITH GRANT OPTION;
GRANT TRUNCATE, REFERENCES ON sv.v TO sv_other;
GRANT SELECT (id, $note) ON sv.v TO sv_other;
GRANT SELECT (grp) ON sv.v TO sv_other WITH GRANT OPTION;
GRANT UPDATE (grp) ON sv.v TO PUBLIC;
SET ROLE sv_reader;
GRANT SELECT ON sv.v TO sv_third;
SET ROLE sv_owner;
ALTER MATERIALIZED VIEW sv.v ALTER COLUMN grp SET STATISTICS 321, ALTER COLUMN grp SET (n_distinct = -0.25), ALTER COLUMN id SET (n_distinct_inherited = 5);
ALTER MATERIALIZED VIEW sv.v ALTER COLUMN $note SET STORAGE EXTERNAL, ALTER COLUMN $note SET COMPRESSION pglz;
ALTER MATERIALIZED VIEW sv.v REPLICA IDENTITY FULL;

-- Indexes of every sort, with options, targets, comments and a tablespace of their own.
CREATE UNIQUE INDEX v_id ON sv.v (id) INCLUDE (grp) WITH (fillfactor = 63) TABLESPACE sv_space;
CREATE INDEX v_grp ON sv.v (grp DESC NULLS LAST) WHERE grp > 3;
CREATE INDEX v_lower ON sv.v (lower(left($note, 20)) text_pattern_ops, (id + grp));
CREATE INDEX v_hash ON sv.v USING hash ($note);
CREATE INDEX v_tags ON sv.v USING gin (tags) WITH (fastupdate = off);
CREATE INDEX v_brin ON sv.v USING brin (id) WITH (pages_per_range = 7);
CREATE INDEX v_collated ON sv.v ((left($note, 30)) COLLATE "POSIX");
CREATE UNIQUE INDEX v_nulls ON sv.v (id, grp) NULLS NOT DISTINCT;
ALTER INDEX sv.v_lower ALTER COLUMN 2 SET STATISTICS 222;
COMMENT ON INDEX sv.v_lower IS 'an index';
ALTER MATERIALIZED VIEW sv.v CLUSTER ON v_id;

-- Statistics objects.
CREATE STATISTICS sv.v_stats (ndistinct, dependencies, mcv) ON id, grp FROM sv.v;
ALTER STATISTICS sv.v_stats SET STATISTICS 99;
COMMENT ON STATISTICS sv.v_stats IS 'statistics';
CREATE STATISTICS sv.v_expression ON (id % 3) FROM sv.v;

-- Dependents: views, with what hangs on a facade, materialized views, functions, users of the row type.
CREATE VIEW sv.facade WITH (security_barrier) AS SELECT id, grp, $note FROM sv.v WHERE grp >= 0;
COMMENT ON VIEW sv.facade IS 'a facade';
COMMENT ON COLUMN sv.facade.id IS 'of the facade';
ALTER VIEW sv.facade ALTER COLUMN grp SET DEFAULT 5;
GRANT SELECT, INSERT ON sv.facade TO sv_reader;
GRANT SELECT (id) ON sv.facade TO sv_other;
CREATE FUNCTION sv.instead() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER facade_insert INSTEAD OF INSERT ON sv.facade FOR EACH ROW EXECUTE FUNCTION sv.instead();
COMMENT ON TRIGGER facade_insert ON sv.facade IS 'a trigger';
CREATE RULE facade_update AS ON UPDATE TO sv.facade DO INSTEAD NOTHING;
CREATE VIEW sv.over_facade AS SELECT grp, count(*) AS n FROM sv.facade GROUP BY grp;
ALTER VIEW sv.over_facade OWNER TO sv_other;
CREATE MATERIALIZED VIEW sv.summary WITH (fillfactor = 88) AS SELECT f.grp, count(*) AS n, max(f.$note) AS last FROM sv.facade f GROUP BY f.grp;
CREATE UNIQUE INDEX summary_grp ON sv.summary (grp);
COMMENT ON INDEX sv.summary_grp IS 'of the summary';
CREATE STATISTICS sv.summary_stats ON grp, n FROM sv.summary;
ALTER MATERIALIZED VIEW sv.summary ALTER COLUMN n SET STATISTICS 11;
GRANT SELECT ON sv.summary TO sv_reader;
COMMENT ON MATERIALIZED VIEW sv.summary IS 'a summary';
CREATE FUNCTION sv.standard(g int) RETURNS bigint LANGUAGE sql STABLE BEGIN ATOMIC SELECT count(*) FROM sv.v WHERE grp = g; END;
GRANT EXECUTE ON FUNCTION sv.standard TO sv_reader;
COMMENT ON FUNCTION sv.standard IS 'a function';
SQL
    $sql .= <<"SQL" if $option{row_types} // 1;
CREATE FUNCTION sv.of_row(r sv.v) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT (\$1).id';
CREATE FUNCTION sv.rows(g int) RETURNS SETOF sv.v LANGUAGE sql STABLE AS 'SELECT * FROM sv.v WHERE grp = \$1';
CREATE DOMAIN sv.row_domain AS sv.v CHECK ((VALUE).id IS NULL OR (VALUE).id > 0);
CREATE FUNCTION sv.to_json(r sv.v) RETURNS json LANGUAGE sql IMMUTABLE AS 'SELECT row_to_json(\$1)';
CREATE CAST (sv.v AS json) WITH FUNCTION sv.to_json(sv.v);
SQL
    $sql .= <<"SQL" if ($option{row_types} // 1) && ($option{stored} // 1);
CREATE TABLE sv.stored (n int, r sv.v, rs sv.v[]);
INSERT INTO sv.stored SELECT v.id, v, ARRAY[v] FROM sv.v WHERE id <= 3;
SQL
    $sql .= $option{more_indexes} // '';
    # Set last: a relation created from now on would get them.
    $sql .= <<'SQL';
ALTER DEFAULT PRIVILEGES FOR ROLE sv_owner IN SCHEMA sv GRANT INSERT, SELECT ON TABLES TO sv_default;
RESET ROLE;
ALTER MATERIALIZED VIEW sv.v DEPENDS ON EXTENSION pg_visibility;
ALTER INDEX sv.v_grp DEPENDS ON EXTENSION pg_visibility;
SECURITY LABEL FOR mvmanager_test ON MATERIALIZED VIEW sv.v IS 'label';
SECURITY LABEL FOR mvmanager_test ON COLUMN sv.v.grp IS 'label of a column';
SECURITY LABEL FOR mvmanager_test ON VIEW sv.facade IS 'label of a dependent';
ANALYZE sv.v, sv.summary;
RESET search_path;
SQL
    return $sql;
}

# Roles and the tablespace, once a server.
sub roles {
    return <<'SQL';
CREATE ROLE sv_owner; CREATE ROLE sv_reader; CREATE ROLE sv_other; CREATE ROLE sv_third; CREATE ROLE sv_default;
-- A member may take part of what it owns away and give it back.
GRANT sv_other TO sv_owner;
SET allow_in_place_tablespaces = on;
CREATE TABLESPACE sv_space LOCATION '';
GRANT CREATE ON TABLESPACE sv_space TO sv_owner;
SQL
}

# snapshot(): one line a fact about everything in schema sv and everything that refers to it. OIDs come in lines of their own, "oid of".
sub functions {
    return <<'SQL';
CREATE SCHEMA snap;
-- The options of a column without the server's own: attribute versions move when they must.
CREATE FUNCTION snap.options(o text[]) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT string_agg(x, ',' ORDER BY x) FROM unnest(o) AS x WHERE x NOT LIKE 'pg\_attver=%' $$;
CREATE FUNCTION snap.acl(a aclitem[]) RETURNS text LANGUAGE sql STABLE AS $$ SELECT string_agg(x::text, ',' ORDER BY x::text COLLATE "C") FROM unnest(a) AS x $$;

CREATE FUNCTION snap.facts() RETURNS TABLE (fact text) LANGUAGE sql STABLE SET search_path = pg_catalog AS $$
WITH class AS (SELECT c.*, c.oid::regclass::text AS name FROM pg_class c WHERE c.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = 'sv')),
toast AS (SELECT t.*, 'TOAST of ' || c.name AS name FROM class c JOIN pg_class t ON t.oid = c.reltoastrelid),
described AS (
    SELECT 'depend' AS what, classid, objid, objsubid, pg_describe_object(classid, objid, objsubid) AS object, deptype::text || ' ' || pg_describe_object(refclassid, refobjid, refobjsubid) AS detail FROM pg_depend
    UNION ALL SELECT 'shdepend', classid, objid, objsubid, pg_describe_object(classid, objid, objsubid), deptype::text || ' ' || pg_describe_object(refclassid, refobjid, 0)
      FROM pg_shdepend WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
    UNION ALL SELECT 'comment', classoid, objoid, objsubid, pg_describe_object(classoid, objoid, objsubid), description FROM pg_description WHERE objoid >= 16384
    UNION ALL SELECT 'label', classoid, objoid, objsubid, pg_describe_object(classoid, objoid, objsubid), provider || ' ' || label FROM pg_seclabel
    UNION ALL SELECT 'init privileges', classoid, objoid, objsubid, pg_describe_object(classoid, objoid, objsubid), initprivs::text FROM pg_init_privs WHERE objoid >= 16384
)
SELECT format('class %s %s %s', c.name, f.key, f.value) FROM (SELECT * FROM class UNION ALL SELECT * FROM toast) AS c,
       jsonb_each_text(to_jsonb(c) - '{oid,name,relname,relnamespace,reltype,reloftype,relowner,relam,relfilenode,reltablespace,relpages,reltuples,relallvisible,relallfrozen,reltoastrelid,relacl,reloptions,relfrozenxid,relminmxid,relrewrite}'::text[]
           || jsonb_build_object('owner', c.relowner::regrole, 'am', (SELECT amname FROM pg_am WHERE oid = c.relam), 'tablespace', (SELECT spcname FROM pg_tablespace WHERE oid = c.reltablespace),
                'toast', c.reltoastrelid <> 0, 'acl', snap.acl(c.relacl), 'options', snap.options(c.reloptions))) AS f
UNION ALL SELECT format('oid of %s %s %s', c.name, c.oid, coalesce(c.reltype, 0)) FROM class c
UNION ALL SELECT format('attribute %s %s %s %s', c.name, a.attname, f.key, f.value) FROM class c JOIN pg_attribute a ON a.attrelid = c.oid,
       jsonb_each_text(to_jsonb(a) - '{attrelid,attname,atttypid,attcacheoff,attcollation,attacl,attoptions,attfdwoptions,attmissingval}'::text[]
           || jsonb_build_object('type', format_type(a.atttypid, a.atttypmod), 'collation', a.attcollation::regcollation, 'acl', snap.acl(a.attacl), 'options', snap.options(a.attoptions))) AS f
 WHERE a.attnum > 0
UNION ALL SELECT format('index %s: %s', i.indexrelid::regclass, pg_get_indexdef(i.indexrelid)) FROM pg_index i JOIN class c ON c.oid = i.indrelid
UNION ALL SELECT format('index %s %s %s', i.indexrelid::regclass, f.key, f.value) FROM pg_index i JOIN class c ON c.oid = i.indrelid,
       jsonb_each_text(to_jsonb(i) - '{indexrelid,indrelid,indexprs,indpred,indcollation,indclass,indcheckxmin}'::text[]) AS f
UNION ALL SELECT format('%s %s: %s', what, object, detail) FROM described d
 WHERE (object LIKE '%sv.%' OR detail LIKE '%sv.%') AND object NOT LIKE '%mvmanager\_data%' AND object NOT LIKE '%pg\_toast\_%' AND detail NOT LIKE '%pg\_toast\_%'
UNION ALL SELECT format('view %s: %s', c.name, pg_get_viewdef(c.oid)) FROM class c WHERE relkind IN ('v', 'm')
UNION ALL SELECT format('rule %s on %s: %s %s %s', r.rulename, c.name, r.ev_type, r.ev_enabled, r.is_instead) FROM pg_rewrite r JOIN class c ON c.oid = r.ev_class
UNION ALL SELECT format('default of %s column %s: %s', c.name, d.adnum, pg_get_expr(d.adbin, d.adrelid)) FROM pg_attrdef d JOIN class c ON c.oid = d.adrelid
UNION ALL SELECT format('trigger %s %s', t.tgenabled, pg_get_triggerdef(t.oid)) FROM pg_trigger t JOIN class c ON c.oid = t.tgrelid
UNION ALL SELECT format('constraint %s %s %s', o.conname, o.conrelid::regclass, pg_get_constraintdef(o.oid)) FROM pg_constraint o WHERE o.connamespace = (SELECT oid FROM pg_namespace WHERE nspname = 'sv')
UNION ALL SELECT format('statistics %s: %s, target %s, owner %s', s.stxname, pg_get_statisticsobjdef(s.oid), to_jsonb(s) ->> 'stxstattarget', s.stxowner::regrole) FROM pg_statistic_ext s WHERE s.stxnamespace = (SELECT oid FROM pg_namespace WHERE nspname = 'sv')
UNION ALL SELECT format('statistics %s are there: %s', s.stxname, EXISTS (SELECT FROM pg_statistic_ext_data d WHERE d.stxoid = s.oid)) FROM pg_statistic_ext s WHERE s.stxnamespace = (SELECT oid FROM pg_namespace WHERE nspname = 'sv')
UNION ALL SELECT format('statistics of column %s of %s are there', a.attname, c.name) FROM pg_statistic s JOIN class c ON c.oid = s.starelid JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = s.staattnum WHERE c.name <> 'sv.base'
UNION ALL SELECT format('function %s %s %s: %s', p.oid::regprocedure, p.proowner::regrole, snap.acl(p.proacl), pg_get_functiondef(p.oid)) FROM pg_proc p WHERE p.pronamespace = (SELECT oid FROM pg_namespace WHERE nspname = 'sv')
UNION ALL SELECT format('type %s %s %s %s %s', t.oid::regtype, t.typtype, t.typowner::regrole, snap.acl(t.typacl), coalesce(t.typbasetype, 0)::regtype) FROM pg_type t WHERE t.typnamespace = (SELECT oid FROM pg_namespace WHERE nspname = 'sv')
UNION ALL SELECT format('cast %s to %s by %s %s', castsource::regtype, casttarget::regtype, castfunc::regprocedure, castcontext) FROM pg_cast WHERE castsource IN (SELECT oid FROM pg_type WHERE typnamespace = (SELECT oid FROM pg_namespace WHERE nspname = 'sv'))
UNION ALL SELECT format('default privileges of %s on %s: %s', defaclrole::regrole, defaclobjtype, snap.acl(defaclacl)) FROM pg_default_acl
UNION ALL SELECT format('inherits %s %s', inhrelid::regclass, inhparent::regclass) FROM pg_inherits i JOIN class c ON c.oid = i.inhrelid
UNION ALL SELECT format('published %s', prrelid::regclass) FROM pg_publication_rel
$$;
SQL
}

# The facts of a database as a list; multi-line texts are one line each.
sub snapshot_of {
    my ($node, $database) = @_;
    return [ split /\n/, $node->safe_psql($database, q{SELECT replace(fact, E'\n', ' ') FROM snap.facts() WHERE fact IS NOT NULL ORDER BY fact COLLATE "C"}) ];
}

# Lines "- was" and "+ is", with how often: a fact may come more than once.
sub differences {
    my ($before, $after) = @_;
    my %count;
    $count{$_}-- for @$before;
    $count{$_}++ for @$after;
    return map { ($count{$_} < 0 ? '- ' : '+ ') . $_ } sort grep { $count{$_} } keys %count;
}

1;
