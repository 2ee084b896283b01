-- mv_refresh(..., 'diff'): only what differs is written, by image, whatever indexes there are, in memory and through files.
CREATE SCHEMA diff;
SET search_path = diff, public;

-- What is in the view against what its query returns now, as images: missing from the view, too much in it, rows of each.
CREATE FUNCTION differences(view regclass) RETURNS TABLE (missing bigint, extra bigint, in_view bigint, in_query bigint)
LANGUAGE plpgsql SET extra_float_digits = 3 AS $$
BEGIN
    RETURN QUERY EXECUTE format($q$
        WITH v AS (SELECT view_row::text COLLATE "C" AS image FROM %s view_row),
             q AS (SELECT query_row::text COLLATE "C" AS image FROM (%s) query_row)
        SELECT (SELECT count(*) FROM (SELECT image FROM q EXCEPT ALL SELECT image FROM v) m),
               (SELECT count(*) FROM (SELECT image FROM v EXCEPT ALL SELECT image FROM q) e),
               (SELECT count(*) FROM v), (SELECT count(*) FROM q)$q$,
        view, rtrim(pg_get_viewdef(view), ';'));
END $$;

-- The refresh with next to no memory, undone, and then with plenty: the same counts, and both right.
CREATE TYPE outcome AS (inserted bigint, updated bigint, deleted bigint, total bigint, missing bigint, extra bigint);
CREATE FUNCTION refresh_with(view regclass, memory text) RETURNS outcome LANGUAGE plpgsql AS $$
DECLARE result outcome;
BEGIN
    PERFORM set_config('mvmanager.diff_memory', memory, true);
    SELECT rows_inserted, rows_updated, rows_deleted, rows_total FROM mv_refresh(view::text, 'diff')
      INTO result.inserted, result.updated, result.deleted, result.total;
    SELECT d.missing, d.extra FROM differences(view) d INTO result.missing, result.extra;
    RETURN result;
END $$;
CREATE FUNCTION refresh_twice(view regclass) RETURNS SETOF outcome LANGUAGE plpgsql AS $$
DECLARE small outcome; large outcome;
BEGIN
    BEGIN
        small := refresh_with(view, '64kB');
        RAISE EXCEPTION 'undone' USING ERRCODE = 'UE001';
    EXCEPTION WHEN SQLSTATE 'UE001' THEN NULL;
    END;
    large := refresh_with(view, '64MB');
    RETURN NEXT large;
    -- Which rows are paired depends on memory; what they amount to does not.
    IF (small.inserted + small.updated, small.deleted + small.updated, small.total, small.missing, small.extra)
       IS DISTINCT FROM (large.inserted + large.updated, large.deleted + large.updated, large.total, large.missing, large.extra) THEN
        RAISE WARNING 'with little memory: %', small;
    END IF;
END $$;

-- Images: every kind of value, each changed to one that is equal and not the same, or looks the same and is not.
CREATE TYPE pair AS (a int, b text);
CREATE DOMAIN positive AS numeric CHECK (value > 0);
CREATE COLLATION nobody_cares (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE TABLE item (id int, price numeric, weight float8, tags text[], note text COLLATE nobody_cares, doc json, doc2 jsonb, p pair,
                   cost positive, flag bool, small "char", n name, at timestamptz, during interval, net inet, id2 uuid, bits varbit);
INSERT INTO item SELECT g, g * 1.0, g / 3.0, ARRAY['a', NULL, g::text], 'Note ' || g, '{"b":1}', '{"b":1}', ROW(g, 'x')::pair, g, g % 2 = 0, 'c',
                        'n' || g, '2026-01-01'::timestamptz + g * '1 min'::interval, '24 hours', '10.0.0.0/8',
                        ('00000000-0000-0000-0000-' || lpad(g::text, 12, '0'))::uuid, B'101'
  FROM generate_series(1, 5000) g;
CREATE MATERIALIZED VIEW items AS SELECT * FROM item;
SELECT name, action FROM mv_adopt('items');
SELECT strategy, reason, rows_inserted, rows_updated, rows_deleted, rows_total FROM mv_refresh('items', 'diff');
UPDATE item SET price = 1.00 WHERE id = 1;
UPDATE item SET weight = '-0' WHERE id = 2;
UPDATE item SET weight = 'NaN' WHERE id = 3;
UPDATE item SET tags = ARRAY['a', '', '4'] WHERE id = 4;
UPDATE item SET note = 'NOTE 5' WHERE id = 5;
UPDATE item SET doc = '{"b": 1}' WHERE id = 6;
UPDATE item SET p = ROW(7, NULL) WHERE id = 7;
UPDATE item SET p = NULL WHERE id = 8;
UPDATE item SET cost = 9.0 WHERE id = 9;
UPDATE item SET during = '1 day' WHERE id = 10;
UPDATE item SET net = '10.0.0.0/9' WHERE id = 11;
UPDATE item SET bits = B'1010' WHERE id = 12;
UPDATE item SET small = NULL, n = NULL, flag = NULL WHERE id = 13;
SELECT * FROM refresh_twice('items');
UPDATE item SET weight = 0 WHERE id = 2;
UPDATE item SET price = NULL, doc = NULL, doc2 = NULL, p = ROW(NULL, NULL), at = NULL WHERE id % 7 = 0;
SELECT * FROM refresh_twice('items');

-- The comparison sees a single difference of images, which equality does not.
UPDATE item SET price = 16.00 WHERE id = 16;
SELECT * FROM differences('items');
SELECT * FROM refresh_twice('items');

-- Duplicates are counted: a multiset, not a set. Whole rows of NULLs too.
CREATE TABLE word (w text, n int);
INSERT INTO word SELECT 'w' || g % 3, g % 2 FROM generate_series(1, 6000) g;
CREATE MATERIALIZED VIEW words AS SELECT w, n FROM word;
SELECT action FROM mv_adopt('words');
DELETE FROM word WHERE ctid IN (SELECT ctid FROM word WHERE w = 'w0' LIMIT 10);
INSERT INTO word SELECT NULL, NULL FROM generate_series(1, 5000);
INSERT INTO word SELECT 'w1', 1 FROM generate_series(1, 7);
SELECT * FROM refresh_twice('words');
DELETE FROM word WHERE w IS NULL AND ctid IN (SELECT ctid FROM word WHERE w IS NULL LIMIT 4999);
SELECT * FROM refresh_twice('words');
-- No row at all, and back.
TRUNCATE word;
SELECT * FROM refresh_twice('words');
SELECT * FROM refresh_twice('words');
INSERT INTO word SELECT 'again', g FROM generate_series(1, 4000) g;
SELECT * FROM refresh_twice('words');

-- No column at all.
CREATE MATERIALIZED VIEW nothing AS SELECT FROM word;
SELECT action FROM mv_adopt('nothing');
DELETE FROM word WHERE n <= 10;
SELECT rows_inserted, rows_updated, rows_deleted, rows_total FROM mv_refresh('nothing', 'diff');
INSERT INTO word VALUES ('one', 1);
SELECT rows_inserted, rows_updated, rows_deleted, rows_total FROM mv_refresh('nothing', 'diff');

-- Values out of line and compressed: their content is compared, however they are stored.
CREATE TABLE page (id int, body text, raw text);
ALTER TABLE page ALTER body SET STORAGE EXTENDED, ALTER raw SET STORAGE EXTERNAL;
INSERT INTO page SELECT g, repeat('body ' || g, 2000), (SELECT string_agg(md5(g::text || i), '') FROM generate_series(1, 100) i)
  FROM generate_series(1, 200) g;
CREATE MATERIALIZED VIEW pages AS SELECT id, body, raw, upper(raw) AS shouted FROM page;
SELECT action FROM mv_adopt('pages');
SELECT * FROM refresh_twice('pages');
UPDATE page SET raw = overlay(raw PLACING '!' FROM 3000) WHERE id = 1;                -- same length
UPDATE page SET body = body || '.' WHERE id = 2;
UPDATE page SET raw = repeat('a', 3000), body = 'short' WHERE id = 3;
DELETE FROM page WHERE id = 4;
SELECT * FROM refresh_twice('pages');
ALTER TABLE page ALTER raw SET STORAGE PLAIN;                                         -- rows above 8 kB would not fit
UPDATE page SET raw = left(raw, 3000);
SELECT * FROM refresh_twice('pages');

-- Indexes of every kind. Where unique ones pair an old row with a new one it is an update.
CREATE TABLE player (id int, rank int, name text, score numeric, tags text[]);
INSERT INTO player SELECT g, g, 'p' || g, g * 1.5, ARRAY['t' || g % 5] FROM generate_series(1, 4000) g;
CREATE MATERIALIZED VIEW players AS SELECT * FROM player;
SELECT action FROM mv_adopt('players');
UPDATE player SET score = score + 1 WHERE id <= 5;
SELECT * FROM refresh_twice('players');                                               -- no unique index: nothing to pair by
CREATE UNIQUE INDEX players_id ON players (id) INCLUDE (score);
CREATE UNIQUE INDEX players_rank ON players (rank);
CREATE UNIQUE INDEX players_name ON players (lower(name)) WHERE score > 100;
CREATE INDEX players_tags ON players USING gin (tags);
CREATE INDEX players_brin ON players USING brin (score);
CREATE INDEX players_hash ON players USING hash (name);
UPDATE player SET tags = tags || 'new'::text WHERE id BETWEEN 100 AND 120;                  -- no unique index looks at these
SELECT * FROM refresh_twice('players');
UPDATE player SET score = score + 1 WHERE id <= 5;                                    -- one does, in its WHERE clause
SELECT * FROM refresh_twice('players');
UPDATE player SET name = upper(name) WHERE id = 200;                                  -- the same key of another image
SELECT * FROM refresh_twice('players');
UPDATE player a SET rank = b.rank FROM player b WHERE a.id IN (1, 2) AND b.id = 3 - a.id;           -- keys swapped
UPDATE player a SET id = CASE id WHEN 10 THEN 11 WHEN 11 THEN 12 ELSE 10 END WHERE id IN (10, 11, 12);
UPDATE player SET rank = rank - 1 WHERE id > 3000;                                    -- each takes its neighbour's key
DELETE FROM player WHERE id = 3000;
SELECT * FROM refresh_twice('players');
SET enable_seqscan = off;
SELECT id, rank, name FROM players WHERE rank = 1 OR id = 10 ORDER BY id;
SELECT count(*) FROM players WHERE tags @> ARRAY['new'];
SELECT id FROM players WHERE lower(name) = 'p200' AND score > 100;
RESET enable_seqscan;
-- NULL keys: any number of them, and unchanged ones are not written again.
UPDATE player SET id = NULL WHERE id <= 20;
SELECT * FROM refresh_twice('players');
SELECT * FROM refresh_twice('players');

-- Two rows of one key in the query: core's words and the user's index, and the view as before.
INSERT INTO player VALUES (100, 90100, 'twice', 1, NULL);
DO $$ BEGIN
    PERFORM mv_refresh('diff.players', 'diff');
EXCEPTION WHEN unique_violation THEN
    RAISE NOTICE '% %', sqlstate, sqlerrm;
END $$;
SELECT count(*), count(*) FILTER (WHERE id = 100) AS of_that_key FROM players;
DELETE FROM player WHERE rank = 90100;

-- Nothing to do: nothing is written, not a byte of WAL about the view, no row version, no file.
CREATE TEMP TABLE before AS
    SELECT ctid AS place, xmin AS version, id FROM players;
SELECT relfilenode AS file FROM pg_class WHERE oid = 'players'::regclass \gset
SELECT rows_inserted, rows_updated, rows_deleted, rows_total FROM mv_refresh('players', 'diff');
SELECT count(*) AS touched FROM players p FULL JOIN before b ON b.place = p.ctid AND b.version = p.xmin
 WHERE p.ctid IS NULL OR b.place IS NULL;
SELECT relfilenode = :file AS same_file FROM pg_class WHERE oid = 'players'::regclass;
SELECT wal_bytes < 8192 AS next_to_none FROM mvmanager.run ORDER BY id DESC LIMIT 1;

-- The server's counters are those of SQL: autovacuum sees what happened.
CREATE TABLE counted_source AS SELECT g AS id, g AS v, 'x' AS t FROM generate_series(1, 1000) g;
CREATE MATERIALIZED VIEW counted AS SELECT * FROM counted_source;
CREATE UNIQUE INDEX ON counted (id);
ALTER MATERIALIZED VIEW counted SET (autovacuum_enabled = off);
SELECT action FROM mv_adopt('counted');
SELECT pg_stat_force_next_flush();
SELECT n_tup_ins AS ins, n_tup_upd AS upd, n_tup_del AS del, n_live_tup AS live, n_dead_tup AS dead
  FROM pg_stat_user_tables WHERE relname = 'counted' \gset
UPDATE counted_source SET v = -v WHERE id <= 30;
DELETE FROM counted_source WHERE id > 990;
INSERT INTO counted_source SELECT g, g, 'y' FROM generate_series(2001, 2020) g;
SELECT rows_inserted, rows_updated, rows_deleted, rows_total FROM mv_refresh('counted', 'diff');
SELECT pg_stat_force_next_flush();
SELECT n_tup_ins - :ins AS ins, n_tup_upd - :upd AS upd, n_tup_del - :del AS del, n_live_tup - :live AS live,
       n_dead_tup - :dead AS dead, last_analyze IS NULL AS not_analyzed
  FROM pg_stat_user_tables WHERE relname = 'counted';
SELECT count(*) AS columns_known FROM pg_stats WHERE schemaname = 'diff' AND tablename = 'counted';
-- Enough changed for autovacuum's formula, and it is allowed: statistics are taken at once.
ALTER MATERIALIZED VIEW counted SET (autovacuum_enabled = on, autovacuum_analyze_threshold = 10, autovacuum_analyze_scale_factor = 0);
UPDATE counted_source SET v = 0 WHERE id <= 20;
SELECT rows_updated FROM mv_refresh('counted', 'diff');
SELECT count(*) AS columns_known FROM pg_stats WHERE schemaname = 'diff' AND tablename = 'counted';
SELECT n_distinct FROM pg_stats WHERE schemaname = 'diff' AND tablename = 'counted' AND attname = 't';

-- A query of this session that reads the view keeps it from being refreshed.
BEGIN;
DECLARE reader CURSOR FOR SELECT * FROM counted;
MOVE 1 FROM reader;
SELECT rows_total FROM mv_refresh('counted', 'diff');
ROLLBACK;
SELECT mv_refresh('counted', 'diff') FROM counted LIMIT 1;

-- Undone with the transaction or the savepoint.
BEGIN;
DELETE FROM counted_source WHERE id <= 100;
SAVEPOINT s;
SELECT rows_deleted FROM mv_refresh('counted', 'diff');
SELECT count(*) FROM counted;
ROLLBACK TO s;
SELECT count(*) FROM counted;
SELECT rows_deleted FROM mv_refresh('counted', 'diff');
INSERT INTO counted_source VALUES (5, 5, 'z');
SELECT rows_inserted FROM mv_refresh('counted', 'diff');
ROLLBACK;
SELECT * FROM differences('counted');
-- One snapshot for the transaction: its own changes are in it.
BEGIN ISOLATION LEVEL REPEATABLE READ;
DELETE FROM counted_source WHERE id <= 100;
SELECT rows_deleted FROM mv_refresh('counted', 'diff');
SELECT rows_deleted FROM mv_refresh('counted', 'diff');
SELECT * FROM differences('counted');
ROLLBACK;

SET client_min_messages = warning;
SET mvmanager.guard = off;
DROP SCHEMA diff CASCADE;
SELECT count(*) AS ended FROM mv_release();
