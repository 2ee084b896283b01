// mv_export: a view, or a change of it, as a script.

#include "versioning/export.hpp"

#include "api/managed_view.hpp"
#include "catalog/versions.hpp"
#include "model/migration.hpp"
#include "pg/values.hpp"
#include "refresh/order.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::api {
namespace {

// Every view of the caller's, those that are read first.
std::vector<versioning::Exported> own_views() {
    std::vector<refresh::Member> members;
    for (auto &view : catalog::views::all())
        if (auto const relation = pg::find_relation(view.name);
            relation && relation->is_materialized_view() && pg::has_right(relation->oid, pg::Right::own))
            members.push_back({std::move(view), relation->oid});
    std::vector<versioning::Exported> views;
    for (auto &[member, reads] : refresh::in_dependency_order(members)) {
        auto const relation = pg::describe_relation(member.relation);
        if (relation) {
            ManagedView const managed{member.view, *relation};
            views.push_back({managed.view, managed.relation, require_version(managed, std::nullopt)});
        }
    }
    return views;
}

} // namespace
} // namespace mvmanager::api

using namespace mvmanager;

MV_FUNCTION(mvm_export) {
    pg::Arguments const arguments(fcinfo);
    auto const name = arguments.get<std::string>(0);
    auto const word = arguments.get_or<std::string>(1, "sql");
    auto const from = arguments.get<std::int32_t>(2), to = arguments.get<std::int32_t>(3);
    auto const format = model::migration::format_from_text(word);
    if (!format)
        throw pg::Error(pg::sqlstate::invalid_argument, "unrecognized format \"{}\"", word)
            .hint("Pass one of: sql, plain, alembic, django, rails, knex, flyway, sqitch.");
    if (!name) {
        if (from || to)
            throw pg::Error(pg::sqlstate::invalid_argument, "versions are of one view, and no name is given")
                .hint("Pass the name of the view, or leave from_version and to_version out.");
        return pg::Value::text(versioning::export_creation(api::own_views(), *format)).datum;
    }
    auto const managed = api::require_managed_view(*name, pg::Right::own);
    versioning::Exported const exported{managed.view, managed.relation, api::require_version(managed, to)};
    if (!from)
        return pg::Value::text(versioning::export_creation({exported}, *format)).datum;
    auto const before = api::require_version(managed, from);
    if (before.number == exported.version.number)
        throw pg::Error(pg::sqlstate::invalid_argument, "from_version and to_version are the same version {}",
                        before.number)
            .hint("Leave from_version out for a script that creates the view.");
    return pg::Value::text(versioning::export_change(exported, before, *format)).datum;
}
