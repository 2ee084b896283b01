WITH batch AS (DELETE FROM arriving WHERE id <= (SELECT min(id) + :batch - 1 FROM arriving) RETURNING used_at, model, tokens, credits)
INSERT INTO message_usages (used_at, model, tokens, credits) SELECT * FROM batch;
