// mv_adopt, mv_adopt_schema, mv_release and mv_drop.

#include <algorithm>

#include "api/change_row.hpp"
#include "api/managed_view.hpp"
#include "api/word.hpp"
#include "catalog/extension.hpp"
#include "format.hpp"
#include "pg/search_path.hpp"
#include "pg/security.hpp"
#include "pg/transaction.hpp"
#include "versioning/adopt.hpp"
#include "versioning/drop.hpp"
#include "versioning/release.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::api {

std::vector<pg::Value> columns_of(const versioning::Change &change) {
    return {pg::Value::text(change.name.quoted()), pg::Value::int4(change.version),
            pg::Value::text(change.action),        pg::Value::text_or_null(change.state),
            pg::Value::regclass(change.relation),  pg::Value::text_or_null(change.message)};
}

namespace {

// A view whose relation is gone has no owner; its name belongs to who could create it anew.
void require_right_to_release(const catalog::views::View &view) {
    auto const relation = pg::find_relation(view.name);
    if (relation && relation->is_materialized_view()) {
        pg::require_right(*relation, pg::Right::own);
        return;
    }
    if (!pg::is_member_of(catalog::require_extension().owner) && !pg::may_create_in(view.name.schema))
        throw pg::Error(pg::sqlstate::insufficient_privilege, "permission denied for managed materialized view \"{}\"",
                        view.name.quoted())
            .detail("It no longer exists; only who may create it in its schema can release it.");
}

// NULL means all: what the caller may not release is somebody else's and left alone.
std::vector<catalog::views::View> views_to_release() {
    std::vector<catalog::views::View> views;
    for (auto &view : catalog::views::all()) {
        auto const relation = pg::find_relation(view.name);
        bool const exists = relation && relation->is_materialized_view();
        if (exists ? pg::has_right(relation->oid, pg::Right::own)
                   : pg::is_member_of(catalog::require_extension().owner) || pg::may_create_in(view.name.schema))
            views.push_back(std::move(view));
    }
    return views;
}

} // namespace
} // namespace mvmanager::api

using namespace mvmanager;

MV_FUNCTION(mvm_adopt) {
    pg::Arguments const arguments(fcinfo);
    auto const name = arguments.require<std::string>(0, "name");
    pg::require_writable("mv_adopt()");
    auto const relation = api::require_materialized_view(name, pg::Right::own);
    return pg::make_row(fcinfo, api::columns_of(versioning::adopt(relation, arguments.get<std::string>(1))));
}

MV_FUNCTION(mvm_adopt_schema) {
    pg::Arguments const arguments(fcinfo);
    auto const schema = arguments.require<std::string>(0, "schema");
    pg::require_writable("mv_adopt_schema()");
    pg::require_schema(schema);
    pg::RowSink out(fcinfo);
    std::vector<pg::QualifiedName> left_out;
    for (const auto &change : versioning::adopt_schema(schema, left_out))
        out.add(api::columns_of(change));
    if (!left_out.empty())
        pg::notice(format("{} materialized view{} of schema \"{}\" left out: not owned by \"{}\"", left_out.size(),
                          left_out.size() == 1 ? "" : "s", schema, pg::role_name(GetUserId())));
    return static_cast<Datum>(0);
}

MV_FUNCTION(mvm_release) {
    pg::Arguments const arguments(fcinfo);
    auto const name = arguments.get<std::string>(0);
    auto const archives = arguments.get_or<std::string>(1, "keep");
    api::check_word("archives", archives, {"keep", "drop"});
    pg::require_writable("mv_release()");
    std::vector<catalog::views::View> views;
    if (name) {
        views.push_back(api::require_registered_view(*name));
        api::require_right_to_release(views.front());
    } else {
        views = api::views_to_release();
    }
    pg::RowSink out(fcinfo);
    for (const auto &view : views)
        out.add(api::columns_of(
            versioning::release(view, archives == "drop" ? versioning::Archives::drop : versioning::Archives::keep)));
    return static_cast<Datum>(0);
}

MV_FUNCTION(mvm_drop) {
    pg::Arguments const arguments(fcinfo);
    auto const name = arguments.require<std::string>(0, "name");
    bool const cascade = arguments.get_or<bool>(1, false);
    pg::require_writable("mv_drop()");
    auto const managed = api::require_managed_view(name, pg::Right::own);
    auto const change =
        versioning::drop(managed.view, cascade ? versioning::Cascade::drop : versioning::Cascade::refuse);
    return pg::make_row(fcinfo, api::columns_of(change));
}
