#include "versioning/way_back.hpp"

#include <algorithm>

#include "catalog/changes.hpp"
#include "pg/query.hpp"
#include "pg/storage.hpp"
#include "pg/values.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::versioning {

using catalog::version_states::State;
using catalog::versions::Version;
using catalog::views::View;
using model::VersionState;

void throw_no_version(const View &view, int number) {
    auto const name = view.name.quoted();
    throw pg::Error(pg::sqlstate::undefined_object, "materialized view \"{}\" has no version {}", name, number)
        .hint("SELECT * FROM mv_history({}) lists them.", pg::quote_literal(name));
}

int version_before(const View &view) {
    int const live = view.live_version.value_or(0);
    for (const auto &change : catalog::changes::all(view.id)) {
        if (change.to_version != live || change.action == "queued" || change.action == "unchanged")
            continue;
        if (change.from_version && change.from_version != live)
            return *change.from_version;
        break;
    }
    throw pg::Error(pg::sqlstate::wrong_state, "materialized view \"{}\" has no version before version {}",
                    view.name.quoted(), live)
        .hint("Name one: SELECT * FROM mv_history({}) lists them.", pg::quote_literal(view.name.quoted()));
}

bool has_rows(const State &state) {
    if (state.state != VersionState::archived || !state.relation)
        return false;
    auto const relation = pg::find_relation(*state.relation);
    return relation && relation->is_materialized_view() && pg::holds_archived_rows(relation->oid);
}

bool is_live_definition(const pg::Relation &relation, const Version &version) {
    auto const live = pg::live_definition(relation.oid);
    return catalog::versions::data_hash(live.canonical, live.columns) ==
           catalog::versions::data_hash(version.canonical, version.columns);
}

catalog::version_states::Order order_of_way_back(const View &view, int target) {
    int const live = view.live_version.value_or(target);
    catalog::version_states::Order order;
    for (const State &state : catalog::version_states::all(view.id))
        if (state.number > std::min(live, target) && state.number <= std::max(live, target))
            order.recreates_dependents = order.recreates_dependents || state.order.recreates_dependents;
    return order;
}

} // namespace mvmanager::versioning
