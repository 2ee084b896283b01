-- Datums become C++ values and come back the same.
SELECT * FROM mvmanager_test.echo();
SELECT * FROM mvmanager_test.echo(true, 2147483647, 9223372036854775807, 'text', '2024-02-29 12:34:56.789012+00',
    '1 day 02:03:04.000005', 'pg_class', '\x00ff00', '{"a": [1, null, "\u00e9"]}', '{a,NULLS,"",",","\""}') \gx
SELECT * FROM mvmanager_test.echo(false, -2147483648, -9223372036854775808, '', '4714-11-24 00:00:00+00 BC', '-106751991 days',
    'pg_type', '', 'null', '{}');
SELECT t = repeat('é', 100000) AS long_text, bytes = decode(repeat('00', 300000), 'hex') AS long_bytes,
       cardinality(a) = 10000 AS long_array, at
  FROM mvmanager_test.echo(t => repeat('é', 100000), bytes => decode(repeat('00', 300000), 'hex'),
                           a => array_fill('x'::text, ARRAY[10000]), at => 'infinity');
-- A null in an array is refused.
SELECT * FROM mvmanager_test.echo(a => ARRAY['a', NULL]);
-- Toasted values: compressed and out of line.
CREATE TABLE toasted (t text, a text[]);
INSERT INTO toasted SELECT repeat('compressible ', 10000), ARRAY(SELECT md5(i::text) FROM generate_series(1, 5000) i);
SELECT x.t = e.t AS text, x.a = e.a AS array FROM toasted x, mvmanager_test.echo(t => x.t, a => x.a) e;
DROP TABLE toasted;

-- Texts of other types, integers by their type, and no number taken for another.
SELECT mvmanager_test.as_text('a_name'::name), mvmanager_test.as_text('v'::varchar), mvmanager_test.as_text(12.50),
       mvmanager_test.as_text('pg_class'::regclass), mvmanager_test.as_text('{1,2}'::integer[]), mvmanager_test.as_text('c'::"char"),
       mvmanager_test.as_text('bp  '::character(4)), mvmanager_test.as_text(NULL::text);
SELECT mvmanager_test.as_bigint(-3::smallint), mvmanager_test.as_bigint(-3), mvmanager_test.as_bigint(-3::bigint),
       mvmanager_test.as_bigint('1 month 1 day 1 second'::interval), mvmanager_test.as_bigint('2000-01-01 00:00:01+00'::timestamptz),
       mvmanager_test.as_integer(-3::smallint), mvmanager_test.as_integer(-3);
SELECT mvmanager_test.as_bigint(3::numeric);
SELECT mvmanager_test.as_bigint(3::double precision);
SELECT mvmanager_test.as_integer(3::bigint);
SELECT mvmanager_test.as_bigint('178000000 years'::interval);
SELECT mvmanager_test.as_bigint(NULL::bigint);
SELECT mvmanager_test.names('{a,B,"c d"}'::name[]), mvmanager_test.names('{1,-2}'::integer[]), mvmanager_test.names('{}'::text[]),
       mvmanager_test.names('{{a,b},{c,d}}'::varchar[]);

-- Hostile identifiers and literals are quoted as the server quotes them, and split as the server splits them.
CREATE TABLE hostile (name text);
INSERT INTO hostile VALUES ('plain'), ('Upper'), ('select'), ('a.b'), ('a"b'), ('a''b'), ('a\b'), (E'new\nline'), ('; DROP TABLE x; --'),
    ('ünïcödé'), ('日本語'), (' '), ('$1'), ('%s {} %n'), (repeat('x', 63)), (repeat('é', 31));
SELECT count(*) AS names, count(*) FILTER (WHERE q.identifier = quote_ident(h.name)) AS identifiers,
       count(*) FILTER (WHERE q.literal = quote_literal(h.name)) AS literals,
       count(*) FILTER (WHERE q.qualified = format('%I.%I', h.name, h.name)) AS qualified,
       count(*) FILTER (WHERE p.schema_name = h.name AND p.name = h.name) AS parsed
  FROM hostile h, mvmanager_test.quote(h.name) q, mvmanager_test.parse_name(format('%I.%I', h.name, h.name)) p;
SELECT * FROM mvmanager_test.parse_name('  Daily . "Us age" ');
SELECT * FROM mvmanager_test.parse_name('just_a_name');
SELECT * FROM mvmanager_test.parse_name(format('%I.s.v', current_database()));
SELECT * FROM mvmanager_test.parse_name('elsewhere.s.v');
SELECT * FROM mvmanager_test.parse_name('a.b.c.d');
SELECT * FROM mvmanager_test.parse_name('');
SELECT * FROM mvmanager_test.parse_name('two names');
SELECT * FROM mvmanager_test.parse_name('"unclosed');
SELECT * FROM mvmanager_test.parse_name(NULL);
DROP TABLE hostile;

-- SHA-256 is the server's, around the block sizes and beyond.
SELECT count(*) AS texts, count(*) FILTER (WHERE mvmanager_test.sha256(b) = sha256(b)) AS equal
  FROM (SELECT convert_to(repeat('é€', n), 'UTF8') AS b FROM generate_series(0, 300) n
        UNION ALL SELECT decode(repeat('00', 1000000), 'hex')) t;
