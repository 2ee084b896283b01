-- A tool's database, read by a superuser: the extension, and a table that belongs to the application's role, which is none. The
-- tools' models of the table (alembic/migrations/env.py, typeorm/source.js, drizzle/schema.ts) agree with it.
CREATE EXTENSION mvmanager;
CREATE TABLE message_usages (
    id          integer PRIMARY KEY,
    user_id     integer NOT NULL,
    tokens      integer NOT NULL,
    created_at  timestamptz NOT NULL
);
ALTER TABLE message_usages OWNER TO app;
INSERT INTO message_usages SELECT g, g % 7, g * 3, timestamptz '2026-01-01 00:00+00' + g * interval '37 minutes' FROM generate_series(1, 500) AS g;
GRANT CREATE ON SCHEMA public TO app;
-- From here on the worker builds what migrations ask for.
SELECT mv_resume();
