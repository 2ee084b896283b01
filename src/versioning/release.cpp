#include "versioning/release.hpp"

#include "catalog/changes.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::versioning {

Change release(const catalog::views::View &view, Archives archives) {
    lock_name(view.name);
    lock_view(view.id);
    auto const current = catalog::views::get(view.id);
    if (!current || current->ended)
        throw pg::Error(pg::sqlstate::undefined_object, "materialized view \"{}\" is not managed", view.name.quoted());
    auto const relation = pg::find_relation(view.name);
    bool const exists = relation && relation->is_materialized_view();
    retire(*current, archives);
    catalog::views::end(view.id, catalog::views::Ended::released);
    catalog::changes::add(view.id, "released", std::nullopt, view.live_version, std::nullopt);
    return {.name = view.name,
            .view_id = view.id,
            .version = view.live_version,
            .action = "released",
            .relation = exists ? relation->oid : InvalidOid,
            .message = exists ? "an ordinary materialized view again; mv_adopt continues its history"
                              : "the materialized view is gone; its history is kept"};
}

} // namespace mvmanager::versioning
