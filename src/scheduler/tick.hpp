#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "model/time.hpp"

// What to start now and when to look again: the scheduler's decisions as one plain function, without clock, process or
// catalog, so that hours and clock steps can be tested in milliseconds.

namespace mvmanager::scheduler {

using model::Timestamp;

enum class Hold {
    none,
    paused,      // by a person, for this view or for all
    suspended,   // by failures in a row
    quarantined, // by crashes in a row: not even a queued run may start
};

// A view with a schedule, or without one (next_due infinity) when others wait for it.
struct ScheduledView {
    std::int64_t view_id = 0;
    Timestamp next_due = model::infinity;
    std::int64_t owner = 0; // any key that tells owners apart
    Hold hold = Hold::none;
    bool is_valid = true;                    // false: the row could not be read; it is skipped, the others go on
    std::vector<std::int64_t> upstream = {}; // view ids that it reads directly
    // When the last finished run of this view began (whatever came of it); minus_infinity for none. A downstream waits for
    // a run that sees its own due time, once, not for an upstream that is for ever due.
    Timestamp last_run_began = model::minus_infinity;
};

// A run asked for by name (mv_refresh_async). It ignores pause and suspension, since somebody asked for it.
struct QueuedRun {
    std::int64_t run_id = 0;
    std::int64_t view_id = 0;
    std::int64_t owner = 0;
    Timestamp queued_at = 0;
};

struct RunningRun {
    std::int64_t view_id = 0;
    std::int64_t owner = 0;
};

struct Start {
    std::int64_t view_id = 0;
    std::optional<std::int64_t> run_id = {}; // the queued run; nullopt: an occurrence of the schedule
    Timestamp scheduled_for = 0;             // the due time, or when it was queued
    friend bool operator==(const Start &, const Start &) = default;
};

enum class WaitReason {
    running,  // a run of the same view is going on or starts now
    upstream, // a view it reads is due or running
    slot,     // no free slot is left
};

struct Waiting {
    std::int64_t view_id = 0;
    std::optional<std::int64_t> run_id = {};
    WaitReason reason = WaitReason::slot;
};

struct Input {
    std::span<const ScheduledView> views = {}; // one a view
    std::span<const QueuedRun> queued = {};
    std::span<const RunningRun> running = {};
    int free_slots = 0;
};

struct Decision {
    std::vector<Start> starts;    // in the order to start them
    std::vector<Waiting> waiting; // due, not started: the pending run of each, at most one for a schedule
    // When time alone can change the decision: the earliest due time after now of a view that may run; else infinity. Always
    // after now. What waits is not in it: the end of a run, or a slot given back, must wake the caller.
    Timestamp wake_at = model::infinity;
    bool shortage = false; // something waits for a slot and for nothing else: worth one log line when it becomes true
};

// Decides. The caller starts `starts` in order; for an occurrence of a schedule it then moves next_due to
// next_run(schedule, now, ...), so that whatever was missed is made up by this one run. A start that is refused (no worker
// slot after all) leaves next_due alone: the view keeps its place.
// - Due is what has next_due <= now and is neither held nor invalid, and every queued run of a view that is not quarantined.
// - Oldest due first. Where slots are short, the owner with the fewest runs (running and started) goes first, then the
//   oldest due time.
// - Never two runs of one view. A view due while it runs stays due: one pending run, however many occurrences passed.
// - A due view waits while a view it reads is running, due or queued, unless that view finished a run that began at or after
//   the waiting view's due time. Members of a reading cycle do not wait for each other.
// - Nothing depends on former ticks: a clock that went backwards makes nothing due twice and cannot make a busy loop.
// O(n + d log d + e) for n views of which d are due, with e upstream entries among those.
Decision tick(Timestamp now, const Input &input);

// One reading of both clocks.
struct ClockReading {
    Timestamp wall = 0;
    std::int64_t monotonic = 0; // microseconds from any origin
};

// How far the wall clock was set between two readings (positive: forwards), 0 where it went on with the monotonic one
// within `tolerance`. After a step the caller arms each schedule anew with rearmed(), so that a clock set back by years does
// not silence schedules until it has caught up.
std::int64_t clock_step(const ClockReading &before, const ClockReading &after,
                        std::int64_t tolerance = 2 * model::microseconds_per_second);

// The due time to keep after a step: `next_due` where it is past (one run is made up) or sooner, else what the schedule
// says from now on.
Timestamp rearmed(Timestamp now, Timestamp next_due, Timestamp next_from_now);

} // namespace mvmanager::scheduler
