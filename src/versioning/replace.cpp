#include "versioning/replace.hpp"

#include <algorithm>
#include <exception>

#include "catalog/changes.hpp"
#include "catalog/runs.hpp"
#include "catalog/version_states.hpp"
#include "format.hpp"
#include "pg/relation_lock.hpp"
#include "pg/security.hpp"
#include "pg/transaction.hpp"
#include "pg/values.hpp"
#include "versioning/alter.hpp"
#include "versioning/build.hpp"
#include "versioning/proposal.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::versioning {
namespace {

using catalog::version_states::State;
using catalog::versions::Version;
using model::VersionState;

Change change_of(const Proposal &plan, int version, const char *action, const char *state, std::string message) {
    return {.name = plan.view.name,
            .view_id = plan.view.id,
            .version = version,
            .action = action,
            .state = state,
            .relation = plan.relation.oid,
            .message = std::move(message)};
}

// The label's first row tells what it did; the same call again must not hide that.
void note_label(const Proposal &plan, std::optional<int> version) {
    if (!plan.wish.label)
        return;
    auto const known = catalog::changes::find_label(plan.view.id, *plan.wish.label);
    if (!known || known->action == "rolled_back")
        catalog::changes::add(plan.view.id, "unchanged", plan.wish.label, version, version);
}

Change unchanged(const Proposal &plan) {
    note_label(plan, plan.view.live_version);
    return change_of(plan, plan.view.live_version.value_or(0), "unchanged", "live",
                     "nothing differs from what is live");
}

Change unchanged_pending(const Proposal &plan, const State &pending) {
    note_label(plan, pending.number);
    return change_of(plan, pending.number, "unchanged", model::to_text(pending.state).data(),
                     format("version {} is that already, and is {}", pending.number, model::to_text(pending.state)));
}

// What was pending is not wanted, what is live is.
Change back_to_live(const Proposal &plan, const State &pending) {
    drop_abandoned(plan.view.id);
    catalog::changes::add(plan.view.id, "cancelled", plan.wish.label, pending.number, plan.view.live_version);
    return change_of(plan, plan.view.live_version.value_or(0), "unchanged", "live",
                     format("version {}, which was to become live, is given up", pending.number));
}

Change alter_now(const Proposal &plan, std::optional<int> before) {
    auto const &view = plan.view;
    auto const registered = new_version(plan);
    alter(plan.alterations, plan.relation);
    if (view.live_version)
        catalog::version_states::set_state(view.id, *view.live_version, VersionState::pruned);
    int const number = catalog::versions::add(view.id, registered, VersionState::live);
    catalog::views::set_live(view.id, number);
    catalog::changes::add(view.id, "altered", plan.wish.label, before, number);
    return change_of(plan, number, "altered", "live", plan.alterations.summary());
}

int register_version(const Proposal &plan) {
    int const number = catalog::versions::add(plan.view.id, new_version(plan), VersionState::queued);
    catalog::version_states::set_order(plan.view.id, number,
                                       {.is_manual = plan.wish.is_manual,
                                        .recreates_dependents = plan.wish.recreates_dependents,
                                        .renames = plan.wish.renames,
                                        .validate = plan.wish.validate,
                                        .family = plan.wish.family});
    return number;
}

Change queue(const Proposal &plan, std::optional<int> before) {
    int const number = register_version(plan);
    auto const run = catalog::runs::add_queued({.view_id = plan.view.id,
                                                .version = number,
                                                .kind = catalog::runs::Kind::build,
                                                .reason = catalog::runs::Reason::async,
                                                .strategy = "build",
                                                .requested_by = pg::session_user_name()});
    catalog::changes::add(plan.view.id, "queued", plan.wish.label, before, number);
    if (!plan.is_redefined())
        return change_of(plan, number, "queued", "queued",
                         format("run {} does it after commit: {}", run, plan.alterations.summary()));
    return change_of(plan, number, "queued", "queued",
                     plan.wish.is_manual ? format("run {} builds it after commit; mv_promote makes it live", run)
                                         : format("run {} builds it after commit and makes it live", run));
}

void warn_of_lasting_lock(const pg::Relation &relation) {
    if (relation.populated && pg::in_transaction_block())
        pg::notice(format("readers of materialized view \"{}\" wait until this transaction ends (AccessExclusiveLock)",
                          relation.name.quoted()),
                   "Pass build => 'background', or call it outside of a transaction block.");
}

Change replace_now(const Proposal &plan, std::optional<int> before) {
    drop_abandoned(plan.view.id);
    int const number = register_version(plan);
    auto version = catalog::versions::get(plan.view.id, number);
    Subject subject{plan.view, plan.relation, std::move(*version),
                    catalog::version_states::get(plan.view.id, number)->order};
    if (plan.wish.is_manual) {
        catalog::changes::add(plan.view.id, "queued", plan.wish.label, before, number);
        build_now(std::move(subject), Goal::staged, {});
        auto const state = catalog::version_states::get(plan.view.id, number);
        return change_of(plan, number, "queued", "ready",
                         format("{} has its rows; mv_promote makes it live",
                                state && state->relation ? state->relation->quoted() : std::string("it")));
    }
    warn_of_lasting_lock(plan.relation);
    build_now(std::move(subject), Goal::live, {"replaced", plan.wish.label, before});
    return change_of(plan, number, "replaced", "live",
                     plan.columns.differences.empty() ? std::string("the definition was replaced")
                                                      : format("{}", join(plan.columns.differences, "; ")));
}

[[noreturn]] void throw_gone(const catalog::views::View &view) {
    throw pg::Error(pg::sqlstate::undefined_object, "managed materialized view \"{}\" no longer exists",
                    view.name.quoted());
}

// Sees that nobody drops the view or an index of it meanwhile. An AccessShareLock, which a reader takes, too.
class BriefLock {
public:
    explicit BriefLock(Oid relation) : relation_(relation) {
        pg::lock_relation(relation, pg::LockMode::access_share, pg::Wait::yes);
    }
    ~BriefLock() {
        if (std::uncaught_exceptions() == exceptions_)
            pg::unlock_relation(relation_, pg::LockMode::access_share);
    }
    BriefLock(const BriefLock &) = delete;
    BriefLock &operator=(const BriefLock &) = delete;

private:
    Oid relation_;
    int exceptions_ = std::uncaught_exceptions();
};

// A fill that waits for the worker would only be of rows that nobody wants any more.
bool is_empty_and_free(const pg::Relation &relation) {
    return !relation.populated && pg::lock_relation(relation.oid, pg::LockMode::access_exclusive, pg::Wait::no);
}

} // namespace

bool supersede(const catalog::views::View &view, int version, const char *why) {
    bool const is_done = catalog::version_states::try_set_state(view.id, version, VersionState::skipped) ||
                         catalog::version_states::try_set_state(view.id, version, VersionState::cancelled);
    if (!is_done) {
        auto const state = catalog::version_states::get(view.id, version);
        return state && state->state != VersionState::live;
    }
    catalog::runs::end_queued_builds(view.id, version, "skipped", why);
    return true;
}

std::optional<int> wanted_version(const catalog::views::View &view) {
    auto const pending = catalog::version_states::pending(view.id);
    return pending && !pending->order.is_manual ? pending->number : view.live_version;
}

Change replace(const catalog::views::View &view, const pg::Relation &relation, const Wish &wish) {
    check_label(wish.label);
    if (wish.validate)
        check_validation(*wish.validate);
    pg::AnalysedQuery const query = pg::analyse_definition(wish.text);
    refuse_cycle(relation, query);
    check_label_is_free(view, wish.label, query.canonical, query.columns);
    {
        // The server opens the view to print its indexes: not while somebody drops it, or one of them.
        BriefLock const lock(relation.oid);
        auto const current = catalog::views::get(view.id);
        if (!current || !pg::describe_relation(relation.oid))
            throw_gone(view);
        Proposal const first = propose(*current, relation, wish, query);
        if (!first.is_redefined() && first.alterations.none() && !catalog::version_states::pending(view.id))
            return unchanged(first);
    }

    lock_versions(view.id);
    // For as long as it is looked at; a migration that goes on afterwards holds nothing that a promotion would wait for.
    BriefLock const lock(relation.oid);
    auto const current = catalog::views::get(view.id);
    auto const now = current ? pg::find_relation(current->name) : std::nullopt;
    if (!now || current->ended || now->oid != relation.oid || !pg::describe_relation(relation.oid))
        throw_gone(view);
    auto const pending = catalog::version_states::pending(view.id);
    Proposal const todo = propose(*current, *now, wish, query);
    auto const before = pending && !pending->order.is_manual ? pending->number : current->live_version;
    auto background = [&, answer = std::optional<bool>()]() mutable {
        if (!answer)
            answer =
                wish.is_background && wish.is_background(todo.is_redefined() ? Wish::Task::build : Wish::Task::indexes);
        return *answer;
    };
    if (pending) {
        auto const version = catalog::versions::get(view.id, pending->number);
        bool const is_same =
            version && is_same_version(*version, new_version(todo)) && pending->order.is_manual == wish.is_manual;
        // Who wants it now does not get it from a worker that may not be there.
        if (is_same && (pending->state == VersionState::ready || background()))
            return unchanged_pending(todo, *pending);
        if (!supersede(*current, pending->number, "superseded before it was live"))
            return replace(*current, *now, wish); // it became live this moment
    }
    if (!todo.is_redefined() && todo.alterations.none())
        return pending ? back_to_live(todo, *pending) : unchanged(todo);

    if (todo.is_redefined()) {
        // Refused here and now rather than by a worker that nobody looks at.
        Redefinition const look(*now, query, todo.columns.from, replaceable_indexes(now->oid));
        look.require(wish.recreates_dependents ? Dependents::recreate : Dependents::keep, todo.columns.incompatible);
    }
    bool const is_small = !todo.takes_time() && (!todo.is_redefined() || is_empty_and_free(*now));
    if (!is_small && background())
        return queue(todo, before);

    lock_view(view.id);
    auto const locked = pg::lock_materialized_view(view.name, pg::LockMode::share_update_exclusive, pg::Right::own);
    auto const latest = catalog::views::get(view.id);
    if (!locked || !latest || latest->ended || locked->oid != relation.oid)
        throw_gone(view);
    // Something else may have been done to it while we waited.
    Proposal const last = propose(*latest, *locked, wish, query);
    if (!last.is_redefined())
        return last.alterations.none() ? unchanged(last) : alter_now(last, before);
    return replace_now(last, before);
}

} // namespace mvmanager::versioning
