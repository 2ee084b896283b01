// mv_wait: lets a script wait for what the worker does.

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "api/managed_view.hpp"
#include "catalog/local.hpp"
#include "catalog/runs.hpp"
#include "pg/error.hpp"
#include "pg/lock.hpp"
#include "pg/procedure.hpp"
#include "pg/transaction.hpp"
#include "pg/values.hpp"
#include "pg/worker.hpp"
#include "scheduler/kick.hpp"

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
    const std::string reason = run.message.value_or("no message was recorded");
    if (run.state == "failed")
        throw pg::Error(sqlstate_of(run.sqlstate.value_or("XX000")), "refresh of {} (run {}) failed: {}", view, run.id,
                        reason);
    throw pg::Error(run.state == "cancelled" ? pg::sqlstate::query_canceled : pg::sqlstate::wrong_state,
                    "refresh of {} (run {}) did not succeed: it is {}", view, run.id, run.state)
        .detail("{}.", reason);
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
    if (!arguments.is_null(1) || !arguments.is_null(2))
        throw pg::Error(pg::sqlstate::feature_not_supported,
                        "waiting for a version or a label is not available in this release")
            .hint("Name a view or a run.");
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
    return static_cast<Datum>(0);
}

} // namespace mvmanager::api
