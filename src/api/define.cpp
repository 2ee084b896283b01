// mv_create, mv_apply, mv_adopt, mv_adopt_schema, mv_release and mv_drop.

#include <algorithm>
#include <array>

#include "api/change_row.hpp"
#include "api/execution.hpp"
#include "api/managed_view.hpp"
#include "api/view_options.hpp"
#include "catalog/extension.hpp"
#include "catalog/runs.hpp"
#include "format.hpp"
#include "pg/search_path.hpp"
#include "pg/security.hpp"
#include "pg/transaction.hpp"
#include "refresh/refresh.hpp"
#include "versioning/adopt.hpp"
#include "versioning/apply.hpp"
#include "versioning/create.hpp"
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

void check_word(const char *argument, const std::string &word, std::initializer_list<std::string_view> allowed) {
    if (std::ranges::find(allowed, word) == allowed.end())
        throw pg::Error(pg::sqlstate::invalid_argument, "unrecognized value for argument \"{}\": \"{}\"", argument,
                        word)
            .hint("Pass one of: {}.", join(allowed, ", "));
}

enum class Build { automatic, now, background };

Build read_build(const std::string &word) {
    check_word("build", word, {"auto", "now", "background"});
    return word == "background" ? Build::background : word == "now" ? Build::now : Build::automatic;
}

// Who fills a new view. The worker is told before the catalog changes.
Build decide(Build wish, bool with_data) {
    if (!with_data || wish == Build::now || (wish == Build::automatic && !is_executing()))
        return wish;
    require_execution();
    return Build::background;
}

// The rows of a view that was just created.
void fill(versioning::Change &change, Build build, bool with_data) {
    auto const literal = pg::quote_literal(change.name.quoted());
    if (!with_data) {
        change.message = format("created without rows; call mv_refresh({}) to fill it", literal);
        return;
    }
    if (build == Build::background) {
        auto const run =
            catalog::runs::add_queued({.view_id = change.view_id,
                                       .version = change.version,
                                       .reason = catalog::runs::Reason::async,
                                       .requested_by = pg::role_name(pg::call([] { return GetSessionUserId(); }))});
        change.message = format("created without rows; run {} fills it after commit", run);
        return;
    }
    if (build == Build::automatic)
        pg::notice("filling the view in this transaction: no worker runs in this database",
                   "Pass build => 'now' to choose this, or call mv_resume() to let the worker do it after commit.");
    auto const result = refresh::run({.view_id = change.view_id, .relation = change.relation});
    catalog::versions::note_built(change.view_id, *change.version, result.work.started_at, result.work.rows_total,
                                  std::nullopt);
    change.message = result.work.rows_total ? format("created with {} row{}", *result.work.rows_total,
                                                     *result.work.rows_total == 1 ? "" : "s")
                                            : std::string("created and filled");
}

versioning::Definition definition_of(const versioning::Wish &wish) {
    return {.text = wish.text,
            .indexes = wish.indexes.value_or(std::vector<std::string>()),
            .label = wish.label,
            .comment = wish.comment,
            .storage = {wish.options.set, wish.options.tablespace, wish.options.access_method}};
}

versioning::Change create(const pg::WrittenName &name, const versioning::Wish &wish, Build build, bool with_data) {
    Build const decided = decide(build, with_data);
    auto change = versioning::create(name, definition_of(wish));
    fill(change, decided, with_data);
    return change;
}

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

MV_FUNCTION(mvm_create) {
    pg::Arguments const arguments(fcinfo);
    auto const name = arguments.require<std::string>(0, "name");
    versioning::Wish wish{.text = arguments.require<std::string>(1, "definition"),
                          .indexes = arguments.get<std::vector<std::string>>(2),
                          .label = arguments.get<std::string>(3),
                          .comment = arguments.get<std::string>(6)};
    auto const build = api::read_build(arguments.get_or<std::string>(4, "auto"));
    bool const with_data = arguments.get_or<bool>(5, true);
    if (!arguments.is_null(7))
        wish.options = api::read_options(fcinfo->args[7].value);
    pg::require_writable("mv_create()");
    return pg::make_row(fcinfo, api::columns_of(api::create(pg::parse_name(name), wish, build, with_data)));
}

MV_FUNCTION(mvm_apply) {
    pg::Arguments const arguments(fcinfo);
    auto const name = arguments.require<std::string>(0, "name");
    versioning::Wish wish{.text = arguments.require<std::string>(1, "definition"),
                          .indexes = arguments.get<std::vector<std::string>>(2),
                          .label = arguments.get<std::string>(3),
                          .comment = arguments.get<std::string>(9),
                          .drop_indexes = arguments.get_or<bool>(11, false)};
    auto const build = api::read_build(arguments.get_or<std::string>(4, "auto"));
    api::check_word("promote", arguments.get_or<std::string>(5, "auto"), {"auto", "manual"});
    api::check_word("dependents", arguments.get_or<std::string>(6, "keep"), {"keep", "recreate"});
    if (!arguments.is_null(10))
        wish.options = api::read_options(fcinfo->args[10].value);
    bool const with_data = arguments.get_or<bool>(12, true);
    pg::require_writable("mv_apply()");
    auto const written = pg::parse_name(name);
    if (!pg::find_relation(written))
        versioning::lock_name(pg::creation_name(written)); // somebody may be creating it: look again when they have
    if (!pg::find_relation(written))
        return pg::make_row(fcinfo, api::columns_of(api::create(written, wish, build, with_data)));
    auto const managed = api::require_managed_view(name, pg::Right::own);
    return pg::make_row(fcinfo, api::columns_of(versioning::apply(managed.view, managed.relation, wish)));
}

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
    api::check_word("archives", arguments.get_or<std::string>(1, "keep"), {"keep", "drop"});
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
        out.add(api::columns_of(versioning::release(view)));
    return static_cast<Datum>(0);
}

MV_FUNCTION(mvm_drop) {
    pg::Arguments const arguments(fcinfo);
    auto const name = arguments.require<std::string>(0, "name");
    bool const cascade = arguments.get_or<bool>(1, false);
    pg::require_writable("mv_drop()");
    auto const managed = api::require_managed_view(name, pg::Right::own);
    auto const change =
        versioning::drop(managed.view, cascade ? versioning::Dependents::drop : versioning::Dependents::refuse);
    return pg::make_row(fcinfo, api::columns_of(change));
}
