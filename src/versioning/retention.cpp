#include "versioning/retention.hpp"

#include <algorithm>

#include "catalog/changes.hpp"
#include "catalog/runs.hpp"
#include "catalog/version_states.hpp"
#include "format.hpp"
#include "pg/clock.hpp"
#include "pg/relation_lock.hpp"
#include "pg/staged_relation.hpp"
#include "pg/transaction.hpp"
#include "settings.hpp"
#include "versioning/promotion.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::versioning {
namespace {

using catalog::version_states::State;
using model::VersionState;

std::int64_t archived_at(std::int64_t view_id, int number) {
    std::int64_t at = 0;
    for (const auto &change : catalog::changes::all(view_id))
        if (change.from_version == number && change.to_version != number)
            at = change.changed_at;
    return at;
}

// False where somebody uses it.
bool drop_rows(const State &state) {
    auto const relation = state.relation ? pg::find_relation(*state.relation) : std::nullopt;
    if (relation && relation->is_materialized_view()) {
        bool is_dropped = false;
        auto const error = pg::try_in_subtransaction([&] {
            if (!pg::lock_relation(relation->oid, pg::LockMode::access_exclusive, pg::Wait::no))
                return;
            pg::drop_staged(relation->oid);
            is_dropped = true;
        });
        if (error)
            pg::log(format("mvmanager could not drop {}: {}", state.relation->quoted(), error->message()));
        if (!is_dropped)
            return false;
    }
    catalog::version_states::set_state(state.view_id, state.number, VersionState::pruned);
    catalog::version_states::set_relation(state.view_id, state.number, std::nullopt);
    return true;
}

} // namespace

std::vector<State> archived_versions(std::int64_t view_id) {
    std::vector<State> states = catalog::version_states::all(view_id);
    std::erase_if(states, [](const State &state) { return state.state != VersionState::archived; });
    auto const changes = catalog::changes::all(view_id);
    // When it stopped being live.
    auto last = [&](const State &state) {
        std::int64_t id = 0;
        for (const auto &change : changes)
            if (change.from_version == state.number && change.to_version != state.number)
                id = change.id;
        return id;
    };
    std::ranges::stable_sort(states, [&](const State &a, const State &b) { return last(a) > last(b); });
    return states;
}

std::vector<Change> prune(const catalog::views::View &view, int keep, std::optional<std::int64_t> older_than) {
    std::vector<Change> changes;
    int kept = 0;
    for (const State &state : archived_versions(view.id)) {
        if (kept < keep) {
            ++kept;
            continue;
        }
        if (older_than && pg::wall_clock_now() - archived_at(view.id, state.number) < *older_than)
            continue;
        auto const bytes = state.bytes.value_or(0);
        if (!drop_rows(state))
            continue;
        catalog::changes::add(view.id, "pruned", std::nullopt, state.number, state.number);
        changes.push_back({.name = view.name,
                           .view_id = view.id,
                           .version = state.number,
                           .action = "pruned",
                           .state = "pruned",
                           .message = format("its rows ({} kB) are dropped; its definition is kept", bytes / 1024)});
    }
    return changes;
}

void retire(const catalog::views::View &view, Archives archives) {
    for (const State &state : catalog::version_states::all(view.id)) {
        bool const is_open = state.state == VersionState::queued || state.state == VersionState::building ||
                             state.state == VersionState::ready;
        if (is_open && catalog::version_states::try_set_state(view.id, state.number, VersionState::cancelled))
            catalog::runs::end_queued_builds(view.id, state.number, "cancelled", "the view is no longer managed");
    }
    drop_abandoned(view.id);
    if (archives == Archives::drop)
        prune(view, 0, std::nullopt);
}

void retain(std::int64_t view_id) {
    if (auto const view = catalog::views::get(view_id))
        prune(*view, settings::keep_archived, std::nullopt);
}

} // namespace mvmanager::versioning
