-- What the mv_* functions return. Every mutator returns a row, because many tools hide NOTICEs.

CREATE TYPE mvmanager.mv_change AS (
    name      text,
    version   integer,
    action    text,
    state     text,
    relation  regclass,
    message   text
);
COMMENT ON TYPE mvmanager.mv_change IS
'What a call did: name of the view; version it is about; action (created, replaced, altered, unchanged, adopted, queued, promoted, rolled_back, dropped, released, cancelled, pruned, scheduled, unscheduled, paused, resumed, armed); state of that version; the relation, NULL once it is gone; a sentence for people.';

CREATE TYPE mvmanager.mv_refresh_result AS (
    name           text,
    version        integer,
    strategy       text,
    reason         text,
    rows_inserted  bigint,
    rows_updated   bigint,
    rows_deleted   bigint,
    rows_total     bigint,
    duration       interval,
    blocked        interval,
    run_id         bigint,
    wal_bytes      bigint
);
COMMENT ON TYPE mvmanager.mv_refresh_result IS
'What a refresh did: name and version of the view; the strategy taken and, as a sentence, why; rows inserted, updated and deleted and rows of the view afterwards (NULL where the strategy cannot know); duration; time of it spent waiting for locks; id of the row in mvmanager.runs; bytes of WAL written.';

CREATE TYPE mvmanager.mv_schedule_result AS (
    name         text,
    schedule     text,
    time_zone    text,
    next_run_at  timestamptz,
    action       text,
    is_armed     boolean,
    message      text
);
COMMENT ON TYPE mvmanager.mv_schedule_result IS
'What mv_schedule did: name of the view; the schedule and its time zone; when it is due next; action (scheduled, unchanged); whether this database runs its schedules; a sentence for people.';

