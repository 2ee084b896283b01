-- Messages in the order of their time, 90 days of them, five a user and day. :users is how many users there are; a row of
-- the view per user and day.
CREATE TABLE message_usages (
    id       bigint PRIMARY KEY,
    day      integer NOT NULL,
    user_id  integer NOT NULL,
    tokens   integer NOT NULL,
    credits  numeric NOT NULL
);
-- Within a day every user comes once before any comes again, in an order that has nothing to do with their numbers:
-- 7919 is prime and larger than none of the numbers of users that are used here divides.
INSERT INTO message_usages
SELECT i, i / (5 * :users), ((i % (5 * :users)) * 7919) % :users, i % 4000, (i % 4000) * 0.0003
  FROM generate_series(0, 450 * :users - 1) AS i;
VACUUM ANALYZE message_usages;
