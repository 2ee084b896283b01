WITH batch AS (DELETE FROM arriving WHERE id <= (SELECT min(id) + :batch - 1 FROM arriving) RETURNING departed, distance, delay)
INSERT INTO flight (departed, distance, delay) SELECT * FROM batch;
