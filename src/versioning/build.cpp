#include "versioning/build.hpp"

#include <algorithm>
#include <utility>

#include "catalog/data_schema.hpp"
#include "catalog/runs.hpp"
#include "format.hpp"
#include "pg/analyze.hpp"
#include "pg/clock.hpp"
#include "pg/ddl.hpp"
#include "pg/index_build.hpp"
#include "pg/lock.hpp"
#include "pg/progress.hpp"
#include "pg/refresh_command.hpp"
#include "pg/relation_lock.hpp"
#include "pg/snapshot.hpp"
#include "pg/storage.hpp"
#include "pg/values.hpp"
#include "pg/version_relation.hpp"
#include "pg/wait_point.hpp"
#include "refresh/facts.hpp"
#include "refresh/fill.hpp"
#include "refresh/ground.hpp"
#include "refresh/strategy.hpp"
#include "versioning/live_indexes.hpp"
#include "versioning/retention.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::versioning {
namespace {

using catalog::version_states::State;
using model::VersionState;

// ---- what is to be built ----------------------------------------------------------------------------------------------

struct Found {
    Subject subject;
    State state;
};

// nullopt: somebody decided otherwise meanwhile. REQUIRES: the view's lock, a snapshot.
std::optional<Found> find(std::int64_t view_id, int number) {
    auto const view = catalog::views::get(view_id);
    auto const state = catalog::version_states::get(view_id, number);
    auto version = catalog::versions::get(view_id, number);
    if (!view || view->ended || !state || !version)
        return std::nullopt;
    bool const is_wanted = state->state == VersionState::queued || state->state == VersionState::building ||
                           state->state == VersionState::ready;
    if (!is_wanted)
        return std::nullopt;
    auto relation = pg::find_relation(view->name);
    if (!relation || !relation->is_materialized_view())
        throw pg::Error(pg::sqlstate::undefined_table, "materialized view \"{}\" does not exist", view->name.quoted());
    return Found{{*view, std::move(*relation), std::move(*version), state->order}, *state};
}

Oid relation_of(const State &state) {
    if (!state.relation)
        return InvalidOid;
    auto const relation = pg::find_relation(*state.relation);
    return relation && relation->is_materialized_view() ? relation->oid : InvalidOid;
}

bool is_same_definition(const Subject &subject) {
    auto const live = pg::live_definition(subject.live.oid);
    return catalog::versions::data_hash(live.canonical, live.columns) ==
           catalog::versions::data_hash(subject.version.canonical, subject.version.columns);
}

// ---- rows -------------------------------------------------------------------------------------------------------------

StagedVersion create(const Subject &subject, const State &state) {
    int const number = subject.version.number;
    if (Oid const old = relation_of(state); OidIsValid(old)) {
        pg::lock_relation(old, pg::LockMode::access_exclusive, pg::Wait::yes);
        pg::drop_staged(old);
    }
    if (state.state == VersionState::queued)
        catalog::version_states::set_state(subject.view.id, number, VersionState::building);
    auto staged = create_staged_version(subject);
    catalog::version_states::set_relation(subject.view.id, number,
                                          pg::QualifiedName{catalog::data_schema_name, staged.name});
    return staged;
}

// The relation's storage stays as it is between two transactions of a worker.
void keep_all(refresh::Ground &ground, const StagedVersion &staged) {
    auto const toast = pg::toast_of(staged.oid);
    if (OidIsValid(toast.table))
        ground.keep(toast.table, pg::LockMode::exclusive);
    for (const auto &index : staged.indexes)
        ground.keep(index.oid, pg::LockMode::exclusive);
}

void note_ready(const Subject &subject, Oid staged, std::int64_t rows, std::int64_t fresh_at) {
    if (!catalog::version_states::try_set_state(subject.view.id, subject.version.number, VersionState::ready))
        throw pg::Error(pg::sqlstate::wrong_state, "version {} of materialized view \"{}\" is no longer wanted",
                        subject.version.number, subject.view.name.quoted());
    catalog::version_states::note_built(
        subject.view.id, subject.version.number,
        {.built_at = pg::wall_clock_now(), .fresh_at = fresh_at, .rows = rows, .bytes = pg::size_of(staged)});
}

// Fills and completes what create() made. In a worker commits on its way.
std::int64_t fill(const Subject &subject, const StagedVersion &staged, refresh::Ground &ground) {
    if (ground.may_commit())
        ground.commit();
    pg::wait_point("build-before-fill");
    ground.take_snapshot(refresh::Ground::Sources::locked);
    auto const rows = refresh::fill(staged.oid, staged.oid, subject.live.owner, subject.run_as());
    if (ground.may_commit()) {
        ground.commit();
        ground.take_snapshot(refresh::Ground::Sources::untouched);
    }
    complete(subject, staged);
    if (subject.order.validate)
        validate(subject, staged.oid, *subject.order.validate);
    pg::wait_point("build-before-ready");
    note_ready(subject, staged.oid, rows, ground.complete_to());
    ground.drop_snapshot();
    if (ground.may_commit())
        ground.commit();
    pg::wait_point("build-ready");
    return rows;
}

// The live view was refreshed since the version's rows were made: they are brought up to the same moment.
void catch_up(const Subject &subject, Oid staged, const State &state, refresh::Ground &ground) {
    if (!state.fresh_at || !subject.view.last_refresh_at || *state.fresh_at >= *subject.view.last_refresh_at)
        return;
    auto relation = pg::describe_relation(staged);
    refresh::Target target{.view_id = subject.view.id, .relation = std::move(*relation)};
    target.facts = refresh::read_facts(target.relation);
    target.run_as = subject.run_as();
    target.asked_by_owner = true;
    ground.take_snapshot(refresh::Ground::Sources::locked);
    auto const effect = refresh::diff.execute(target, ground);
    catalog::version_states::note_built(subject.view.id, subject.version.number,
                                        {.built_at = pg::wall_clock_now(),
                                         .fresh_at = ground.complete_to(),
                                         .rows = effect.rows_total ? effect.rows_total : state.rows,
                                         .bytes = pg::size_of(staged)});
    ground.drop_snapshot();
    if (ground.may_commit())
        ground.commit();
}

// ---- live -------------------------------------------------------------------------------------------------------------

using Promotions = std::vector<std::unique_ptr<Promotion>>;

void refill(const Promotions &promotions) {
    for (const auto &promotion : promotions) {
        for (Oid const oid : promotion->to_refill()) {
            auto const relation = pg::describe_relation(oid);
            pg::FreshSnapshot const snapshot;
            pg::refresh_materialized_view(*relation, pg::Concurrently::no);
        }
    }
}

void promote_or_throw(const Promotions &promotions) {
    auto const outcome = promote(promotions);
    if (!outcome.was_had)
        throw_not_promoted(promotions.front()->subject().live.name, outcome);
    refill(promotions);
    pg::wait_point("promotion-before-commit");
}

Promotion::Entry promoted_entry(const Subject &subject) {
    return {"promoted", std::nullopt, subject.view.live_version};
}

// The members that become live with this one, itself included; empty where one is not ready yet.
std::vector<Found> family_of(const Found &found) {
    std::vector<Found> members;
    if (!found.subject.order.family) {
        members.push_back(found);
        return members;
    }
    for (const State &state : catalog::version_states::family(*found.subject.order.family)) {
        if (state.state == VersionState::live || state.state == VersionState::archived ||
            state.state == VersionState::pruned)
            continue; // it had nothing to build
        if (state.state == VersionState::skipped || state.state == VersionState::cancelled) {
            auto const states = catalog::version_states::all(state.view_id);
            if (states.back().number > state.number)
                continue; // superseded
        }
        if (state.state != VersionState::ready)
            return {};
        if (!pg::acquire(pg::LockSpace::view, static_cast<std::uint64_t>(state.view_id), pg::LockLevel::transaction,
                         pg::Wait::no))
            return {}; // its own build is about to end, and looks again
        auto member = versioning::find(state.view_id, state.number);
        if (!member)
            return {};
        members.push_back(std::move(*member));
    }
    return members;
}

// ---- the worker -------------------------------------------------------------------------------------------------------

void finish_run(const Found &found, std::int64_t run_id, const pg::Stopwatch &watch, std::optional<std::int64_t> rows,
                std::int64_t blocked, std::string reason) {
    catalog::runs::finish_succeeded(run_id, found.subject.version.number,
                                    {.strategy_used = "build",
                                     .strategy_reason = std::move(reason),
                                     .started_at = watch.started_at(),
                                     .finished_at = watch.started_at() + watch.elapsed(),
                                     .blocked = blocked,
                                     .rows_total = rows});
}

void promote_in_worker(std::vector<Found> members, pg::Transaction &transaction) {
    Promotions promotions;
    {
        pg::FreshSnapshot const snapshot;
        for (Found &member : members) {
            Oid const live = member.subject.live.oid;
            pg::lock_relation(live, pg::LockMode::share_update_exclusive, pg::Wait::yes);
            Oid const source = relation_of(member.state);
            if (!OidIsValid(source))
                throw pg::Error(pg::sqlstate::undefined_table, "the relation of version {} is gone",
                                member.subject.version.number)
                    .hint("Call mv_cancel({}, {}), then mv_apply again.",
                          pg::quote_literal(member.subject.view.name.quoted()), member.subject.version.number);
            auto const entry = promoted_entry(member.subject);
            promotions.push_back(std::make_unique<Promotion>(member.subject, source, entry));
            promotions.back()->prepare();
        }
    }
    // The archives are committed before anything is put into them. Their locks pass on.
    const auto &first = members.front().subject;
    refresh::Ground ground(first.view.id, first.live.oid, pg::LockMode::share_update_exclusive, &transaction);
    for (std::size_t i = 0; i < members.size(); ++i) {
        if (i > 0) {
            ground.keep_view(members[i].subject.view.id);
            ground.keep(members[i].subject.live.oid, pg::LockMode::share_update_exclusive);
        }
        if (OidIsValid(promotions[i]->archive()))
            ground.keep(promotions[i]->archive(), pg::LockMode::exclusive);
    }
    ground.commit();
    pg::wait_point("promotion-archive-created");
    promote_or_throw(promotions);
}

} // namespace

void build(std::int64_t view_id, int number, std::int64_t run_id, pg::Transaction &transaction) {
    pg::Stopwatch const watch;
    auto const since = pg::monotonic_now();
    pg::acquire(pg::LockSpace::view, static_cast<std::uint64_t>(view_id), pg::LockLevel::transaction, pg::Wait::yes);
    auto const blocked = pg::monotonic_now() - since;
    std::optional<Found> found;
    std::optional<StagedVersion> staged;
    std::optional<refresh::Ground> ground;
    std::optional<std::int64_t> rows;
    {
        pg::FreshSnapshot const snapshot;
        found = find(view_id, number);
        if (!found) {
            catalog::runs::finish_otherwise(run_id, "skipped", "", "the version is no longer wanted");
            return;
        }
        drop_abandoned(view_id);
    }
    Subject &subject = found->subject;
    pg::Progress const progress(subject.live.oid, model::Strategy::swap, run_id);
    pg::lock_relation(subject.live.oid, pg::LockMode::share_update_exclusive, pg::Wait::yes);
    {
        pg::FreshSnapshot const snapshot;
        pg::wait_point("build-before-create");
        // A version that was superseded since is one that could be built again: it must not be taken for one that is to be.
        if (found->state.state != VersionState::ready &&
            catalog::version_states::lock(view_id, number) != found->state.state) {
            catalog::runs::finish_otherwise(run_id, "skipped", "", "the version is no longer wanted");
            return;
        }
        if (is_same_definition(subject)) {
            found->state.state == VersionState::queued
                ? catalog::version_states::set_state(view_id, number, VersionState::building)
                : void();
        } else if (found->state.state != VersionState::ready) {
            staged = create(subject, found->state);
            ground.emplace(view_id, staged->oid, pg::LockMode::exclusive, &transaction);
            keep_all(*ground, *staged);
        } else {
            Oid const relation = relation_of(found->state);
            if (OidIsValid(relation)) {
                pg::lock_relation(relation, pg::LockMode::share_update_exclusive, pg::Wait::yes);
                ground.emplace(view_id, relation, pg::LockMode::share_update_exclusive, &transaction);
            }
        }
    }
    if (!staged && !ground) {
        create_live_indexes(subject, transaction);
        pg::FreshSnapshot const snapshot;
        finish_run(*found, run_id, watch, rows, blocked, "indexes, options or comment changed; no row was built again");
        return;
    }
    if (staged)
        rows = fill(subject, *staged, *ground);
    if (subject.order.is_manual) {
        std::optional<State> state;
        {
            pg::FreshSnapshot const snapshot;
            state = catalog::version_states::get(view_id, number);
        }
        Oid const relation = relation_of(*state);
        catch_up(subject, relation, *state, *ground); // commits
        pg::FreshSnapshot const snapshot;
        pg::copy_grants(subject.live.oid, relation); // others may have come
        finish_run(*found, run_id, watch, rows, blocked, "it waits for mv_promote");
        return;
    }
    std::vector<Found> members;
    {
        pg::FreshSnapshot const snapshot;
        found = find(view_id, number);
        if (found)
            members = family_of(*found);
    }
    if (!found)
        throw pg::Error(pg::sqlstate::wrong_state, "version {} is no longer wanted", number);
    if (members.empty()) {
        pg::FreshSnapshot const snapshot;
        finish_run(*found, run_id, watch, rows, blocked, "it becomes live with the others of its family");
        return;
    }
    catch_up(subject, relation_of(found->state), found->state, *ground);
    promote_in_worker(std::move(members), transaction);
    pg::FreshSnapshot const snapshot;
    finish_run(*found, run_id, watch, rows, blocked, "the definition was replaced");
}

void renew_statistics(std::int64_t view_id) {
    auto const view = catalog::views::get(view_id);
    auto const relation = view && !view->ended ? pg::find_relation(view->name) : std::nullopt;
    if (!relation || !relation->is_materialized_view() || !pg::has_statistics_objects(relation->oid) ||
        !pg::lock_relation(relation->oid, pg::LockMode::share_update_exclusive, pg::Wait::no))
        return;
    pg::SecurityScope const as_owner(relation->owner, pg::RunAs::view_owner);
    pg::analyze(relation->oid);
}

void note_end(std::int64_t view_id, int number, Ended how, const pg::Error &error) {
    auto const state = catalog::version_states::get(view_id, number);
    if (!state)
        return;
    bool const is_open = state->state == VersionState::queued || state->state == VersionState::building ||
                         state->state == VersionState::ready;
    auto const sqlstate = pg::sqlstate_text(error.sqlstate());
    bool const may_pass = error.sqlstate() == pg::sqlstate::lock_not_available || sqlstate.starts_with("40") ||
                          sqlstate.starts_with("53") || sqlstate.starts_with("57P") || sqlstate.starts_with("08");
    if (is_open && how == Ended::cancelled)
        catalog::version_states::try_set_state(view_id, number, VersionState::cancelled);
    else if (is_open && how == Ended::failed && !may_pass)
        catalog::version_states::try_set_state(view_id, number, VersionState::failed);
    else if (state->state == VersionState::building)
        catalog::version_states::try_set_state(view_id, number, VersionState::queued);
    if (is_open && how != Ended::stopped)
        catalog::version_states::note_error(view_id, number, format("{} {}", sqlstate, error.message()));
    drop_invalid_indexes(view_id, number);
    drop_abandoned(view_id);
}

// ---- a session --------------------------------------------------------------------------------------------------------

void build_now(Subject subject, Goal goal, Promotion::Entry entry) {
    pg::Progress const progress(subject.live.oid, model::Strategy::swap, std::nullopt);
    auto const state = catalog::version_states::get(subject.view.id, subject.version.number);
    auto const staged = create(subject, *state);
    refresh::Ground ground(subject.view.id, staged.oid, pg::LockMode::exclusive, nullptr);
    if (subject.live.populated) {
        fill(subject, staged, ground);
    } else {
        catalog::version_states::set_state(subject.view.id, subject.version.number, VersionState::ready);
        pg::FreshSnapshot const snapshot;
        for (const StagedVersion::Index &index : staged.indexes)
            pg::build_staged_index(staged.oid, index.oid, pg::LiveNames(subject.live.name, staged.name));
    }
    if (goal == Goal::live)
        promote_now(std::move(subject), std::move(entry));
}

void promote_now(Subject subject, Promotion::Entry entry) {
    int const number = subject.version.number;
    auto const view_id = subject.view.id;
    auto const state = catalog::version_states::get(view_id, number);
    Oid const source = state ? relation_of(*state) : InvalidOid;
    if (!OidIsValid(source))
        throw pg::Error(pg::sqlstate::undefined_table, "the relation of version {} of materialized view \"{}\" is gone",
                        number, subject.view.name.quoted());
    pg::lock_relation(source, pg::LockMode::share_update_exclusive, pg::Wait::yes);
    if (state->state == VersionState::ready) {
        refresh::Ground ground(view_id, source, pg::LockMode::share_update_exclusive, nullptr);
        catch_up(subject, source, *state, ground);
    }
    Promotions promotions;
    promotions.push_back(std::make_unique<Promotion>(std::move(subject), source, std::move(entry)));
    {
        pg::FreshSnapshot const snapshot;
        promotions.front()->prepare();
    }
    promote_or_throw(promotions);
    retain(view_id);
}

} // namespace mvmanager::versioning
