#include "versioning/rollback.hpp"

#include <algorithm>
#include <utility>

#include "catalog/changes.hpp"
#include "catalog/runs.hpp"
#include "format.hpp"
#include "pg/lock.hpp"
#include "pg/relation_lock.hpp"
#include "pg/transaction.hpp"
#include "pg/values.hpp"
#include "versioning/alter.hpp"
#include "versioning/build.hpp"
#include "versioning/drop.hpp"
#include "versioning/release.hpp"
#include "versioning/replace.hpp"
#include "versioning/verify.hpp"
#include "versioning/way_back.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::versioning {
namespace {

using catalog::version_states::State;
using catalog::versions::Version;
using catalog::views::View;
using model::VersionState;

// ---- finding a version ------------------------------------------------------------------------------------------------

[[noreturn]] void throw_no_label(const View &view, const std::string &label) {
    auto const name = view.name.quoted();
    throw pg::Error(pg::sqlstate::undefined_object, "materialized view \"{}\" has no label \"{}\"", name, label)
        .hint("SELECT version, label FROM mv_history({}) lists them.", pg::quote_literal(name));
}

struct Target {
    int version = 0;
    std::optional<std::string> label; // whose change is undone
    bool is_by_number = false;
};

// ---- the locks --------------------------------------------------------------------------------------------------------

struct Held {
    View view;
    pg::Relation relation;
};

Held hold(const View &view) {
    lock_view(view.id);
    auto relation = pg::lock_materialized_view(view.name, pg::LockMode::share_update_exclusive, pg::Right::own);
    auto current = catalog::views::get(view.id);
    if (!relation || !current || current->ended)
        throw pg::Error(pg::sqlstate::undefined_object, "managed materialized view \"{}\" no longer exists",
                        view.name.quoted());
    return {std::move(*current), std::move(*relation)};
}

Subject subject_of(const Held &held, int number, catalog::version_states::Order order) {
    return {held.view, held.relation, *catalog::versions::get(held.view.id, number), std::move(order)};
}

// ---- the answer -------------------------------------------------------------------------------------------------------

Change change_of(const View &view, int version, const char *action, std::string_view state, std::string message) {
    auto const relation = pg::find_relation(view.name);
    return {.name = view.name,
            .view_id = view.id,
            .version = version,
            .action = action,
            .state = std::string(state),
            .relation = relation ? relation->oid : InvalidOid,
            .message = std::move(message)};
}

// ---- rolling back -----------------------------------------------------------------------------------------------------

void require_restorable(const View &view, const pg::Relation &relation, const Version &version, bool is_by_number) {
    auto const name = view.name.quoted();
    if (!is_by_number && version.owner_name != pg::role_name(relation.owner))
        throw pg::Error(pg::sqlstate::insufficient_privilege,
                        "version {} of materialized view \"{}\" was registered under another owner", version.number,
                        name)
            .detail("It was {}; now it is {}.", version.owner_name, pg::role_name(relation.owner))
            .hint("Look at mv_definition({}, {}), then call mv_rollback({}, to_version => {}).",
                  pg::quote_literal(name), version.number, pg::quote_literal(name), version.number);
    auto const error = pg::try_in_subtransaction([&] { analyse_as_owner(relation, version.canonical); });
    if (!error)
        return;
    throw pg::Error(pg::sqlstate::wrong_state, "version {} of materialized view \"{}\" can no longer be built: {}",
                    version.number, name, error->message())
        .detail("Nothing was changed.")
        .hint("Call mv_definition({}, {}), adapt it to what is there now, and pass it to mv_apply.",
              pg::quote_literal(name), version.number);
}

// The rows that are kept of it are not wanted.
void forget_rows(const State &state) {
    if (auto const relation = state.relation ? pg::find_relation(*state.relation) : std::nullopt) {
        pg::lock_relation(relation->oid, pg::LockMode::access_exclusive, pg::Wait::yes);
        pg::drop_staged(relation->oid);
    }
    catalog::version_states::set_relation(state.view_id, state.number, std::nullopt);
    if (state.state == VersionState::archived)
        catalog::version_states::set_state(state.view_id, state.number, VersionState::pruned);
}

// Indexes, storage parameters and comment only: in this transaction.
void alter_now(const Subject &subject, const Target &target, std::optional<int> before) {
    auto const change = column_change(subject, subject.version.columns);
    auto const wanted = wanted_indexes(subject, change);
    for (const auto &index : pg::indexes_of(subject.live.oid))
        if (std::ranges::find(wanted, index.oid, &WantedIndex::live) == wanted.end())
            pg::drop_index({subject.live.name.schema, index.name});
    for (const WantedIndex &index : wanted)
        if (!OidIsValid(index.live))
            index.text.create(subject.live, index.name);
    change_settings(subject);
    auto const id = subject.view.id;
    for (VersionState const state : {VersionState::building, VersionState::ready})
        catalog::version_states::set_state(id, subject.version.number, state);
    if (subject.view.live_version)
        catalog::version_states::set_state(id, *subject.view.live_version, VersionState::pruned);
    catalog::version_states::set_state(id, subject.version.number, VersionState::live);
    catalog::views::set_live(id, subject.version.number);
    catalog::changes::add(id, "rolled_back", target.label, before, subject.version.number);
}

Change restore(const View &view, const State &state, const Target &target, std::optional<int> before) {
    auto const held = hold(view);
    auto subject = subject_of(held, state.number, order_of_way_back(held.view, state.number));
    promote_now(std::move(subject), {"rolled_back", target.label, before});
    return change_of(held.view, state.number, "rolled_back", "live",
                     format("version {} is live again with the rows it had", state.number));
}

Change rebuild(const View &view, const pg::Relation &relation, const State &state, const Target &target,
               std::optional<int> before, const RollbackWish &wish) {
    int const number = state.number;
    forget_rows(state);
    auto const version = *catalog::versions::get(view.id, number);
    bool const only_alters = is_live_definition(relation, version);
    catalog::version_states::set_state(view.id, number, VersionState::queued);
    auto const order = order_of_way_back(view, number);
    auto kept = state.order;
    kept.is_manual = false;
    kept.family.reset();
    kept.recreates_dependents = order.recreates_dependents;
    catalog::version_states::set_order(view.id, number, kept);
    catalog::version_states::note_error(view.id, number, std::nullopt);
    if (relation.populated && wish.is_background &&
        wish.is_background(only_alters ? Wish::Task::indexes : Wish::Task::build)) {
        auto const run = catalog::runs::add_queued({.view_id = view.id,
                                                    .version = number,
                                                    .kind = catalog::runs::Kind::build,
                                                    .reason = catalog::runs::Reason::async,
                                                    .strategy = "build",
                                                    .requested_by = pg::session_user_name()});
        catalog::changes::add(view.id, "rolled_back", target.label, before, number);
        return change_of(view, number, "queued", "queued",
                         format("run {} {} after commit and makes it live", run,
                                only_alters ? "restores its indexes" : "builds it again"));
    }
    auto const held = hold(view);
    auto subject = subject_of(held, number, kept);
    if (only_alters)
        alter_now(subject, target, before);
    else
        build_now(std::move(subject), Goal::live, {"rolled_back", target.label, before});
    return change_of(held.view, number, "rolled_back", "live",
                     only_alters ? format("indexes and options of version {} are restored", number)
                                 : format("version {} was built again and is live", number));
}

Change go_to(const View &view, const Target &target, const RollbackWish &wish) {
    auto const relation = pg::find_relation(view.name);
    auto const version = catalog::versions::get(view.id, target.version);
    auto const state = catalog::version_states::get(view.id, target.version);
    if (!version || !state)
        throw_no_version(view, target.version);
    auto const pending = catalog::version_states::pending(view.id);
    auto const before = wanted_version(view);
    if (target.version == before && !(pending && pending->order.is_manual)) {
        if (target.label)
            catalog::changes::add(view.id, "rolled_back", target.label, before, target.version);
        return change_of(view, target.version, "unchanged", model::to_text(state->state),
                         format("version {} is {} already", target.version, model::to_text(state->state)));
    }
    if (target.version != view.live_version)
        require_restorable(view, *relation, *version, target.is_by_number);
    if (pending && pending->number != target.version &&
        !supersede(view, pending->number, "rolled back before it was live"))
        throw pg::Error(pg::sqlstate::serialization_failure,
                        "version {} of materialized view \"{}\" became live just now", pending->number,
                        view.name.quoted())
            .hint("Try again.");
    if (target.version == view.live_version) {
        drop_abandoned(view.id);
        catalog::changes::add(view.id, "rolled_back", target.label, before, target.version);
        return change_of(view, target.version, "rolled_back", "live",
                         pending ? format("version {}, which was to become live, is given up", pending->number)
                                 : format("version {} is live already", target.version));
    }
    auto const now = catalog::version_states::get(view.id, target.version);
    if (now->state == VersionState::queued || now->state == VersionState::building || now->state == VersionState::ready)
        throw pg::Error(pg::sqlstate::wrong_state, "version {} of materialized view \"{}\" is {}", target.version,
                        view.name.quoted(), model::to_text(now->state))
            .hint("Call mv_promote({}, {}).", pg::quote_literal(view.name.quoted()), target.version);
    if (has_rows(*now) && !wish.rebuilds)
        return restore(view, *now, target, before);
    return rebuild(view, *relation, *now, target, before, wish);
}

// The label made the view: without it there was none.
Change undo_beginning(const View &view, const catalog::changes::Change &change) {
    catalog::changes::add(view.id, "rolled_back", change.label, change.to_version, std::nullopt);
    if (change.action == "adopted")
        return release(view);
    return drop(view, Cascade::refuse);
}

Change undo(const View &view, const RollbackWish &wish) {
    auto const &label = *wish.undo_label;
    auto const change = catalog::changes::find_label(view.id, label);
    if (!change)
        throw_no_label(view, label);
    if (change->action == "rolled_back")
        return change_of(view, view.live_version.value_or(0), "unchanged", "live",
                         format("label \"{}\" was undone already", label));
    if (!change->from_version)
        return undo_beginning(view, *change);
    lock_versions(view.id);
    auto const current = catalog::views::get(view.id);
    if (change->from_version == change->to_version) {
        catalog::changes::add(view.id, "rolled_back", label, change->from_version, change->to_version);
        return change_of(*current, current->live_version.value_or(0), "unchanged", "live",
                         format("label \"{}\" had changed nothing", label));
    }
    return go_to(*current, {*change->from_version, label, false}, wish);
}

} // namespace

int version_of_label(const View &view, const std::string &label) {
    std::optional<int> found;
    for (const auto &change : catalog::changes::all(view.id))
        if (change.label == label && change.action != "rolled_back" && change.to_version)
            found = change.to_version;
    if (!found)
        throw_no_label(view, label);
    return *found;
}

Change promote_staged(const View &view, std::optional<int> version, const std::optional<std::string> &label) {
    lock_versions(view.id);
    auto const current = catalog::views::get(view.id);
    std::optional<int> number = version;
    if (label)
        number = version_of_label(*current, *label);
    if (!number) {
        for (const State &state : catalog::version_states::all(view.id))
            if (state.state == VersionState::ready)
                number = state.number;
    }
    auto const literal = pg::quote_literal(view.name.quoted());
    if (!number)
        throw pg::Error(pg::sqlstate::undefined_object, "materialized view \"{}\" has no version that is ready",
                        view.name.quoted())
            .hint("CALL mv_wait({}) waits for one that is being built.", literal);
    if (number == current->live_version)
        return change_of(*current, *number, "unchanged", "live", format("version {} is live already", *number));
    auto const held = hold(*current);
    auto const state = catalog::version_states::get(view.id, *number);
    if (!state)
        throw_no_version(view, *number);
    if (state->state == VersionState::archived || state->state == VersionState::pruned)
        throw pg::Error(pg::sqlstate::wrong_state, "version {} of materialized view \"{}\" was live before", *number,
                        view.name.quoted())
            .hint("Call mv_rollback({}, to_version => {}).", literal, *number);
    if (state->state != VersionState::ready) {
        bool const is_on_its_way = state->state == VersionState::queued || state->state == VersionState::building;
        pg::Error error(pg::sqlstate::wrong_state, "version {} of materialized view \"{}\" is not ready: it is {}",
                        *number, view.name.quoted(), model::to_text(state->state));
        if (is_on_its_way)
            throw std::move(error).hint("CALL mv_wait({}, version => {}) first.", literal, *number);
        throw std::move(error)
            .detail("{}", state->error.value_or("It has no rows."))
            .hint("Call mv_apply with its definition again.");
    }
    promote_now(subject_of(held, *number, state->order), {"promoted", std::nullopt, held.view.live_version});
    return change_of(held.view, *number, "promoted", "live", format("version {} is live", *number));
}

Change roll_back(const View &view, const RollbackWish &wish) {
    if (wish.undo_label)
        return undo(view, wish);
    lock_versions(view.id);
    auto const current = catalog::views::get(view.id);
    if (wish.to_version)
        return go_to(*current, {*wish.to_version, std::nullopt, true}, wish);
    if (wish.to_label)
        return go_to(*current, {version_of_label(*current, *wish.to_label), std::nullopt, false}, wish);
    auto const pending = catalog::version_states::pending(view.id);
    int const target = pending ? current->live_version.value_or(0) : version_before(*current);
    return go_to(*current, {target, std::nullopt, false}, wish);
}

Change cancel(const View &view, int version) {
    auto const state = catalog::version_states::get(view.id, version);
    if (!state)
        throw_no_version(view, version);
    if (!catalog::version_states::try_set_state(view.id, version, VersionState::cancelled)) {
        auto const now = catalog::version_states::get(view.id, version);
        pg::Error error(pg::sqlstate::wrong_state,
                        "version {} of materialized view \"{}\" cannot be cancelled: it is {}", version,
                        view.name.quoted(), model::to_text(now->state));
        if (now->state != VersionState::live)
            throw error;
        throw std::move(error).hint("Call mv_rollback({}) to return to an earlier version.",
                                    pg::quote_literal(view.name.quoted()));
    }
    catalog::runs::end_queued_builds(view.id, version, "cancelled", "the version was cancelled");
    catalog::changes::add(view.id, "cancelled", std::nullopt, version, view.live_version);
    std::string message = format("version {} is given up", version);
    // By the coordinator, when this is committed: what is rolled back has stopped nothing.
    if (catalog::runs::running_build(view.id, version))
        message += "; its build is stopped";
    else
        drop_abandoned(view.id);
    return change_of(view, version, "cancelled", "cancelled", std::move(message));
}

} // namespace mvmanager::versioning
