-- :rows rows of 25 columns; in each twentieth one text of 3 kB, which does not compress and is kept in the TOAST table.
CREATE TABLE wide_base (
    id bigint PRIMARY KEY, grp integer, d date, n1 numeric, n2 numeric, n3 numeric, n4 numeric, n5 numeric,
    t1 text, t2 text, t3 text, t4 text, t5 text, long text,
    s1 timestamptz, s2 timestamptz, s3 timestamptz, i1 integer, i2 integer, i3 bigint, i4 bigint,
    f1 double precision, f2 double precision, b1 boolean, b2 boolean
);
INSERT INTO wide_base
SELECT i, i % 1000, date '2026-01-01' + (i % 365)::integer, i * 1.01, nullif(i % 7, 0) * 2.5, i % 100000, i / 3.0, NULL,
       'name ' || i, md5(i::text), nullif('group ' || i % 50, 'group 7'), NULL, left(md5((i * 7)::text), (i % 20)::integer),
       CASE WHEN i % 20 = 3 THEN (SELECT string_agg(md5((i * 1000 + j)::text), '') FROM generate_series(1, 94) j) END,
       timestamptz '2026-01-01 00:00+00' + i * interval '1 second', NULL, timestamptz '2026-06-01 00:00+00' - i * interval '1 minute',
       i % 10, i % 100000, i * 17, nullif(i % 3, 0), i / 7.0, nullif(i % 11, 0) / 3.0, i % 2 = 0, nullif(i % 5, 0) = 1
  FROM generate_series(1, :rows) AS i;
VACUUM ANALYZE wide_base;
