-- The tables and the targets, from sample.
\pset title 'What was measured'
SELECT 'PostgreSQL ' || current_setting('server_version') AS server, scale, rounds, rate AS "reads/s", hold AS "hold s", cores, load_before,
       current_setting('shared_buffers') AS shared_buffers, 'checksums, fsync on, autovacuum off, jit off, CHECKPOINT before each' AS more
  FROM setting;

CREATE TEMP TABLE median AS
SELECT what_case, method, rows, count(*) AS rounds, min(id) AS first,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY call_ms)::numeric AS call_ms, max(call_ms) AS worst_call_ms,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY ms)::numeric AS ms,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY worst_ms)::numeric AS reader_ms, max(worst_ms) AS worst_ms,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY p99_ms)::numeric AS p99_ms, max(slow) AS slow, sum(reads) AS reads, sum(errors) AS errors,
       max(builds) AS builds, max(skipped) AS skipped
  FROM sample GROUP BY 1, 2, 3;

SELECT EXISTS (SELECT FROM sample WHERE reads IS NOT NULL) AS read, EXISTS (SELECT FROM sample WHERE what_case IN ('call', 'rollback')) AS called,
       EXISTS (SELECT FROM sample WHERE what_case = 'queue') AS queued \gset
\if :read
\pset title 'Readers during a replacement. Medians; worst: of all rounds, slow: reads of more than 100 ms in the worst round. held: an open transaction had read the view'
SELECT what_case AS "case", method, to_char(rows, 'FM999,999,999') AS rows, rounds, round(call_ms, 1) AS "migration ms", round(ms) AS "served after ms",
       round(p99_ms, 1) AS "p99 read ms", round(reader_ms, 1) AS "slowest read ms", round(worst_ms, 1) AS worst, slow, reads, errors
  FROM median WHERE reads IS NOT NULL ORDER BY what_case DESC, array_position('{nothing,mvmanager,rename_swap,refresh,drop_create}', method);
\endif
\if :called
\pset title 'Calls, with their commit or up to it (call: in a transaction that was rolled back)'
SELECT what_case AS "case", method, to_char(rows, 'FM999,999,999') AS rows, rounds, round(call_ms, 2) AS "median ms", round(worst_call_ms, 2) AS "worst ms"
  FROM median WHERE what_case IN ('call', 'rollback') ORDER BY first;
\endif
\if :queued
\pset title 'Forty replacements of one view'
SELECT method AS "in transactions", to_char(rows, 'FM999,999,999') AS rows, round(call_ms) AS "calls ms", round(ms) AS "served after ms", builds, skipped FROM median WHERE what_case = 'queue';
\endif

CREATE TEMP TABLE target (place serial, what text, goal numeric, got numeric);
INSERT INTO target (what, goal, got) SELECT 'worst read during a replacement, ms', 50, worst_ms FROM median WHERE (what_case, method) = ('readers', 'mvmanager');
INSERT INTO target (what, goal, got) SELECT 'reads that failed', 0, errors FROM median WHERE (what_case, method) = ('readers', 'mvmanager');
INSERT INTO target (what, goal, got) SELECT 'worst read while a transaction holds the view, ms', 100, worst_ms FROM median WHERE (what_case, method) = ('held', 'mvmanager');
INSERT INTO target (what, goal, got) SELECT 'served later than the holder held it, s', 10, ms / 1000 - hold FROM median, setting WHERE (what_case, method) = ('held', 'mvmanager');
INSERT INTO target (what, goal, got) SELECT 'rollback of ' || to_char(rows, 'FM999,999,999') || ' rows, ms (median)', 50, call_ms FROM median WHERE what_case = 'rollback' ORDER BY rows;
INSERT INTO target (what, goal, got) SELECT 'call in a migration, ms (median): ' || method, 20, call_ms FROM median WHERE what_case = 'call' ORDER BY first;
INSERT INTO target (what, goal, got) SELECT 'migration with mv_replace under readers, ms (median)', 20, call_ms FROM median WHERE (what_case, method) = ('readers', 'mvmanager');
INSERT INTO target (what, goal, got) SELECT 'builds of forty replacements together', 1, builds FROM median WHERE (what_case, method) = ('queue', 'together');

\pset title 'Targets'
SELECT what AS target, 'at most ' || goal AS goal, round(got, 2) AS got, CASE WHEN got <= goal THEN 'met' ELSE 'MISSED' END AS result FROM target ORDER BY place;
