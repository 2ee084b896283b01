-- :rows narrow rows.
CREATE TABLE large_base (id bigint PRIMARY KEY, grp integer NOT NULL, value integer NOT NULL);
INSERT INTO large_base SELECT i, i % 1000, i % 77777 FROM generate_series(1, :rows) AS i;
VACUUM ANALYZE large_base;
