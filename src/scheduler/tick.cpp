#include "scheduler/tick.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <limits>
#include <queue>
#include <tuple>
#include <unordered_map>

namespace mvmanager::scheduler {
namespace {

// Something due: an occurrence of a schedule or a queued run.
struct Candidate {
    std::int64_t view_id = 0;
    std::int64_t owner = 0;
    Timestamp due = 0;
    std::optional<std::int64_t> run_id;
};

// Oldest first; of a schedule and queued runs due at once the schedule, then the run asked for first.
bool comes_before(const Candidate &a, const Candidate &b) {
    constexpr std::int64_t scheduled = std::numeric_limits<std::int64_t>::min();
    return std::tuple(a.due, a.view_id, a.run_id.value_or(scheduled)) <
           std::tuple(b.due, b.view_id, b.run_id.value_or(scheduled));
}

// A view that something is due for or running on.
struct Active {
    const ScheduledView *view = nullptr; // nullptr: it has no row
    std::optional<Timestamp> due;        // the oldest due time
    bool is_running = false;
    bool is_blocked = false;
    std::vector<std::int64_t> awaited; // due views that it waits for
};

using ActiveViews = std::unordered_map<std::int64_t, Active>;

bool is_armed(const ScheduledView &view) { return view.is_valid && view.hold == Hold::none; }

bool may_run_queued(const Active &active) {
    return active.view == nullptr || (active.view->is_valid && active.view->hold != Hold::quarantined);
}

void find_blocks(ActiveViews &active) {
    for (auto &[view_id, waiter] : active) {
        if (!waiter.due || waiter.view == nullptr)
            continue;
        for (const std::int64_t upstream : waiter.view->upstream) {
            const auto found = active.find(upstream);
            if (upstream == view_id || found == active.end())
                continue;
            const Active &awaited = found->second;
            if (awaited.view != nullptr && awaited.view->last_run_began >= *waiter.due)
                continue;
            if (awaited.is_running)
                waiter.is_blocked = true;
            if (awaited.due)
                waiter.awaited.push_back(upstream);
        }
    }
}

// Takes away the waits among views that wait for each other in a circle, which would never end: first all that some order
// can serve, then all that merely wait behind a circle; what is left lies on one (or between two).
void break_circles(ActiveViews &active) {
    std::unordered_map<std::int64_t, std::vector<std::int64_t>> waiters;
    std::unordered_map<std::int64_t, std::size_t> open; // waits not yet served, of each view not yet served
    std::vector<std::int64_t> free;
    for (const auto &[view_id, view] : active) {
        for (const std::int64_t awaited : view.awaited)
            waiters[awaited].push_back(view_id);
        open[view_id] = view.awaited.size();
        if (view.awaited.empty())
            free.push_back(view_id);
    }
    while (!free.empty()) {
        const std::int64_t served = free.back();
        free.pop_back();
        open.erase(served);
        for (const std::int64_t waiter : waiters[served]) {
            if (--open[waiter] == 0)
                free.push_back(waiter);
        }
    }
    if (open.empty())
        return;

    std::unordered_map<std::int64_t, std::size_t> behind; // waiters that are left, of each view that is left
    for (const auto &[view_id, waits] : open) {
        const auto is_left = [&](std::int64_t waiter) {
            return open.contains(waiter);
        };
        const std::vector<std::int64_t> &all = waiters[view_id];
        behind[view_id] = static_cast<std::size_t>(std::count_if(all.begin(), all.end(), is_left));
        if (behind[view_id] == 0)
            free.push_back(view_id);
    }
    while (!free.empty()) {
        const std::int64_t last = free.back();
        free.pop_back();
        behind.erase(last);
        for (const std::int64_t awaited : active[last].awaited) {
            const auto found = behind.find(awaited);
            if (found != behind.end() && --found->second == 0)
                free.push_back(awaited);
        }
    }
    for (const auto &[view_id, waiters_left] : behind) {
        std::erase_if(active[view_id].awaited, [&](std::int64_t awaited) { return behind.contains(awaited); });
    }
}

// Takes `slots` of the candidates, which are more than that and in order of lateness: always the oldest of the owner that
// has the fewest runs.
std::vector<Candidate> fair_share(const std::vector<Candidate> &candidates, std::span<const RunningRun> running,
                                  std::size_t slots, std::vector<Candidate> &left_over) {
    struct Queue {
        std::vector<Candidate> candidates;
        std::size_t next = 0;
        int runs = 0;
    };
    std::unordered_map<std::int64_t, Queue> owners;
    for (const Candidate &candidate : candidates)
        owners[candidate.owner].candidates.push_back(candidate);
    for (const RunningRun &run : running) {
        const auto owner = owners.find(run.owner);
        if (owner != owners.end())
            ++owner->second.runs;
    }
    const auto serves_later = [](const Queue *a, const Queue *b) {
        if (a->runs != b->runs)
            return a->runs > b->runs;
        return comes_before(b->candidates[b->next], a->candidates[a->next]);
    };
    std::priority_queue<Queue *, std::vector<Queue *>, decltype(serves_later)> turn(serves_later);
    for (auto &[owner, queue] : owners)
        turn.push(&queue);

    std::vector<Candidate> taken;
    while (taken.size() < slots) {
        Queue *const queue = turn.top();
        turn.pop();
        taken.push_back(queue->candidates[queue->next++]);
        ++queue->runs;
        if (queue->next < queue->candidates.size())
            turn.push(queue);
    }
    for (const auto &[owner, queue] : owners) {
        left_over.insert(left_over.end(), queue.candidates.begin() + static_cast<std::ptrdiff_t>(queue.next),
                         queue.candidates.end());
    }
    std::sort(left_over.begin(), left_over.end(), comes_before);
    return taken;
}

} // namespace

Decision tick(Timestamp now, const Input &input) {
    Decision decision;
    ActiveViews active;
    for (const RunningRun &run : input.running)
        active[run.view_id].is_running = true;
    for (const QueuedRun &run : input.queued)
        active[run.view_id];

    std::vector<Candidate> candidates;
    for (const ScheduledView &view : input.views) {
        const bool is_due = is_armed(view) && view.next_due <= now;
        if (is_due) {
            candidates.push_back({view.view_id, view.owner, view.next_due, std::nullopt});
            active[view.view_id].view = &view;
        } else {
            if (is_armed(view))
                decision.wake_at = std::min(decision.wake_at, view.next_due);
            if (active.empty())
                continue;
            const auto found = active.find(view.view_id);
            if (found != active.end())
                found->second.view = &view;
        }
    }
    for (const QueuedRun &run : input.queued) {
        if (may_run_queued(active[run.view_id]))
            candidates.push_back({run.view_id, run.owner, run.queued_at, run.run_id});
    }
    if (candidates.empty())
        return decision;

    std::sort(candidates.begin(), candidates.end(), comes_before);
    for (const Candidate &candidate : candidates) {
        Active &view = active[candidate.view_id];
        if (!view.due)
            view.due = candidate.due;
    }
    find_blocks(active);
    break_circles(active);

    std::vector<Candidate> ready;
    for (const Candidate &candidate : candidates) {
        Active &view = active[candidate.view_id];
        if (view.is_running) {
            decision.waiting.push_back({candidate.view_id, candidate.run_id, WaitReason::running});
        } else if (view.is_blocked || !view.awaited.empty()) {
            decision.waiting.push_back({candidate.view_id, candidate.run_id, WaitReason::upstream});
        } else {
            ready.push_back(candidate);
            view.is_running = true; // for what else is due on the same view
        }
    }
    const auto slots = static_cast<std::size_t>(std::max(input.free_slots, 0));
    if (ready.size() > slots) {
        std::vector<Candidate> left_over;
        ready = fair_share(ready, input.running, slots, left_over);
        decision.shortage = true;
        for (const Candidate &candidate : left_over) {
            decision.waiting.push_back({candidate.view_id, candidate.run_id, WaitReason::slot});
        }
    }
    for (const Candidate &candidate : ready)
        decision.starts.push_back({candidate.view_id, candidate.run_id, candidate.due});
    return decision;
}

std::int64_t clock_step(const ClockReading &before, const ClockReading &after, std::int64_t tolerance) {
    const std::int64_t step = (after.wall - before.wall) - (after.monotonic - before.monotonic);
    return std::abs(step) > tolerance ? step : 0;
}

Timestamp rearmed(Timestamp now, Timestamp next_due, Timestamp next_from_now) {
    return next_due <= now ? next_due : std::min(next_due, next_from_now);
}

} // namespace mvmanager::scheduler
