#include "refresh/refresh.hpp"

#include <utility>
#include <variant>

#include "catalog/versions.hpp"
#include "catalog/views.hpp"
#include "format.hpp"
#include "pg/activity.hpp"
#include "pg/clock.hpp"
#include "pg/memory.hpp"
#include "pg/predicate.hpp"
#include "pg/progress.hpp"
#include "pg/refresh_command.hpp"
#include "pg/relation_lock.hpp"
#include "pg/security.hpp"
#include "pg/snapshot.hpp"
#include "pg/values.hpp"
#include "pg/wait_point.hpp"
#include "refresh/facts.hpp"
#include "refresh/ground.hpp"
#include "refresh/strategy.hpp"

namespace mvmanager::refresh {
namespace {

using catalog::views::View;

model::Strategy requested_strategy(const std::string &strategy, const std::optional<std::string> &predicate) {
    auto const asked = model::strategy_from_text(strategy);
    if (!asked)
        throw pg::Error(pg::sqlstate::invalid_argument, "unrecognized refresh strategy: \"{}\"", strategy)
            .hint("Strategies are auto, diff, swap, partial, native, concurrently and incremental.");
    if (predicate && *asked != model::Strategy::partial)
        throw pg::Error(pg::sqlstate::invalid_argument, "a predicate needs refresh strategy \"partial\", not \"{}\"",
                        strategy)
            .hint("Leave the predicate out to refresh the whole view.");
    if (!predicate && *asked == model::Strategy::partial)
        throw pg::Error(pg::sqlstate::invalid_argument, "refresh strategy \"partial\" needs a predicate")
            .hint("Add a condition on columns of the view, for example predicate => 'day >= current_date - 2'.");
    return *asked;
}

model::Plan choose(const Target &target, model::Strategy asked) {
    auto choice = model::choose(target.facts, asked);
    if (auto *plan = std::get_if<model::Plan>(&choice))
        return std::move(*plan);
    const auto &refusal = std::get<model::Refusal>(choice);
    pg::Error error(refusal.sqlstate == "0A000" ? pg::sqlstate::feature_not_supported : pg::sqlstate::wrong_state, "{}",
                    refusal.message);
    error.fields().hint = refusal.hint;
    throw error;
}

// Waiting is counted only where there was something to wait for.
template <typename Acquire> bool acquire_counting(Acquire &&acquire, pg::Wait wait, std::int64_t &blocked) {
    if (acquire(pg::Wait::no))
        return true;
    if (wait == pg::Wait::no)
        return false;
    auto const since = pg::monotonic_now();
    pg::release_catalog_snapshot();
    acquire(pg::Wait::yes);
    blocked += pg::monotonic_now() - since;
    return true;
}

std::string who(std::optional<int> pid) {
    if (!pid)
        return "another transaction";
    auto const user = pg::user_of_process(*pid);
    return user.empty() ? format("process {}", *pid) : format("process {} (user {})", *pid, user);
}

[[noreturn]] void throw_gone(const View &view) {
    auto const name = view.name.quoted();
    pg::Error error(pg::sqlstate::undefined_object, "managed materialized view \"{}\" no longer exists", name);
    if (auto const current = catalog::views::get(view.id); current && !current->ended)
        error = std::move(error).hint("It was dropped or renamed by hand. Call mv_release({}) to stop managing it.",
                                      pg::quote_literal(name));
    throw error;
}

View current_view(std::int64_t id) {
    auto view = catalog::views::get(id);
    if (!view)
        throw pg::Error(pg::sqlstate::undefined_object, "managed view {} does not exist", id);
    if (view->ended) {
        auto name = view->name.quoted();
        throw pg::Error(pg::sqlstate::undefined_object, "materialized view \"{}\" is no longer managed", name)
            .hint("Call mv_adopt({}) to take it over again.", pg::quote_literal(name));
    }
    return *view;
}

// What the relation is now that a lock keeps it so: everything the caller knew may have changed while it waited, the name
// too.
Target look(const Request &request, View &view) {
    auto relation = pg::describe_relation(request.relation);
    if (!relation || !relation->is_materialized_view())
        throw_gone(view);
    if (relation->name != view.name)
        view = current_view(view.id);
    if (relation->name != view.name)
        throw_gone(view);
    pg::require_right(*relation, pg::Right::maintain);
    Target target{
        .view_id = view.id, .relation = std::move(*relation), .predicate = request.predicate, .run_id = request.run_id};
    target.facts = read_facts(target.relation);
    if (pg::core_keeps_search_path && view.live_version && catalog::versions::was_adopted(view.id, *view.live_version))
        target.run_as = pg::RunAs::view_owner_keeping_path;
    target.asked_by_owner = request.requested_by ? pg::is_member_of(*request.requested_by, target.relation.owner)
                                                 : pg::is_member_of(target.relation.owner);
    target.lock_is_brief = request.transaction || request.locks_end == LocksEnd::with_the_call;
    return target;
}

struct Locked {
    Target target;
    model::Plan plan;
};

// Which lock is needed follows from the strategy, and the strategy from facts that only a lock keeps still. So: look,
// take the lock the plan asks for, look again; where the plan has changed its mind, give the lock back and take the other
// one, rather than hold the stronger for nothing or upgrade the weaker into a deadlock. nullopt: Wait::no, and taken.
std::optional<Locked> lock_relation(const Request &request, View &view, model::Strategy asked, std::int64_t &blocked,
                                    pg::LockMode &refused) {
    auto acquire = [&](pg::LockMode mode) {
        refused = mode;
        return acquire_counting([&](pg::Wait wait) { return pg::lock_relation(request.relation, mode, wait); },
                                request.wait, blocked);
    };
    pg::LockMode mode = pg::LockMode::access_share;
    for (;;) {
        pg::check_for_interrupts();
        if (!acquire(mode))
            return std::nullopt;
        Target target = look(request, view);
        model::Plan plan = choose(target, asked);
        pg::LockMode const needed = strategy_for(plan.strategy).lock;
        if (needed == mode)
            return Locked{std::move(target), std::move(plan)};
        pg::unlock_relation(request.relation, mode);
        mode = needed;
    }
}

catalog::runs::NewRun new_run(const Request &request, int version) {
    return {.view_id = request.view_id,
            .version = version,
            .reason = request.reason,
            .strategy = request.strategy,
            .predicate = request.predicate,
            .requested_by = pg::session_user_name()};
}

// The refreshes that this process is in the middle of, innermost first: what a view's query calls may refresh views too.
// The chain lives on the stack, so it shrinks whichever way a refresh ends.
class Underway {
public:
    explicit Underway(std::int64_t view_id) : view_id_(view_id), outer_(innermost_) { innermost_ = this; }
    ~Underway() { innermost_ = outer_; }
    Underway(const Underway &) = delete;
    Underway &operator=(const Underway &) = delete;

    static bool has(std::int64_t view_id) {
        for (const Underway *one = innermost_; one; one = one->outer_) {
            if (one->view_id_ == view_id)
                return true;
        }
        return false;
    }

private:
    static const Underway *innermost_;
    std::int64_t view_id_;
    const Underway *outer_;
};
const Underway *Underway::innermost_ = nullptr;

Result refused(const View &view, std::string reason, std::int64_t started_at) {
    Result result{.name = view.name.quoted(), .version = view.live_version.value_or(0), .executed = false};
    result.work.strategy_used = "skipped";
    result.work.strategy_reason = std::move(reason);
    result.work.started_at = result.work.finished_at = started_at;
    return result;
}

} // namespace

void require_valid(const pg::Relation &relation, const std::string &strategy,
                   const std::optional<std::string> &predicate) {
    auto const asked = requested_strategy(strategy, predicate);
    strategy_for(asked);
    if (!predicate)
        return;
    bool const is_owner = pg::is_member_of(relation.owner);
    pg::MemoryScope const memory("mvmanager predicate");
    pg::SecurityScope const as_owner(relation.owner, pg::RunAs::view_owner);
    pg::Predicate const parsed(relation.oid, *predicate,
                               is_owner ? pg::Predicate::Author::owner : pg::Predicate::Author::other);
}

Result run(const Request &request) {
    model::Strategy const asked = requested_strategy(request.strategy, request.predicate);
    // This session's own locks would not stop it.
    if (Underway::has(request.view_id))
        throw pg::Error(pg::sqlstate::object_in_use,
                        "cannot refresh materialized view \"{}\" from within its own refresh",
                        current_view(request.view_id).name.quoted())
            .hint("Something that its query or its indexes call refreshes it: take that call out.");
    Underway const underway(request.view_id);
    pg::Stopwatch const watch;
    pg::Progress const progress(request.relation, asked, request.run_id);
    std::int64_t const wal_before = pg::wal_bytes_written();
    std::int64_t blocked = 0;

    pg::wait_point("refresh-before-lock");
    auto const key = static_cast<std::uint64_t>(request.view_id);
    if (!acquire_counting(
            [&](pg::Wait wait) { return pg::acquire(pg::LockSpace::view, key, pg::LockLevel::transaction, wait); },
            request.wait, blocked))
        return refused(current_view(request.view_id),
                       format("{} is refreshing the view", who(pg::holder(pg::LockSpace::view, key))),
                       watch.started_at());

    // Read under the view's lock: a release that we waited for is in it.
    View view = current_view(request.view_id);
    if (!OidIsValid(request.relation))
        throw_gone(view);
    pg::LockMode mode{};
    auto locked = lock_relation(request, view, asked, blocked, mode);
    if (!locked) {
        auto const pid = pg::relation_holder(request.relation, mode);
        pg::release(pg::LockSpace::view, key, pg::LockLevel::transaction);
        return refused(view, format("{} holds a lock on the view", who(pid)), watch.started_at());
    }
    Ground ground(view.id, request.relation, mode, request.transaction);
    pg::progress_strategy(locked->plan.strategy);
    ground.take_snapshot(Ground::Sources::locked);
    pg::progress_phase(pg::Phase::planning);
    pg::wait_point("refresh-before-execute");
    Effect effect = strategy_for(locked->plan.strategy).execute(locked->target, ground);
    ground.drop_snapshot();
    pg::progress_phase(pg::Phase::recording);
    pg::wait_point("refresh-after-execute");

    Result result{.name = view.name.quoted(), .version = view.live_version.value_or(0)};
    model::Plan const &done = effect.instead ? *effect.instead : locked->plan;
    result.work = {.strategy_used = std::string(model::to_text(done.strategy)),
                   .strategy_reason = done.reason,
                   .started_at = watch.started_at(),
                   .finished_at = watch.started_at() + watch.elapsed(),
                   .blocked = blocked + ground.blocked() + effect.blocked,
                   .rows_inserted = effect.rows_inserted,
                   .rows_updated = effect.rows_updated,
                   .rows_deleted = effect.rows_deleted,
                   .rows_total = effect.rows_total,
                   .wal_bytes = pg::wal_bytes_written() - wal_before};

    pg::wait_point("refresh-before-record");
    if (request.run_id) {
        catalog::runs::finish_succeeded(*request.run_id, result.version, result.work);
        result.run_id = request.run_id;
    } else {
        result.run_id = catalog::runs::add_succeeded(new_run(request, result.version), result.work);
    }
    // Last: it locks the view's row to the end of the transaction.
    catalog::views::count(view.id, catalog::views::Outcome::succeeded, ground.complete_to());
    return result;
}

} // namespace mvmanager::refresh
