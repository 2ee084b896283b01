#include "versioning/plan.hpp"

#include <algorithm>

#include "catalog/version_states.hpp"
#include "format.hpp"
#include "pg/ddl.hpp"
#include "pg/search_path.hpp"
#include "pg/security.hpp"
#include "pg/transaction.hpp"
#include "pg/values.hpp"
#include "versioning/create.hpp"
#include "versioning/plan_steps.hpp"
#include "versioning/proposal.hpp"
#include "versioning/redefinition.hpp"
#include "versioning/replace.hpp"
#include "versioning/way_back.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::versioning {
namespace {

using catalog::version_states::State;
using catalog::versions::Version;
using catalog::views::View;
using model::VersionState;

int next_version(const View &view) {
    int newest = 0;
    for (const Version &version : catalog::versions::all(view.id))
        newest = std::max(newest, version.number);
    return newest + 1;
}

Step unchanged(const View &view, std::optional<State> pending = std::nullopt) {
    Step step{.action = "unchanged", .object = view.name.quoted()};
    if (pending)
        step.hazards.push_back(
            format("version {} is that already, and is {}", pending->number, model::to_text(pending->state)));
    return step;
}

Step superseded(const View &view, const State &pending) {
    bool const is_skipped = pending.state == VersionState::queued;
    Step step{.action = is_skipped ? "skip" : "cancel", .object = version_of(view, pending.number)};
    step.hazards.emplace_back(pending.state == VersionState::ready
                                  ? "it is ready: its rows are dropped, it does not become live"
                                  : "it does not become live");
    return step;
}

// ---- mv_apply, mv_replace ---------------------------------------------------------------------------------------------

std::vector<IndexSql> indexes_of_plan(const IndexPlan &plan, const pg::Relation &relation) {
    std::vector<IndexSql> out;
    for (const IndexPlan::Kept &index : plan.kept) {
        auto const live = pg::find_relation(pg::QualifiedName{relation.name.schema, index.name});
        out.push_back({index.name, index.canonical, live ? pg::storage_of(live->oid).tablespace : std::nullopt});
    }
    for (const IndexPlan::Added &index : plan.added)
        out.push_back({index.name, index.canonical, index.text.tablespace()});
    return out;
}

// What becomes of the catalog alone.
void note_indexes(std::vector<Step> &steps, const Proposal &plan) {
    for (const IndexPlan::Kept &index : plan.alterations.indexes.kept) {
        auto const name = pg::QualifiedName{plan.relation.name.schema, index.name}.quoted();
        if (index.is_taken)
            steps.push_back({.action = "register index", .object = name});
        else if (plan.wish.indexes && index.is_registered && !index.is_named)
            steps.push_back({.action = "keep index",
                             .object = name,
                             .hazards = {"the list does not name it; drop_indexes => true drops it"}});
    }
}

void alter_steps(std::vector<Step> &steps, const Proposal &plan, Builder builder) {
    bool const by_worker = builder == Builder::worker && plan.takes_time();
    std::vector<IndexSql> added;
    for (const IndexPlan::Added &index : plan.alterations.indexes.added)
        added.push_back({index.name, index.canonical, index.text.tablespace()});
    index_steps(steps, plan.relation, plan.alterations.indexes.dropped, added,
                by_worker ? Builder::worker : Builder::session);
}

// ---- mv_rollback ------------------------------------------------------------------------------------------------------

std::vector<IndexSql> sql_of(const std::vector<WantedIndex> &wanted, const pg::Relation &relation) {
    std::vector<IndexSql> out;
    for (const WantedIndex &index : wanted)
        out.push_back({index.name, printed_as(index.text.text(), index.name, relation.name), index.tablespace});
    return out;
}

void settings_steps(std::vector<Step> &steps, const Subject &subject) {
    auto const before = subject.live_version();
    auto const change = option_change(before ? before->options.reloptions : std::vector<model::Option>(),
                                      subject.version.options.reloptions);
    option_steps(steps, subject.live, change);
    if (before && before->comment != subject.version.comment)
        steps.push_back(comment_step(subject.live, subject.version.comment));
}

// Indexes, storage parameters and comment only.
void restore_metadata(std::vector<Step> &steps, const Subject &subject, Builder builder) {
    auto const wanted = wanted_indexes(subject, column_change(subject, subject.version.columns));
    std::vector<std::string> dropped;
    for (const auto &index : pg::indexes_of(subject.live.oid))
        if (std::ranges::find(wanted, index.oid, &WantedIndex::live) == wanted.end())
            dropped.push_back(index.name);
    std::vector<WantedIndex> missing;
    std::ranges::copy_if(wanted, std::back_inserter(missing),
                         [](const WantedIndex &index) { return !OidIsValid(index.live); });
    index_steps(steps, subject.live, dropped, sql_of(missing, subject.live), builder);
    settings_steps(steps, subject);
}

// Made by hand since the version was live: its kept rows have them not.
std::vector<WantedIndex> missing_on(Oid archive, std::vector<WantedIndex> wanted) {
    auto existing = pg::indexes_of(archive);
    std::erase_if(wanted, [&](const WantedIndex &index) {
        auto const it = std::ranges::find_if(existing, [&](const pg::IndexDescription &other) {
            return other.valid && index.text.same_index_any_name(pg::IndexText(other.canonical));
        });
        if (it == existing.end())
            return false;
        existing.erase(it);
        return true;
    });
    return wanted;
}

void restore_rows(std::vector<Step> &steps, const Subject &subject, const State &state, Builder builder) {
    auto const query = analyse_as_owner(subject.live, subject.version.canonical);
    auto const change = column_change(subject, query.columns);
    Redefinition const look(subject.live, query, change.from, replaceable_indexes(subject.live.oid));
    bool const has_archive = has_rows(state);
    auto const archive = has_archive ? pg::find_relation(*state.relation) : std::nullopt;
    auto wanted = wanted_indexes(subject, change);
    if (archive)
        wanted = missing_on(archive->oid, std::move(wanted));
    Replacement const what{.view = subject.view,
                           .relation = subject.live,
                           .number = subject.version.number,
                           .query = query,
                           .columns = change,
                           .indexes = sql_of(wanted, subject.live),
                           .look = look,
                           .recreates_dependents = subject.order.recreates_dependents,
                           .validate = state.order.validate,
                           .archive = archive ? std::optional(archive->name) : std::nullopt,
                           .is_rollback = true,
                           .builder = archive ? Builder::session : builder};
    refusal_step(steps, what);
    replacement_steps(steps, what);
    settings_steps(steps, subject);
    retention_steps(steps, what);
}

Step refused(const View &view, int number, std::string reason) {
    return {.action = "refuse", .object = version_of(view, number), .hazards = {std::move(reason)}};
}

} // namespace

std::vector<Step> plan_creation(const pg::QualifiedName &name, const Wish &wish, Builder builder) {
    require_ordinary_schema(name);
    if (!pg::may_create_in(name.schema))
        throw pg::Error(pg::sqlstate::insufficient_privilege, "permission denied for schema {}", name.schema);
    std::vector<Step> steps;
    if (auto const orphan = catalog::views::find(name))
        steps.push_back({.action = "end",
                         .object = name.quoted(),
                         .hazards = {"the managed view of that name was dropped outside mvmanager"}});
    auto const query = pg::analyse_definition(wish.text);
    View const view{.name = name};
    pg::Relation const relation{.owner = GetUserId(), .kind = 'm', .name = name};
    model::ColumnChange const none{};
    auto const indexes = plan_indexes(view, relation, {query, none}, {wish.indexes, false});

    steps.push_back({.action = "create",
                     .object = name.quoted(),
                     .sql = format("CREATE MATERIALIZED VIEW {} AS\n{}\nWITH NO DATA", name.quoted(), query.canonical),
                     .lock = "AccessExclusiveLock"});
    std::vector<IndexSql> added;
    for (const IndexPlan::Added &index : indexes.added)
        added.push_back({index.name, index.canonical, index.text.tablespace()});
    for (const IndexSql &index : added)
        steps.push_back(create_index_step(relation, index, name));
    steps.push_back({.action = "register", .object = version_of(view, 1)});
    auto fill = fill_step(name, query);
    fill.sql = format("REFRESH MATERIALIZED VIEW {}", name.quoted());
    fill.hazards.insert(fill.hazards.begin(), builder == Builder::worker
                                                  ? "until the worker has done it, SELECT from it fails (55000)"
                                                  : in_this_transaction);
    steps.push_back(std::move(fill));
    return steps;
}

std::vector<Step> plan_replacement(const View &view, const pg::Relation &relation, const Wish &wish, Builder builder) {
    auto const query = wish.text.empty() ? analyse_as_owner(relation, pg::live_definition(relation.oid).canonical)
                                         : pg::analyse_definition(wish.text);
    refuse_cycle(relation, query);
    Proposal const plan = propose(view, relation, wish, query);
    auto const pending = catalog::version_states::pending(view.id);
    bool const is_pending = [&] {
        if (!pending || pending->order.is_manual)
            return false;
        auto const version = catalog::versions::get(view.id, pending->number);
        return version && is_same_version(*version, new_version(plan)) &&
               (pending->state == VersionState::ready || builder == Builder::worker);
    }();
    std::vector<Step> steps;
    if (is_pending) {
        steps.push_back(unchanged(view, pending));
        return steps;
    }
    if (pending)
        steps.push_back(superseded(view, *pending));
    if (!plan.is_redefined() && plan.alterations.none()) {
        steps.push_back(unchanged(view));
        note_indexes(steps, plan);
        return steps;
    }
    int const number = next_version(view);
    Step const registered{.action = "register", .object = version_of(view, number)};
    if (!plan.is_redefined()) {
        steps.push_back(registered);
        note_indexes(steps, plan);
        alter_steps(steps, plan, builder);
        return steps;
    }
    Redefinition const look(relation, query, plan.columns.from, replaceable_indexes(relation.oid));
    Replacement const what{.view = view,
                           .relation = relation,
                           .number = number,
                           .query = query,
                           .columns = plan.columns,
                           .indexes = indexes_of_plan(plan.alterations.indexes, relation),
                           .look = look,
                           .builder = plan.takes_time() ? builder : Builder::session};
    refusal_step(steps, what);
    steps.push_back(registered);
    note_indexes(steps, plan);
    replacement_steps(steps, what);
    for (const std::string &name : plan.alterations.indexes.dropped)
        steps.push_back(drop_index_step(relation, name));
    retention_steps(steps, what);
    return steps;
}

std::vector<Step> plan_rollback(const View &view, const pg::Relation &relation, std::optional<int> to_version,
                                Builder builder) {
    auto const pending = catalog::version_states::pending(view.id);
    int const target = to_version ? *to_version : pending ? view.live_version.value_or(0) : version_before(view);
    auto version = catalog::versions::get(view.id, target);
    auto const state = catalog::version_states::get(view.id, target);
    if (!version || !state)
        throw_no_version(view, target);
    std::vector<Step> steps;
    if (target == wanted_version(view) && !(pending && pending->order.is_manual)) {
        steps.push_back(unchanged(view));
        return steps;
    }
    if (target != view.live_version) {
        if (!to_version && version->owner_name != pg::role_name(relation.owner)) {
            steps.push_back(
                refused(view, target,
                        format("it was registered under another owner, {}: look at it, then name it by to_version",
                               pg::quote_identifier(version->owner_name))));
            return steps;
        }
        auto const why = pg::try_in_subtransaction([&] { analyse_as_owner(relation, version->canonical); });
        if (why) {
            steps.push_back(refused(view, target, format("it can no longer be built: {}", why->message())));
            return steps;
        }
    }
    bool const is_open = state->state == VersionState::queued || state->state == VersionState::building ||
                         state->state == VersionState::ready;
    if (is_open) {
        steps.push_back(refused(view, target,
                                format("it is {} and was never live: mv_promote({}, {}) makes it live",
                                       model::to_text(state->state), pg::quote_literal(view.name.quoted()), target)));
        return steps;
    }
    if (pending)
        steps.push_back(superseded(view, *pending));
    if (target == view.live_version)
        return steps;
    bool const keeps_rows = has_rows(*state);
    Subject const subject{view, relation, std::move(*version), order_of_way_back(view, target)};
    if (!keeps_rows && is_live_definition(relation, subject.version)) {
        restore_metadata(steps, subject, relation.populated ? builder : Builder::session);
        return steps;
    }
    restore_rows(steps, subject, *state, relation.populated ? builder : Builder::session);
    return steps;
}

} // namespace mvmanager::versioning
