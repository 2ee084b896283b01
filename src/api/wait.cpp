// mv_wait: lets a script wait for what the worker does.

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "api/managed_view.hpp"
#include "catalog/local.hpp"
#include "catalog/runs.hpp"
#include "catalog/version_states.hpp"
#include "format.hpp"
#include "pg/error.hpp"
#include "pg/lock.hpp"
#include "pg/procedure.hpp"
#include "pg/transaction.hpp"
#include "pg/values.hpp"
#include "pg/worker.hpp"
#include "scheduler/kick.hpp"
#include "versioning/rollback.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::api {
namespace {

constexpr std::int64_t first_pause = 5'000;
constexpr std::int64_t longest_pause = 200'000; // microseconds

int sqlstate_of(const std::string &text) {
    int packed = 0;
    if (text.size() != 5)
        return pg::sqlstate::internal_error;
    for (int i = 0; i < 5; ++i)
        packed |= ((text[static_cast<std::size_t>(i)] - '0') & 0x3F) << (6 * i);
    return packed;
}

bool is_open(const catalog::runs::Run &run) { return run.state == "queued" || run.state == "running"; }

bool is_on_its_way(model::VersionState state) {
    return state == model::VersionState::queued || state == model::VersionState::building ||
           state == model::VersionState::ready;
}

// Runs that are to be waited for: the one named, or all that are open for the view now.
std::vector<std::int64_t> runs_of(std::int64_t view_id) {
    std::vector<std::int64_t> ids;
    for (const std::vector<catalog::runs::Run> &runs : {catalog::runs::running(), catalog::runs::queued()})
        for (const catalog::runs::Run &run : runs)
            if (run.view_id == view_id)
                ids.push_back(run.id);
    return ids;
}

catalog::runs::Run require_run(std::int64_t id) {
    if (auto run = catalog::runs::get(id))
        return *run;
    throw pg::Error(pg::sqlstate::undefined_object, "run {} does not exist", id)
        .hint("SELECT * FROM mvmanager.runs lists them.");
}

void require_right_on(std::int64_t view_id) {
    const auto view = catalog::views::get(view_id);
    if (!view)
        return;
    if (const auto relation = pg::find_relation(view->name))
        pg::require_right(*relation, pg::Right::maintain);
}

void raise_unless_good(const catalog::runs::Run &run, const std::string &view) {
    if (run.state == "succeeded")
        return;
    const char *what = run.kind == catalog::runs::Kind::build ? "build" : "refresh";
    if (run.kind == catalog::runs::Kind::build) {
        // A version that was superseded is nobody's failure, and one that is still wanted is tried again.
        const auto version = catalog::version_states::get(run.view_id, run.version.value_or(0));
        if (run.state == "skipped" || (version && is_on_its_way(version->state)))
            return;
    }
    const std::string reason = run.message.value_or("no message was recorded");
    if (run.state == "failed")
        throw pg::Error(sqlstate_of(run.sqlstate.value_or("XX000")), "{} of {} (run {}) failed: {}", what, view, run.id,
                        reason);
    throw pg::Error(run.state == "cancelled" ? pg::sqlstate::query_canceled : pg::sqlstate::wrong_state,
                    "{} of {} (run {}) did not succeed: it is {}", what, view, run.id, run.state)
        .detail("{}.", reason);
}

// True where nothing more is to be waited for.
bool has_arrived(const catalog::version_states::State &state, const std::string &view) {
    using model::VersionState;
    switch (state.state) {
    case VersionState::queued:
    case VersionState::building:
        return false;
    case VersionState::ready:
        return state.order.is_manual;
    case VersionState::live:
    case VersionState::archived:
    case VersionState::pruned:
        return true;
    case VersionState::skipped:
        pg::notice(format("version {} of {} was superseded before it was built", state.number, view));
        return true;
    case VersionState::failed:
        throw pg::Error(pg::sqlstate::wrong_state, "version {} of {} could not be built", state.number, view)
            .detail("{}", state.error.value_or("No error was recorded."))
            .hint("The version that was live before still is. Correct the cause, then call mv_apply again.");
    case VersionState::cancelled:
        throw pg::Error(pg::sqlstate::query_canceled, "version {} of {} was cancelled", state.number, view);
    }
    return true;
}

// Nobody builds what is queued in a database that is not armed.
void require_executor(const std::string &view) {
    const auto local = catalog::local::get();
    if (!local || local->database != MyDatabaseId)
        throw pg::Error(pg::sqlstate::wrong_state, "a build of {} is queued, but this database is not armed", view)
            .hint("Call mv_resume() to let it be executed.");
    if (!scheduler::launcher_pid())
        throw pg::Error(pg::sqlstate::wrong_state,
                        "a build of {} is queued, but the launcher of mvmanager is not running", view)
            .hint("Call mv_resume() to start it, and add mvmanager to shared_preload_libraries.");
}

void wait_for_version(pg::NonatomicScope &scope, const std::string &name, std::optional<int> version,
                      const std::optional<std::string> &label, std::int64_t deadline) {
    for (std::int64_t pause = first_pause;; pause = std::min(pause * 2, longest_pause)) {
        {
            pg::ActiveSnapshot const snapshot;
            const ManagedView managed = require_managed_view(name, pg::Right::maintain);
            const std::string view = managed.view.name.quoted();
            const int number = version ? *version : versioning::version_of_label(managed.view, *label);
            const auto state = catalog::version_states::get(managed.view.id, number);
            if (!state)
                throw pg::Error(pg::sqlstate::undefined_object, "materialized view \"{}\" has no version {}", view,
                                number)
                    .hint("SELECT * FROM mv_history({}) lists them.", pg::quote_literal(view));
            // The first one is live before it has rows: a run fills it.
            const bool is_being_filled = state->state == model::VersionState::live && !managed.relation.populated &&
                                         !runs_of(managed.view.id).empty();
            if (!is_being_filled && has_arrived(*state, view))
                return;
            require_executor(view);
            if (pg::monotonic_now() >= deadline)
                throw pg::Error(pg::sqlstate::query_canceled, "timeout: version {} of {} is {}", number, view,
                                model::to_text(state->state))
                    .hint("It goes on. Call mv_wait({}, version => {}) again to wait for it.", pg::quote_literal(view),
                          number);
        }
        scope.commit();
        pg::check_for_interrupts();
        pg::wait_latch(std::min(pause, std::max<std::int64_t>(deadline - pg::monotonic_now(), 1000)));
    }
}

// Waiting for what nobody will do would last until the timeout.
void require_execution(const catalog::runs::Run &run) {
    if (run.state != "queued")
        return;
    const auto local = catalog::local::get();
    if (!local || local->database != MyDatabaseId)
        throw pg::Error(pg::sqlstate::wrong_state, "run {} is queued, but this database is not armed", run.id)
            .hint("Call mv_resume() to let its schedules and queued runs be executed.");
    if (!scheduler::launcher_pid())
        throw pg::Error(pg::sqlstate::wrong_state, "run {} is queued, but the launcher of mvmanager is not running",
                        run.id)
            .hint("Call mv_resume() to start it, and add mvmanager to shared_preload_libraries.");
}

} // namespace

MV_FUNCTION(mvm_wait) {
    const pg::Arguments arguments(fcinfo);
    const auto name = arguments.get<std::string>(0);
    const auto version = arguments.get<std::int32_t>(1);
    const auto label = arguments.get<std::string>(2);
    if ((version || label) && !name)
        throw pg::Error(pg::sqlstate::invalid_argument, "a version or label needs the name of its view")
            .hint("CALL mv_wait('daily_usage', label => 'add_plan_tier').");
    if (version && label)
        throw pg::Error(pg::sqlstate::invalid_argument, "mv_wait takes a version or a label, not both")
            .hint("Leave one of them out.");
    const auto run_id = arguments.get<std::int64_t>(3);
    if (!name == !run_id)
        throw pg::Error(pg::sqlstate::invalid_argument, "mv_wait needs a view or a run, not both")
            .hint("CALL mv_wait('daily_usage') or CALL mv_wait(run => 42).");
    const std::int64_t timeout = arguments.require<std::int64_t>(4, "timeout");
    if (!pg::may_commit(fcinfo))
        throw pg::Error(pg::sqlstate::invalid_transaction_termination, "mv_wait cannot run inside a transaction block")
            .detail("What it waits for starts only when the transaction that asked for it has committed.")
            .hint(
                "Call it outside: autocommit_block() in Alembic, atomic = False in Django, disable_ddl_transaction! in "
                "Rails, transaction: false in Knex; a function cannot call it.");

    const std::int64_t deadline = pg::monotonic_now() + std::clamp<std::int64_t>(timeout, 0, std::int64_t{1} << 60);
    pg::NonatomicScope scope;
    if (version || label) {
        wait_for_version(scope, *name, version, label, deadline);
        return static_cast<Datum>(0);
    }
    std::vector<std::int64_t> open;
    std::string view = name.value_or("");
    {
        pg::ActiveSnapshot const snapshot;
        if (name) {
            const ManagedView managed = require_managed_view(*name, pg::Right::maintain);
            view = managed.view.name.quoted();
            open = runs_of(managed.view.id);
        } else {
            const catalog::runs::Run run = require_run(*run_id);
            require_right_on(run.view_id);
            if (const auto of = catalog::views::get(run.view_id))
                view = of->name.quoted();
            open = {run.id};
        }
    }
    for (std::int64_t pause = first_pause; !open.empty(); pause = std::min(pause * 2, longest_pause)) {
        {
            pg::ActiveSnapshot const snapshot;
            while (!open.empty()) {
                const catalog::runs::Run run = require_run(open.front());
                if (is_open(run)) {
                    require_execution(run);
                    break;
                }
                raise_unless_good(run, view);
                open.erase(open.begin());
            }
        }
        if (open.empty())
            break;
        if (pg::monotonic_now() >= deadline)
            throw pg::Error(pg::sqlstate::query_canceled, "timeout: run {} of {} has not ended", open.front(), view)
                .hint("It goes on. Call mv_wait(run => {}) again to wait for it.", open.front());
        scope.commit();
        pg::check_for_interrupts();
        pg::wait_latch(std::min(pause, std::max<std::int64_t>(deadline - pg::monotonic_now(), 1000)));
    }
    std::optional<int> pending;
    if (name) {
        pg::ActiveSnapshot const snapshot;
        const ManagedView managed = require_managed_view(*name, pg::Right::maintain);
        if (const auto state = catalog::version_states::pending(managed.view.id); state && !state->order.is_manual)
            pending = state->number;
    }
    if (pending)
        wait_for_version(scope, *name, pending, std::nullopt, deadline);
    return static_cast<Datum>(0);
}

} // namespace mvmanager::api
