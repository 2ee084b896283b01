// mv_refresh and mv_refresh_all.

#include <vector>

#include "api/managed_view.hpp"
#include "catalog/extension.hpp"
#include "catalog/version_states.hpp"
#include "pg/error.hpp"
#include "pg/search_path.hpp"
#include "pg/security.hpp"
#include "pg/statement.hpp"
#include "pg/transaction.hpp"
#include "pg/values.hpp"
#include "refresh/bulk.hpp"
#include "refresh/refresh.hpp"
#include "scheduler/kick.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::api {
namespace {

using Columns = std::vector<pg::Value>;

Columns columns_of(const refresh::Result &result) {
    const auto &work = result.work;
    std::optional<std::int64_t> duration, blocked;
    if (result.executed) {
        duration = work.finished_at - work.started_at;
        blocked = work.blocked;
    }
    return {pg::Value::text(result.name),
            result.version ? pg::Value::int4(result.version) : pg::Value::int4(std::optional<std::int32_t>()),
            pg::Value::text(work.strategy_used),
            pg::Value::text(work.strategy_reason),
            pg::Value::int8(work.rows_inserted),
            pg::Value::int8(work.rows_updated),
            pg::Value::int8(work.rows_deleted),
            pg::Value::int8(work.rows_total),
            pg::Value::interval_from_microseconds(duration),
            pg::Value::interval_from_microseconds(blocked),
            pg::Value::int8(result.run_id),
            pg::Value::int8(work.wal_bytes)};
}

// A view that was dropped by hand has no owner to ask: only who owns the extension is told of it.
bool may_refresh(const std::optional<pg::Relation> &relation) {
    if (!relation || !relation->is_materialized_view())
        return pg::is_member_of(catalog::require_extension().owner);
    return pg::has_right(relation->oid, pg::Right::maintain);
}

// Asked for everything, a caller gets what it may refresh; asked for a schema by name, it is told what it may not.
std::vector<refresh::Member> select_members(const std::optional<std::vector<std::string>> &schemas) {
    std::vector<refresh::Member> members;
    for (auto &view : catalog::views::all(schemas)) {
        auto const relation = pg::find_relation(view.name);
        if (!may_refresh(relation)) {
            if (!schemas)
                continue;
            if (relation)
                pg::require_right(*relation, pg::Right::maintain);
        }
        Oid const oid = relation ? relation->oid : InvalidOid;
        members.push_back({std::move(view), oid});
    }
    return members;
}

// What is staged is kept as fresh as what is live, by the worker.
void tell_staged(const refresh::Result &result, std::int64_t view_id) {
    if (result.executed && catalog::version_states::pending(view_id))
        scheduler::wake_at_commit();
}

void warn_of_failures(const std::vector<refresh::BulkResult> &results) {
    std::size_t failed = 0, skipped = 0;
    for (const auto &one : results) {
        failed += one.fate == refresh::Fate::failed;
        skipped += one.fate == refresh::Fate::skipped;
    }
    if (failed == 0)
        return;
    pg::warning(format("{} of {} materialized views could not be refreshed, {} skipped because of that", failed,
                       results.size(), skipped),
                "The reason is in the rows with strategy \"failed\" and \"skipped\".");
}

} // namespace

MV_FUNCTION(mvm_refresh) {
    pg::Arguments const arguments(fcinfo);
    auto const name = arguments.require<std::string>(0, "name");
    pg::require_writable("mv_refresh()");
    auto const managed = require_managed_view(name, pg::Right::maintain);
    auto const result =
        refresh::run({.view_id = managed.view.id,
                      .relation = managed.relation.oid,
                      .strategy = arguments.get_or<std::string>(1, "auto"),
                      .predicate = arguments.get<std::string>(2),
                      .wait = arguments.get_or<bool>(3, true) ? pg::Wait::yes : pg::Wait::no,
                      .locks_end = pg::is_whole_statement(fcinfo->flinfo->fn_oid) ? refresh::LocksEnd::with_the_call
                                                                                  : refresh::LocksEnd::later});
    tell_staged(result, managed.view.id);
    return pg::make_row(fcinfo, columns_of(result));
}

MV_FUNCTION(mvm_refresh_all) {
    pg::Arguments const arguments(fcinfo);
    auto const schemas = arguments.get<std::vector<std::string>>(0);
    pg::require_writable("mv_refresh_all()");
    if (schemas) {
        for (const auto &schema : *schemas)
            pg::require_schema(schema);
    }
    pg::RowSink out(fcinfo);
    auto const results = refresh::run_all(select_members(schemas));
    if (!catalog::version_states::open().empty())
        scheduler::wake_at_commit();
    for (const auto &one : results)
        out.add(columns_of(one.result));
    warn_of_failures(results);
    return static_cast<Datum>(0);
}

} // namespace mvmanager::api
