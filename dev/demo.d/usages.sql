-- Generated rows: what people and their programs did with a language model, a message each.
CREATE TABLE message_usages (
    id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    used_at   timestamptz NOT NULL,
    model     text NOT NULL,
    tokens    integer NOT NULL,
    credits   numeric NOT NULL
);
CREATE TABLE arriving (LIKE message_usages INCLUDING ALL);

SELECT setseed(0.5);
INSERT INTO arriving (used_at, model, tokens, credits)
SELECT timestamptz '2026-01-01 00:00+00' + i * interval '37 seconds', (ARRAY['small', 'medium', 'large'])[1 + floor(3 * random() ^ 2)],
       tokens, tokens * 0.0003
  FROM (SELECT i, (10 + 4000 * random() ^ 3)::integer AS tokens FROM generate_series(1, 231083) i) t;
INSERT INTO message_usages (used_at, model, tokens, credits)
SELECT used_at, model, tokens, credits FROM arriving WHERE id <= 200000;
DELETE FROM arriving WHERE id <= 200000;
VACUUM ANALYZE message_usages, arriving;
