-- 231,083 flights of the year 2001 in the United States: the file of the npm package vega-datasets (BSD-3).
-- :file is that file. The last 31,083 arrive while the demonstration runs.
CREATE TABLE flight (
    id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    departed  interval NOT NULL,  -- time of day
    distance  integer NOT NULL,   -- miles
    delay     integer NOT NULL    -- minutes, negative where it was early
);
CREATE TABLE arriving (LIKE flight INCLUDING ALL);

INSERT INTO arriving (departed, distance, delay)
SELECT make_interval(secs => round("time" * 3600)), distance, delay
  FROM json_to_recordset(pg_read_file(:'file')::json) AS f ("time" double precision, distance integer, delay integer);
INSERT INTO flight (departed, distance, delay) SELECT departed, distance, delay FROM arriving WHERE id <= 200000;
DELETE FROM arriving WHERE id <= 200000;
VACUUM ANALYZE flight, arriving;
