#include "versioning/adopt.hpp"

#include <algorithm>

#include "catalog/changes.hpp"
#include "catalog/version_states.hpp"
#include "format.hpp"
#include "model/graph.hpp"
#include "pg/dependency.hpp"
#include "pg/security.hpp"
#include "pg/spi.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::versioning {
namespace {

constinit pg::Statement views_of_schema(
    "SELECT c.oid FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) "
    "c.relnamespace "
    "WHERE c.relkind OPERATOR(pg_catalog.=) 'm' AND n.nspname OPERATOR(pg_catalog.=) $1::pg_catalog.name "
    "ORDER BY c.relname USING OPERATOR(pg_catalog.<)");

// A released view of that name may be continued by the owner it had.
std::optional<catalog::views::View> continued(const pg::Relation &relation) {
    auto view = catalog::views::find_released(relation.name);
    if (!view || !view->live_version)
        return std::nullopt;
    auto const last = catalog::versions::get(view->id, *view->live_version);
    if (!last || last->owner_name != pg::role_name(relation.owner))
        return std::nullopt;
    return view;
}

// The version the view already has for what the relation shows.
bool shows(const catalog::versions::Version &version, const catalog::versions::NewVersion &now) {
    return version.data_hash == catalog::versions::data_hash(now.canonical, now.columns) &&
           version.metadata_hash == catalog::versions::metadata_hash(now.indexes, now.options, now.comment);
}

Change already_managed(const catalog::views::View &view, const pg::Relation &relation,
                       const std::optional<std::string> &label) {
    if (label && !catalog::changes::find_label(view.id, *label))
        catalog::changes::add(view.id, "unchanged", label, view.live_version, view.live_version);
    return {.name = view.name,
            .view_id = view.id,
            .version = view.live_version,
            .action = "unchanged",
            .state = "live",
            .relation = relation.oid,
            .message = "it is managed already"};
}

} // namespace

Change adopt(const pg::Relation &relation, const std::optional<std::string> &label) {
    check_label(label);
    require_ordinary_schema(relation.name);
    lock_name(relation.name);
    if (auto const managed = catalog::views::find(relation.name))
        return already_managed(*managed, relation, label);

    auto const released = continued(relation);
    auto const view_id = released ? released->id : catalog::views::add(relation.name);
    lock_view(view_id);
    auto const locked = pg::lock_materialized_view(relation.name, pg::LockMode::access_share, pg::Right::own);
    if (!locked || locked->oid != relation.oid)
        throw pg::Error(pg::sqlstate::undefined_table, "materialized view \"{}\" does not exist",
                        relation.name.quoted());

    Change change{
        .name = relation.name, .view_id = view_id, .action = "adopted", .state = "live", .relation = relation.oid};
    std::optional<int> before;
    Indexes indexes;
    if (released) {
        before = released->live_version;
        indexes = registered_indexes(*released);
        catalog::views::reopen(view_id);
    }
    for (const auto &index : pg::indexes_of(relation.oid))
        indexes.try_emplace(index.name);
    auto const now = describe(*locked, pg::definition_text(relation.oid), indexes, "adopted");
    if (released)
        check_label_is_free(*released, label, now.canonical, now.columns);
    if (auto const last = before ? catalog::versions::get(view_id, *before) : std::nullopt; last && shows(*last, now)) {
        change.version = before;
        change.message = format("continued at version {}", *before);
    } else {
        if (before)
            catalog::version_states::set_state(view_id, *before, model::VersionState::pruned);
        change.version = catalog::versions::add(view_id, now, model::VersionState::live);
        catalog::views::set_live(view_id, *change.version);
        change.message = before ? format("continued after version {}: it was changed since", *before)
                                : std::string("registered as it is; nothing was changed");
    }
    catalog::changes::add(view_id, "adopted", label, before, change.version);
    return change;
}

std::vector<Change> adopt_schema(const std::string &schema, std::vector<pg::QualifiedName> &left_out) {
    std::vector<pg::Relation> relations;
    std::vector<Oid> found;
    {
        pg::Spi spi;
        for (const pg::Row &row : spi.run(views_of_schema, {pg::Value::text(schema)}))
            found.push_back(row.get<Oid>(0));
    }
    for (Oid const oid : found) {
        auto relation = pg::describe_relation(oid);
        if (!relation)
            continue;
        if (pg::has_right(oid, pg::Right::own))
            relations.push_back(std::move(*relation));
        else
            left_out.push_back(relation->name);
    }

    std::vector<model::Node> nodes;
    std::vector<model::Edge> edges;
    for (std::size_t i = 0; i < relations.size(); ++i) {
        nodes.push_back({static_cast<std::int64_t>(i), relations[i].name.quoted()});
        for (Oid const read : pg::stored_relations(pg::relations_read_by(relations[i].oid)))
            if (auto const it = std::ranges::find(relations, read, &pg::Relation::oid); it != relations.end())
                edges.push_back({static_cast<std::int64_t>(i), it - relations.begin()});
    }
    auto const order = model::topological_order(nodes, edges);
    if (auto const *cycle = std::get_if<model::Cycle>(&order))
        throw pg::Error(pg::sqlstate::invalid_recursion, "materialized views read each other in a circle")
            .detail("{} reads {}.", join(cycle->names, " reads "), cycle->names.front());
    std::vector<Change> changes;
    for (std::int64_t const i : std::get<std::vector<std::int64_t>>(order))
        changes.push_back(adopt(relations[static_cast<std::size_t>(i)], std::nullopt));
    return changes;
}

} // namespace mvmanager::versioning
