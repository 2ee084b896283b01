// mv_promote, mv_rollback, mv_cancel and mv_prune.

#include "api/change_row.hpp"
#include "api/execution.hpp"
#include "api/managed_view.hpp"
#include "format.hpp"
#include "pg/transaction.hpp"
#include "scheduler/kick.hpp"
#include "settings.hpp"
#include "versioning/retention.hpp"
#include "versioning/rollback.hpp"

#include "pg/postgres.hpp"

using namespace mvmanager;

MV_FUNCTION(mvm_promote) {
    pg::Arguments const arguments(fcinfo);
    auto const name = arguments.require<std::string>(0, "name");
    auto const version = arguments.get<std::int32_t>(1);
    auto const label = arguments.get<std::string>(2);
    pg::require_writable("mv_promote()");
    if (version && label)
        throw pg::Error(pg::sqlstate::invalid_argument, "mv_promote takes a version or a label, not both")
            .hint("Leave one of them out.");
    auto const managed = api::require_managed_view(name, pg::Right::own);
    return pg::make_row(fcinfo, api::columns_of(versioning::promote_staged(managed.view, version, label)));
}

MV_FUNCTION(mvm_rollback) {
    pg::Arguments const arguments(fcinfo);
    auto const name = arguments.require<std::string>(0, "name");
    versioning::RollbackWish wish{.to_version = arguments.get<std::int32_t>(1),
                                  .to_label = arguments.get<std::string>(2),
                                  .undo_label = arguments.get<std::string>(3)};
    auto const data = arguments.get_or<std::string>(4, "archived");
    pg::require_writable("mv_rollback()");
    if (data != "archived" && data != "rebuild")
        throw pg::Error(pg::sqlstate::invalid_argument, "unrecognized value for argument \"data\": \"{}\"", data)
            .hint("Pass one of: archived, rebuild.");
    if (!wish.to_version + !wish.to_label + !wish.undo_label < 2)
        throw pg::Error(pg::sqlstate::invalid_argument, "mv_rollback takes one of to_version, to_label and undo_label")
            .hint("Leave all out to go to the version that was live before.");
    wish.rebuilds = data == "rebuild";
    wish.is_background = [](versioning::Wish::Task task) {
        if (!api::is_executing()) {
            if (task == versioning::Wish::Task::build)
                pg::notice("building in this transaction: no worker runs in this database",
                           "Call mv_resume() to let the worker do it after commit.");
            return false;
        }
        api::require_execution();
        return true;
    };
    scheduler::wake_at_commit();
    auto const registered = api::require_registered_view(name);
    auto const managed = api::require_managed_view(registered.name.quoted(), pg::Right::own);
    return pg::make_row(fcinfo, api::columns_of(versioning::roll_back(managed.view, wish)));
}

MV_FUNCTION(mvm_cancel) {
    pg::Arguments const arguments(fcinfo);
    auto const name = arguments.require<std::string>(0, "name");
    auto const version = arguments.require<std::int32_t>(1, "version");
    pg::require_writable("mv_cancel()");
    auto const managed = api::require_managed_view(name, pg::Right::own);
    scheduler::wake_at_commit();
    return pg::make_row(fcinfo, api::columns_of(versioning::cancel(managed.view, version)));
}

MV_FUNCTION(mvm_prune) {
    pg::Arguments const arguments(fcinfo);
    auto const name = arguments.get<std::string>(0);
    auto const keep = arguments.get<std::int32_t>(1);
    auto const older_than = arguments.get<std::int64_t>(2);
    pg::require_writable("mv_prune()");
    if (keep && *keep < 0)
        throw pg::Error(pg::sqlstate::invalid_argument, "argument \"keep\" must not be negative")
            .hint("Pass 0 to drop the rows of all earlier versions.");
    std::vector<catalog::views::View> views;
    if (name) {
        views.push_back(api::require_managed_view(*name, pg::Right::own).view);
    } else {
        for (auto &view : catalog::views::all())
            if (auto const relation = pg::find_relation(view.name);
                relation && pg::has_right(relation->oid, pg::Right::own))
                views.push_back(std::move(view));
    }
    pg::RowSink out(fcinfo);
    for (const auto &view : views)
        for (const auto &change :
             versioning::prune(view, keep.value_or(older_than ? 0 : settings::keep_archived), older_than))
            out.add(api::columns_of(change));
    return static_cast<Datum>(0);
}
