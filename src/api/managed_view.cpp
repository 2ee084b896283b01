#include "api/managed_view.hpp"

#include "pg/error.hpp"
#include "pg/search_path.hpp"
#include "pg/values.hpp"

namespace mvmanager::api {
namespace {

// A view the catalog still knows under the name, though no relation has it.
std::optional<catalog::views::View> find_orphan(const pg::WrittenName &name) {
    if (name.schema)
        return catalog::views::find({*name.schema, name.name});
    for (const std::string &schema : pg::schemas_in_search_path()) {
        if (auto view = catalog::views::find({schema, name.name}))
            return view;
    }
    return std::nullopt;
}

[[noreturn]] void throw_missing(const pg::WrittenName &name) {
    if (auto const orphan = find_orphan(name)) {
        auto const quoted = orphan->name.quoted();
        throw pg::Error(pg::sqlstate::undefined_object, "managed materialized view \"{}\" no longer exists", quoted)
            .hint("It was dropped or renamed by hand. Call mv_release({}) to stop managing it.",
                  pg::quote_literal(quoted));
    }
    if (name.schema)
        throw pg::Error(pg::sqlstate::undefined_table, "materialized view \"{}.{}\" does not exist", *name.schema,
                        name.name);
    throw pg::Error(pg::sqlstate::undefined_table, "materialized view \"{}\" does not exist", name.name);
}

} // namespace

pg::Relation require_materialized_view(std::string_view name, pg::Right right) {
    auto const written = pg::parse_name(name);
    auto const relation = pg::find_relation(written);
    if (!relation)
        throw_missing(written);
    if (!relation->is_materialized_view())
        throw pg::Error(pg::sqlstate::wrong_object_type, "\"{}\" is not a materialized view", written.name);
    pg::require_right(*relation, right);
    return *relation;
}

ManagedView require_managed_view(std::string_view name, pg::Right right) {
    auto relation = require_materialized_view(name, right);
    auto view = catalog::views::require(relation.name);
    return {std::move(view), std::move(relation)};
}

catalog::views::View require_registered_view(std::string_view name) {
    auto const written = pg::parse_name(name);
    auto const relation = pg::find_relation(written);
    if (relation && relation->is_materialized_view())
        return catalog::views::require(relation->name);
    if (auto orphan = find_orphan(written))
        return *orphan;
    if (relation)
        throw pg::Error(pg::sqlstate::wrong_object_type, "\"{}\" is not a materialized view", written.name);
    throw_missing(written);
}

catalog::versions::Version require_version(const ManagedView &managed, std::optional<int> number) {
    int const wanted = number.value_or(managed.view.live_version.value_or(0));
    auto version = catalog::versions::get(managed.view.id, wanted);
    if (!version)
        throw pg::Error(pg::sqlstate::undefined_object, "materialized view \"{}\" has no version {}",
                        managed.view.name.quoted(), wanted)
            .hint("Call mv_history({}) to see its versions.", pg::quote_literal(managed.view.name.quoted()));
    return *std::move(version);
}

} // namespace mvmanager::api
