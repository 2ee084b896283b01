#include "refresh/swap_lock.hpp"

#include <algorithm>

#include "format.hpp"
#include "model/lock_attempts.hpp"
#include "pg/clock.hpp"
#include "pg/progress.hpp"
#include "pg/random.hpp"
#include "pg/relation_lock.hpp"
#include "pg/security.hpp"
#include "pg/snapshot.hpp"
#include "pg/transaction.hpp"
#include "pg/worker.hpp"
#include "settings.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::refresh {
namespace {

using model::LockStep;

constexpr std::int64_t millisecond = 1000;

// What may be gone at the next attempt.
bool is_worth_another_try(const pg::Error &error) {
    return error.sqlstate() == pg::sqlstate::lock_not_available ||
           error.sqlstate() == pg::sqlstate::deadlock_detected ||
           // A GRANT on the view was committed while we waited for its row of pg_class. Never translated.
           error.message() == "tuple concurrently updated";
}

void lock_the_others(const std::vector<Oid> &relations) {
    for (std::size_t i = 1; i < relations.size(); ++i) {
        if (!pg::lock_relation(relations[i], pg::LockMode::access_exclusive, pg::Wait::no))
            throw pg::Error(pg::sqlstate::lock_not_available, "could not obtain lock on relation {}", relations[i]);
    }
}

// False where the lock, or something the work had to wait for, was not to be had.
bool attempt(const UnderLock &task, const LockStep &step) {
    Oid const view = task.relations.front();
    bool const is_poll = step.kind == LockStep::Kind::poll;
    if (is_poll && !pg::lock_relation(view, pg::LockMode::access_exclusive, pg::Wait::no))
        return false;
    auto error = pg::try_in_subtransaction([&] {
        std::int64_t const bound = is_poll ? settings::swap_lock_timeout : step.duration / millisecond;
        pg::set_local("lock_timeout", format("{}ms", std::max<std::int64_t>(bound, 1)).c_str());
        if (!is_poll)
            pg::lock_relation(view, pg::LockMode::access_exclusive, pg::Wait::yes);
        lock_the_others(task.relations);
        task.work();
    });
    if (!error)
        return true;
    task.undo();
    if (!is_worth_another_try(*error))
        throw std::move(*error);
    if (is_poll)
        pg::unlock_relation(view, pg::LockMode::access_exclusive);
    return false;
}

std::string describe(std::optional<int> pid) {
    if (!pid)
        return "Other transactions hold locks that stand against it.";
    auto const user = pg::user_of_process(*pid);
    return user.empty() ? format("Process {} holds a lock that stands against it.", *pid)
                        : format("Process {} (user {}) holds a lock that stands against it.", *pid, user);
}

} // namespace

LockOutcome do_under_lock(const UnderLock &task) {
    model::LockAttempts attempts(
        {.in_queue = settings::swap_lock_timeout * millisecond, .in_all = settings::swap_timeout * millisecond});
    auto const since = pg::monotonic_now();
    LockOutcome outcome;
    auto const holder = [&] {
        return pg::relation_holder(task.relations.front(), pg::LockMode::access_exclusive);
    };
    for (;;) {
        pg::check_for_interrupts();
        LockStep const step = attempts.next(pg::monotonic_now() - since, pg::random_fraction());
        outcome.waited = pg::monotonic_now() - since;
        switch (step.kind) {
        case LockStep::Kind::poll:
        case LockStep::Kind::queue:
            pg::release_catalog_snapshot();
            if (attempt(task, step)) {
                outcome.was_had = true;
                return outcome;
            }
            if (step.kind == LockStep::Kind::poll)
                break;
            pg::progress_phase(pg::Phase::waiting_to_swap);
            if (auto const pid = holder(); pid) {
                pg::progress_blocked_by(*pid);
                if (!pg::waits_for_us(*pid))
                    break;
                outcome.obstacle = describe(pid) + " It waits for a lock of this transaction.";
                return outcome;
            }
            break;
        case LockStep::Kind::pause:
            pg::release_catalog_snapshot();
            pg::wait_latch(step.duration);
            break;
        case LockStep::Kind::give_up:
            outcome.obstacle = describe(holder());
            return outcome;
        }
    }
}

} // namespace mvmanager::refresh
