-- A text kept out of line is written again only where it changed.
SET client_min_messages = warning;
CREATE TABLE document (id int, seen int, body text);
INSERT INTO document SELECT i, 0, (SELECT string_agg(md5(i || ' ' || j), '') FROM generate_series(1, 200) j) FROM generate_series(1, 4) i;
SELECT action FROM mv_create('shelf', 'SELECT id, seen, body, nullif(body, body) AS nothing FROM document',
                             ARRAY['CREATE UNIQUE INDEX ON shelf (id)', 'CREATE INDEX ON shelf (left(body, 20))'], build => 'now');
-- The numbers under which the texts are stored.
CREATE FUNCTION stored(view regclass) RETURNS SETOF oid LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY EXECUTE format('SELECT DISTINCT chunk_id FROM %s', (SELECT reltoastrelid::regclass FROM pg_class WHERE oid = view));
END $$;
CREATE TABLE before AS SELECT stored('shelf');

UPDATE document SET seen = seen + 1;
SELECT strategy, rows_inserted, rows_updated, rows_deleted FROM mv_refresh('shelf', 'diff');
SELECT count(*) FILTER (WHERE chunk IN (TABLE before)) AS kept, count(*) AS stored FROM stored('shelf') AS chunk;

-- One changed in its last byte, one cut short, one gone: these three are written or not stored at all.
UPDATE document SET seen = seen + 1, body = CASE id WHEN 1 THEN left(body, -1) || '+' WHEN 2 THEN 'short' WHEN 3 THEN NULL ELSE body END;
SELECT strategy, rows_inserted, rows_updated, rows_deleted FROM mv_refresh('shelf', 'diff');
VACUUM shelf;
SELECT count(*) FILTER (WHERE chunk IN (TABLE before)) AS kept, count(*) AS stored FROM stored('shelf') AS chunk;
SELECT id, seen, length(body), md5(body) = (SELECT md5(d.body) FROM document d WHERE d.id = s.id) AS same FROM shelf s ORDER BY id;
SET enable_seqscan = off;
SELECT s.id FROM document d JOIN shelf s ON left(s.body, 20) = left(d.body, 20) WHERE d.id = 4;
SELECT action FROM mv_drop('shelf');
DROP TABLE document, before;
DROP FUNCTION stored(regclass);
