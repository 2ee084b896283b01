-- :rows messages with words to search for.
CREATE TABLE message (id bigint PRIMARY KEY, author integer NOT NULL, sent timestamptz NOT NULL, title text NOT NULL, words text[] NOT NULL, points integer NOT NULL);
INSERT INTO message
SELECT i, (i * 7919) % 5000, timestamptz '2026-01-01 00:00+00' + i * interval '10 seconds', 'Message ' || md5(i::text),
       ARRAY['w' || i % 97, 'w' || i % 1009, 'w' || i % 5003], i % 1000
  FROM generate_series(1, :rows) AS i;
VACUUM ANALYZE message;
