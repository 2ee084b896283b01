-- 231,083 flights of the year 2001 in the United States: the file of the npm package vega-datasets (BSD-3), :file.
CREATE TABLE flight (
    id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    departed  interval NOT NULL,  -- time of day
    distance  integer NOT NULL,   -- miles
    delay     integer NOT NULL    -- minutes, negative where it was early
);
INSERT INTO flight (departed, distance, delay)
SELECT make_interval(secs => round("time" * 3600)), distance, delay
  FROM json_to_recordset(pg_read_file(:'file')::json) AS f ("time" double precision, distance integer, delay integer);
VACUUM ANALYZE flight;
