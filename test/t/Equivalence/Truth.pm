# Whether a view has exactly the rows of its query, and whether what the server keeps about it is sound.
package Equivalence::Truth;

use strict;
use warnings;

# One line "differences|missing|extra|rows of the view|rows of the query|pairs that differ": the view and its query compared
# both ways by what each row prints and sends, and pair by pair, in image order, by the bytes of the values themselves.
sub comparison {
    my ($view, $query) = @_;
    return <<"SQL";
WITH v AS MATERIALIZED (SELECT mv__row AS r, mv__row::text COLLATE "C" AS t, pg_catalog.record_send(mv__row) AS s FROM $view AS mv__row),
     q AS MATERIALIZED (SELECT mv__row AS r, mv__row::text COLLATE "C" AS t, pg_catalog.record_send(mv__row) AS s FROM ($query) AS mv__row)
SELECT 'differences', (SELECT count(*) FROM (SELECT t, s FROM q EXCEPT ALL SELECT t, s FROM v) AS m), (SELECT count(*) FROM (SELECT t, s FROM v EXCEPT ALL SELECT t, s FROM q) AS e),
       (SELECT count(*) FROM v), (SELECT count(*) FROM q),
       (SELECT count(*) FROM (SELECT r, row_number() OVER (ORDER BY r USING OPERATOR(pg_catalog.*<)) AS n FROM v) AS a
          JOIN (SELECT r, row_number() OVER (ORDER BY r USING OPERATOR(pg_catalog.*<)) AS n FROM q) AS b USING (n) WHERE NOT a.r OPERATOR(pg_catalog.*=) b.r)
SQL
}

# What plain EXCEPT ALL would say, which takes equal for identical.
sub by_equality {
    my ($view, $query) = @_;
    return "SELECT 'by equality', (SELECT count(*) FROM (($query) EXCEPT ALL SELECT * FROM $view) AS m), (SELECT count(*) FROM (SELECT * FROM $view EXCEPT ALL ($query)) AS e)";
}

# The functions below, in schema eq. REQUIRES: amcheck and pg_visibility.
sub setup {
    return <<'SQL';
CREATE EXTENSION IF NOT EXISTS amcheck SCHEMA public;
CREATE EXTENSION IF NOT EXISTS pg_visibility SCHEMA public;

-- Every complaint of amcheck about the relation, its TOAST table and its B-tree indexes, and of the visibility map.
CREATE FUNCTION eq.complaints(relation regclass) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    toast regclass := (SELECT reltoastrelid FROM pg_class WHERE oid = relation AND reltoastrelid <> 0);
    index regclass;
BEGIN
    RETURN QUERY SELECT format('heap, block %s, item %s: %s', blkno, offnum, msg) FROM verify_heapam(relation, check_toast => true);
    RETURN QUERY SELECT 'not all visible: ' || t_ctid FROM pg_check_visible(relation) AS t_ctid;
    RETURN QUERY SELECT 'not all frozen: ' || t_ctid FROM pg_check_frozen(relation) AS t_ctid;
    IF toast IS NOT NULL THEN
        RETURN QUERY SELECT format('TOAST, block %s, item %s: %s', blkno, offnum, msg) FROM verify_heapam(toast) ;
    END IF;
    FOR index IN
        SELECT i.indexrelid::regclass FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am a ON a.oid = c.relam
         WHERE i.indrelid IN (relation, toast) AND a.amname = 'btree'
    LOOP
        BEGIN
            PERFORM bt_index_parent_check(index, heapallindexed => true, rootdescend => true);
        EXCEPTION WHEN OTHERS THEN
            RETURN NEXT format('%s: %s', index, sqlerrm);
        END;
    END LOOP;
    RETURN QUERY SELECT format('index %s is not valid', indexrelid::regclass) FROM pg_index WHERE indrelid = relation AND NOT (indisvalid AND indisready AND indislive);
END $$;

-- The rows that a condition finds through an index and by reading all: 'used' and 'same' where both are so.
CREATE FUNCTION eq.probe(relation text, condition text, OUT used boolean, OUT same boolean) LANGUAGE plpgsql AS $$
DECLARE
    query text := format('SELECT count(*) || '' '' || coalesce(md5(string_agg(ctid::text, '','' ORDER BY ctid)), '''') FROM %s WHERE %s', relation, condition);
    plan text;
    found text;
    truth text;
BEGIN
    PERFORM set_config('enable_seqscan', 'off', true);
    EXECUTE 'EXPLAIN (FORMAT JSON) ' || query INTO plan;
    EXECUTE query INTO found;
    PERFORM set_config('enable_seqscan', 'on', true), set_config('enable_indexscan', 'off', true), set_config('enable_bitmapscan', 'off', true),
        set_config('enable_indexonlyscan', 'off', true);
    EXECUTE query INTO truth;
    PERFORM set_config('enable_indexscan', 'on', true), set_config('enable_bitmapscan', 'on', true), set_config('enable_indexonlyscan', 'on', true);
    used := plan LIKE '%Index Name%';
    same := found = truth;
END $$;

-- What no refresh may change: everything about the view and its indexes but their files, sizes and freshness.
CREATE FUNCTION eq.properties(relation regclass) RETURNS SETOF text LANGUAGE sql AS $$
    WITH members AS (SELECT relation::oid AS oid UNION ALL SELECT indexrelid FROM pg_index WHERE indrelid = relation)
    SELECT line::text FROM (
        SELECT jsonb_build_array('class', to_jsonb(c) - '{relfilenode,relpages,reltuples,relallvisible,relallfrozen,relfrozenxid,relminmxid,reltoastrelid,relispopulated}'::text[])
          FROM pg_class c JOIN members USING (oid)
        UNION ALL SELECT jsonb_build_array('toast', t.reloptions, t.relnamespace, t.relname = 'pg_toast_' || c.oid) FROM pg_class c JOIN pg_class t ON t.oid = c.reltoastrelid WHERE c.oid = relation AND t.reloptions IS NOT NULL
        UNION ALL SELECT jsonb_build_array('index', to_jsonb(i) - '{indcheckxmin}'::text[]) FROM pg_index i WHERE indrelid = relation
        UNION ALL SELECT jsonb_build_array('attribute', to_jsonb(a) - '{attmissingval,attcacheoff}'::text[]) FROM pg_attribute a JOIN members ON a.attrelid = members.oid
        UNION ALL SELECT jsonb_build_array('needs', d.refclassid, d.refobjid, d.refobjsubid, d.deptype, d.objid, d.objsubid) FROM pg_depend d JOIN members ON d.objid = members.oid AND d.classid = 'pg_class'::regclass
        UNION ALL SELECT jsonb_build_array('serves', d.classid, d.objid, d.objsubid, d.deptype, d.refobjsubid) FROM pg_depend d JOIN members ON d.refobjid = members.oid AND d.refclassid = 'pg_class'::regclass
                    WHERE NOT EXISTS (SELECT FROM pg_class t WHERE t.oid = d.objid AND d.classid = 'pg_class'::regclass AND t.relkind = 't')
        UNION ALL SELECT jsonb_build_array('comment', d.objsubid, d.description) FROM pg_description d JOIN members ON d.objoid = members.oid AND d.classoid = 'pg_class'::regclass
        UNION ALL SELECT jsonb_build_array('rule', to_jsonb(r) - 'ev_action'::text) FROM pg_rewrite r WHERE ev_class = relation
    ) AS x (line)
$$;

-- Remembers the properties of a relation, and lists what has changed since.
CREATE TABLE eq.remembered (property text);
CREATE FUNCTION eq.remember(relation regclass) RETURNS bigint LANGUAGE sql AS $$
    DELETE FROM eq.remembered;
    INSERT INTO eq.remembered SELECT eq.properties(relation);
    SELECT count(*) FROM eq.remembered;
$$;
CREATE FUNCTION eq.changed(relation regclass) RETURNS SETOF text LANGUAGE sql AS $$
    (SELECT 'was: ' || property FROM eq.remembered EXCEPT ALL SELECT 'was: ' || p FROM eq.properties(relation) AS p)
    UNION ALL (SELECT 'is: ' || p FROM eq.properties(relation) AS p EXCEPT ALL SELECT 'is: ' || property FROM eq.remembered)
$$;

-- The rows as one number, to see whether anything changed.
CREATE FUNCTION eq.image(relation text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    image text;
BEGIN
    EXECUTE format('SELECT count(*) || '' '' || coalesce(md5(string_agg(md5(record_send(mv__row)), '''' ORDER BY md5(record_send(mv__row)))), '''') FROM %s AS mv__row', relation) INTO image;
    RETURN image;
END $$;
SQL
}

# Files of this database that belong to no relation, in all its tablespaces. REQUIRES: a CHECKPOINT before, which takes away what
# was dropped.
sub orphans {
    return <<'SQL';
WITH folder AS (
    SELECT 'base/' || d.oid AS path FROM pg_database d WHERE d.datname = current_database()
    UNION ALL SELECT format('pg_tblspc/%s/%s/%s', t.oid, version, d.oid) FROM pg_database d, pg_tablespace t, pg_ls_dir('pg_tblspc/' || t.oid) AS version
     WHERE d.datname = current_database() AND t.spcname NOT LIKE 'pg\_%' AND version LIKE 'PG\_%' AND d.oid::text IN (SELECT pg_ls_dir(format('pg_tblspc/%s/%s', t.oid, version)))
), file AS (SELECT path, pg_ls_dir(path) AS name FROM folder)
SELECT 'orphan', path, name FROM file
 WHERE (name ~ '^[0-9]+([._].*)?$' AND substring(name FROM '^[0-9]+')::oid NOT IN (SELECT pg_relation_filenode(oid) FROM pg_class WHERE pg_relation_filenode(oid) IS NOT NULL))
    OR name ~ '^t[0-9]+_'
SQL
}

# Relations that belong to nobody: what a refresh built and did not take away.
sub strays {
    return q{SELECT 'stray', c.oid, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relname ~ '^pg_temp_[0-9]' OR n.nspname = 'mvmanager_data' }
      . q{OR (n.nspname = 'pg_toast' AND c.relkind = 't' AND NOT EXISTS (SELECT FROM pg_class o WHERE o.reltoastrelid = c.oid))};
}

1;
