-- The tables and the targets, from sample.
\pset title 'What was measured'
SELECT 'PostgreSQL ' || current_setting('server_version') AS server, scale, rounds, cores, load_before,
       current_setting('shared_buffers') AS shared_buffers, current_setting('work_mem') AS work_mem,
       current_setting('max_parallel_workers_per_gather') AS parallel_workers, current_setting('max_wal_size') AS max_wal_size,
       'checksums, fsync on, autovacuum off, jit off, CHECKPOINT before each' AS more
  FROM setting;

\pset title 'The views: plan of the query, fill order as the plan gives it at first'
SELECT what_case AS "case", settings, to_char(rows, 'FM999,999,999') AS rows, round(heap_mb) AS heap_mb, round(index_mb) AS index_mb, indexes, plan
  FROM plan;

CREATE TEMP VIEW ratio AS
SELECT s.*, c.ms / s.ms AS by_concurrently, n.ms / s.ms AS by_native, s.ms / q.ms AS of_query, s.ms / t.ms AS of_ctas
  FROM sample s
  LEFT JOIN sample c ON (c.what_case, c.rate, c.round, c.situation, c.method) = (s.what_case, s.rate, s.round, s.situation, 'concurrently')
  LEFT JOIN sample n ON (n.what_case, n.rate, n.round, n.situation, n.method) = (s.what_case, s.rate, s.round, s.situation, 'native')
  LEFT JOIN sample q ON (q.what_case, q.rate, q.round, q.situation, q.method) = (s.what_case, s.rate, s.round, s.situation, 'query')
  LEFT JOIN sample t ON (t.what_case, t.rate, t.round, t.situation, t.method) = (s.what_case, s.rate, s.round, s.situation, 'ctas');
CREATE TEMP TABLE median AS
SELECT what_case, rate, situation, method, min(id) AS first, count(*) AS rounds, count(error) AS errors,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY ms) AS ms,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY by_concurrently) AS by_concurrently,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY by_native) AS by_native,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY of_query) AS of_query,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY of_ctas) AS of_ctas,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY wal_bytes) / 1048576 AS wal_mb,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY reader_ms) AS reader_ms, max(reader_ms) AS worst_reader_ms,
       max(anon_kb) / 1024.0 AS anon_mb, mode() WITHIN GROUP (ORDER BY changed) AS changed,
       string_agg(DISTINCT strategy, '/') AS strategy
  FROM ratio GROUP BY 1, 2, 3, 4;

\pset title 'Medians. x: times as fast as REFRESH CONCURRENTLY and as REFRESH; of query, of ctas: its time by that of the bare query (query: EXPLAIN ANALYZE, rows discarded; ctas: CREATE TEMP TABLE AS)'
SELECT what_case AS "case", rate AS "% changed", method, round(ms::numeric) AS ms, round(by_concurrently::numeric, 2) AS "x conc.",
       round(by_native::numeric, 2) AS "x REFRESH", round(of_query::numeric, 2) AS "of query", round(of_ctas::numeric, 2) AS "of ctas",
       round(wal_mb::numeric, 1) AS "WAL MB", round(reader_ms::numeric, 1) AS "reader ms", round(worst_reader_ms, 1) AS worst, round(anon_mb) AS "anon MB",
       changed AS "rows changed", strategy AS "done by", nullif(errors, 0) AS failed
  FROM median
 WHERE situation = 'none'
 ORDER BY min(first) OVER (PARTITION BY what_case), rate, array_position('{query,ctas,native,concurrently,diff,swap,auto,partial}', method);

SELECT EXISTS (SELECT FROM median WHERE situation LIKE 'hammering%') AS hammered,
       EXISTS (SELECT FROM sample WHERE method = 'auto' AND reason IS NOT NULL) AS chosen,
       EXISTS (SELECT FROM sample WHERE error IS NOT NULL) AS failed \gset
\if :hammered
\pset title 'Four readers that never pause; from before the refresh an open transaction or pg_dump has the view for three seconds'
SELECT split_part(situation, ', ', 2) AS "held by", rate AS "% changed", method, round(ms::numeric) AS ms, round(reader_ms::numeric, 1) AS "reader ms",
       round(worst_reader_ms, 1) AS worst, strategy AS "done by", nullif(errors, 0) AS failed
  FROM median WHERE situation LIKE 'hammering%'
 ORDER BY min(first) OVER (PARTITION BY situation), rate, array_position('{query,native,concurrently,diff,swap,auto}', method);
\endif

\if :chosen
\pset title 'Why auto chose'
SELECT what_case AS "case", rate AS "% changed", situation, count(*), strategy, regexp_replace(reason, '[0-9][0-9,.]*', 'N', 'g') AS reason
  FROM sample WHERE method = 'auto' AND reason IS NOT NULL GROUP BY 1, 2, 3, 5, 6 ORDER BY min(id);
\endif

\if :failed
\pset title 'What failed'
SELECT DISTINCT what_case AS "case", method, situation, error FROM sample WHERE error IS NOT NULL;
\endif

CREATE TEMP TABLE target (place serial, what text, goal numeric, at_least boolean, got numeric, bound numeric);
-- bound: what the ratio would be for a refresh that took no longer than the query itself.
CREATE TEMP VIEW bounded AS
SELECT m.*, q.by_concurrently AS bound_concurrently, q.by_native AS bound_native
  FROM median m
  LEFT JOIN median q ON (q.what_case, q.rate, q.situation, q.method) = (m.what_case, m.rate, m.situation, 'query');
INSERT INTO target (what, goal, at_least, got, bound)
SELECT format('diff by CONCURRENTLY, %s, %s %%', what_case, rate),
       CASE WHEN what_case = 'sorted' OR rate = 100 THEN 2 WHEN rate >= 10 THEN 3 ELSE 4 END, true, by_concurrently, bound_concurrently
  FROM bounded WHERE method = 'diff' AND situation = 'none' AND what_case IN ('usages', 'wide', 'flights', 'distances', 'sorted') ORDER BY first;
INSERT INTO target (what, goal, at_least, got)
SELECT format('diff of the bare query''s time, %s, %s %%', what_case, rate), 1.3, false, of_query
  FROM median WHERE method = 'diff' AND situation = 'none' AND rate <= 1 AND what_case IN ('usages', 'wide', 'flights', 'distances', 'sorted') ORDER BY first;
INSERT INTO target (what, goal, at_least, got)
SELECT format('diff of the time of CREATE TEMP TABLE AS, %s, %s %%', what_case, rate), 1.3, false, of_ctas
  FROM median WHERE method = 'diff' AND situation = 'none' AND rate <= 1 AND what_case IN ('usages', 'wide', 'flights', 'distances', 'sorted') ORDER BY first;
INSERT INTO target (what, goal, at_least, got, bound)
SELECT format('diff by REFRESH, %s, %s %%', what_case, rate), 1, true, by_native, bound_native
  FROM bounded WHERE method = 'diff' AND situation = 'none' AND rate <= 1 AND what_case IN ('usages', 'wide', 'flights', 'distances', 'sorted') ORDER BY first;
INSERT INTO target (what, goal, at_least, got, bound)
SELECT format('auto by CONCURRENTLY, %s, %s %%', what_case, rate), 4, true, by_concurrently, bound_concurrently
  FROM bounded WHERE method = 'auto' AND situation = 'none' AND rate = 100 AND what_case IN ('usages', 'wide', 'flights', 'distances', 'sorted') ORDER BY first;
INSERT INTO target (what, goal, at_least, got)
SELECT format('auto of the best single strategy''s time, %s, %s %%', m.what_case, m.rate), 1.2, false, m.ms / b.ms
  FROM median m
  CROSS JOIN LATERAL (SELECT min(o.ms) AS ms FROM median o WHERE (o.what_case, o.rate, o.situation) = (m.what_case, m.rate, m.situation)
                         AND o.method IN ('diff', 'swap', 'native', 'concurrently')) b
 WHERE m.method = 'auto' AND m.situation = 'none' ORDER BY m.first;
INSERT INTO target (what, goal, at_least, got)
SELECT format('swap of REFRESH''s time, %s, %s %%', what_case, rate), 1.1, false, 1 / by_native
  FROM median WHERE method = 'swap' AND situation = 'none' ORDER BY first;
INSERT INTO target (what, goal, at_least, got)
SELECT format('swap of REFRESH''s WAL, %s, %s %%', s.what_case, s.rate), 1, false, s.wal_mb / nullif(n.wal_mb, 0)
  FROM median s JOIN median n ON (n.what_case, n.rate, n.situation, n.method) = (s.what_case, s.rate, s.situation, 'native')
 WHERE s.method = 'swap' AND s.situation = 'none' ORDER BY s.first;
INSERT INTO target (what, goal, at_least, got)
SELECT format('partial by CONCURRENTLY, 2 of 90 days'), 50, true, by_concurrently FROM median WHERE method = 'partial';
INSERT INTO target (what, goal, at_least, got)
SELECT format('%s by CONCURRENTLY with ten indexes, %s %%', method, rate), 1, true, by_concurrently
  FROM median WHERE what_case = 'indexed' AND method IN ('diff', 'auto') ORDER BY first;
INSERT INTO target (what, goal, at_least, got)
SELECT format('worst reader ms, %s, %s %%, %s', method, rate, situation), CASE situation WHEN 'hammering, none' THEN 50 ELSE 100 END, false, worst_reader_ms
  FROM median WHERE situation LIKE 'hammering%' AND method IN ('diff', 'swap', 'auto') ORDER BY first;
INSERT INTO target (what, goal, at_least, got)
SELECT format('anonymous MB of %s with diff_memory 64 MB', method), 64 + 50, false, anon_mb FROM median
 WHERE what_case = 'memory' AND method IN ('diff', 'auto') ORDER BY first;
INSERT INTO target (what, goal, at_least, got)
SELECT format('%s by CONCURRENTLY with diff_memory 64 MB', method), 1, true, by_concurrently FROM median
 WHERE what_case = 'memory' AND method IN ('diff', 'auto') ORDER BY first;

\pset title 'Targets. query alone: the ratio of a refresh that took no longer than its query'
SELECT what AS target, CASE WHEN at_least THEN 'at least ' ELSE 'at most ' END || goal AS goal, round(got, 2) AS got, round(bound, 1) AS "query alone",
       CASE WHEN CASE WHEN at_least THEN got >= goal ELSE got <= goal END THEN 'met'
            WHEN bound < goal THEN 'MISSED, as the query alone would' ELSE 'MISSED' END AS result
  FROM target WHERE got IS NOT NULL ORDER BY place;
