#include "versioning/drop.hpp"

#include "format.hpp"
#include "pg/dependency.hpp"
#include "pg/values.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::versioning {
namespace {

std::string list_of(const std::vector<pg::Dependent> &dependents) {
    constexpr std::size_t shown = 50;
    std::string out;
    for (std::size_t i = 0; i < dependents.size() && i < shown; ++i)
        out += format("{}{} {} would go with it.", i ? "\n" : "", dependents[i].kind, dependents[i].object);
    if (dependents.size() > shown)
        out += format("\nAnd {} more.", dependents.size() - shown);
    return out;
}

// Managed views that the cascade reaches, to be ended when it has.
std::vector<catalog::views::View> managed_among(const std::vector<pg::Dependent> &dependents) {
    std::vector<catalog::views::View> views;
    for (const auto &dependent : dependents) {
        if (!OidIsValid(dependent.relation))
            continue;
        auto const relation = pg::describe_relation(dependent.relation);
        if (relation && relation->is_materialized_view())
            if (auto view = catalog::views::find(relation->name))
                views.push_back(std::move(*view));
    }
    return views;
}

} // namespace

Change drop(const catalog::views::View &view, Cascade wish) {
    lock_name(view.name);
    lock_view(view.id);
    auto const relation = pg::lock_materialized_view(view.name, pg::LockMode::access_exclusive, pg::Right::own);
    auto const current = catalog::views::get(view.id);
    if (!relation || !current || current->ended)
        throw pg::Error(pg::sqlstate::undefined_object, "managed materialized view \"{}\" no longer exists",
                        view.name.quoted());

    auto const dependents = pg::dependents(relation->oid);
    if (!dependents.empty() && wish == Cascade::refuse)
        throw pg::Error(pg::sqlstate::dependent_objects_exist,
                        "cannot drop materialized view \"{}\" because other objects depend on it", view.name.quoted())
            .detail("{}", list_of(dependents))
            .hint("Call mv_drop({}, cascade => true) to drop them too.", pg::quote_literal(view.name.quoted()));
    auto const managed = managed_among(dependents);
    pg::drop_materialized_view(view.name, wish == Cascade::drop);

    end_orphan(*current);
    std::string message = "its history is kept";
    if (!dependents.empty())
        message = format("dropped with {} dependent object{}; its history is kept", dependents.size(),
                         dependents.size() == 1 ? "" : "s");
    for (const auto &other : managed)
        if (!pg::find_relation(other.name))
            end_orphan(other);
    return {.name = view.name,
            .view_id = view.id,
            .version = current->live_version,
            .action = "dropped",
            .message = std::move(message)};
}

} // namespace mvmanager::versioning
