#include "versioning/promotion.hpp"

#include <algorithm>
#include <utility>

#include "catalog/changes.hpp"
#include "catalog/data_schema.hpp"
#include "format.hpp"
#include "model/name.hpp"
#include "pg/column_statistics.hpp"
#include "pg/ddl.hpp"
#include "pg/dependency.hpp"
#include "pg/lock.hpp"
#include "pg/own_ddl.hpp"
#include "pg/progress.hpp"
#include "pg/relation_lock.hpp"
#include "pg/snapshot.hpp"
#include "pg/storage.hpp"
#include "pg/stored_command.hpp"
#include "pg/transaction.hpp"
#include "pg/values.hpp"
#include "pg/version_relation.hpp"
#include "pg/wait_point.hpp"
#include "settings.hpp"
#include "versioning/alter.hpp"
#include "versioning/external.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::versioning {
namespace {

using catalog::versions::Version;
using model::VersionState;

constexpr const char *core_command = "ALTER MATERIALIZED VIEW"; // the nearest that core has a word for

// Somebody may have built a view on the version's relation by its name: that one knows nothing of the live view.
void refuse_users(const Subject &subject, Oid source) {
    auto const users = pg::dependents(source);
    if (users.empty())
        return;
    throw pg::Error(pg::sqlstate::dependent_objects_exist,
                    "cannot make version {} of materialized view \"{}\" live because other objects use its relation",
                    subject.version.number, subject.live.name.quoted())
        .detail("{} {} uses it.", users.front().kind, users.front().object)
        .hint("Let them read {} instead, or drop them.", subject.live.name.quoted());
}

void add_storage(std::vector<Oid> &relations, Oid relation) {
    auto add = [&](Oid oid) {
        if (OidIsValid(oid) && std::ranges::find(relations, oid) == relations.end())
            relations.push_back(oid);
    };
    add(relation);
    auto const toast = pg::toast_of(relation);
    add(toast.table);
    add(toast.index);
    for (const auto &index : pg::indexes_of(relation))
        add(index.oid);
}

bool drop_relation(const pg::QualifiedName &name) {
    auto const relation = pg::find_relation(name);
    if (!relation || !relation->is_materialized_view())
        return true;
    if (!pg::lock_relation(relation->oid, pg::LockMode::access_exclusive, pg::Wait::no))
        return false;
    if (pg::describe_relation(relation->oid))
        pg::drop_staged(relation->oid);
    return true;
}

} // namespace

Promotion::Promotion(Subject subject, Oid source, Entry entry)
    : subject_(std::move(subject)), source_(source), entry_(std::move(entry)) {}

void Promotion::require(const Redefinition &redefinition) const {
    auto const wish = subject_.order.recreates_dependents ? Dependents::recreate : Dependents::keep;
    if (entry_.action != "rolled_back") {
        redefinition.require(wish, change_.incompatible);
        return;
    }
    auto const name = pg::quote_literal(subject_.view.name.quoted());
    redefinition.require(
        wish, change_.incompatible,
        format("Drop or change them first, or call mv_replace({}, mv_definition({}, {}), dependents => "
               "'recreate').",
               name, name, subject_.version.number));
}

void Promotion::prepare() {
    pg::wait_point("promotion-before-prepare");
    Oid const live = subject_.live.oid;
    pg::require_unused(live, core_command);
    refuse_users(subject_, source_);
    auto const state = catalog::version_states::get(subject_.view.id, subject_.version.number);
    bool const has_rule = state && state->state != VersionState::archived;
    // A relation that has the query as its rule follows renames of what it reads; the frozen text does not.
    definition_ = has_rule ? pg::live_definition(source_).canonical : subject_.version.canonical;
    auto const query = analyse_as_owner(subject_.live, definition_);
    change_ = column_change(subject_, query.columns);
    complete_indexes(subject_, source_, change_);
    Redefinition const look(subject_.live, query, change_.from, replaceable_indexes(subject_.live.oid));
    require(look);
    dependents_ = look.relations_to_lock();
    rows_ = pg::row_count(source_);
    if (subject_.live.populated)
        prepare_archive();
    pg::wait_point("promotion-prepared");
}

void Promotion::prepare_archive() {
    Oid const schema = catalog::require_data_schema();
    int const number = subject_.view.live_version.value_or(0);
    archive_name_ = model::relation_name(subject_.view.name.name, number, subject_.view.id);
    drop_relation({catalog::data_schema_name, archive_name_});
    {
        pg::SecurityScope const as_owner(subject_.live.owner, pg::RunAs::view_owner);
        archive_ = pg::create_staged(subject_.live.oid, schema, archive_name_);
    }
    pg::StagedRelation back{.live = archive_.oid, .oid = archive_.live};
    for (const pg::StagedIndex &index : archive_.indexes)
        back.indexes.push_back({.live = index.staged, .staged = index.live});
    pg::carry_statistics(back);
    if (number > 0)
        catalog::version_states::set_relation(subject_.view.id, number,
                                              pg::QualifiedName{catalog::data_schema_name, archive_name_});
}

std::vector<Oid> Promotion::relations() const {
    std::vector<Oid> relations;
    add_storage(relations, subject_.live.oid);
    add_storage(relations, source_);
    if (OidIsValid(archive_.oid))
        add_storage(relations, archive_.oid);
    for (Oid const dependent : dependents_)
        if (std::ranges::find(relations, dependent) == relations.end())
            relations.push_back(dependent);
    return relations;
}

void Promotion::flush() const {
    pg::StagedRelation source{.live = subject_.live.oid, .oid = source_};
    for (const auto &index : pg::indexes_of(source_))
        source.indexes.push_back({.live = InvalidOid, .staged = index.oid});
    pg::flush_before_exchange(source);
}

void Promotion::execute() {
    pg::OwnDdl const own;
    pg::wait_point("promotion-locked");
    Oid const live = subject_.live.oid;
    pg::require_unused(live, core_command);
    ages_.clear();
    to_refill_.clear();
    if (OidIsValid(archive_.oid)) {
        ages_.emplace_back(archive_);
        pg::mark_populated(archive_.oid);
        pg::exchange_storage(archive_);
        if (pg::is_populated(archive_.oid))
            pg::count_new_rows(archive_.oid, pg::row_count(archive_.oid));
    }
    auto const details = change_definition();
    auto const pairs = pg::pair_indexes(live, source_);
    ages_.emplace_back(pairs);
    pg::exchange_storage(pairs);
    pg::carry_statistics(pairs);
    // An index is valid, and can be clustered on, only now.
    pg::run_as(subject_.live.owner, details);
    pg::count_new_rows(live, rows_);
    pg::drop_staged(source_);
    change_settings(subject_);
    record();
    pg::wait_point("promotion-done");
}

void Promotion::undo() {
    for (auto it = ages_.rbegin(); it != ages_.rend(); ++it)
        it->restore();
}

// Every index of the view is on the version's relation too: one that cannot follow its columns is made again from there.
std::vector<std::string> Promotion::change_definition() {
    Oid const live = subject_.live.oid;
    auto const query = analyse_as_owner(subject_.live, definition_);
    auto wanted = wanted_indexes(subject_, change_);
    for (const auto &index : pg::indexes_of(live))
        if (std::ranges::find(wanted, index.oid, &WantedIndex::live) == wanted.end())
            pg::drop_index_internally(index.oid);
    Redefinition now(subject_.live, query, change_.from, replaceable_indexes(live));
    require(now);
    if (now.relations_to_lock() != dependents_)
        throw pg::Error(pg::sqlstate::lock_not_available, "what depends on materialized view \"{}\" changed",
                        subject_.live.name.quoted());
    auto const done = now.apply();
    make_indexes(std::move(wanted));
    std::vector<std::string> details;
    for (const DroppedIndex &index : done.dropped_indexes)
        details.insert(details.end(), index.details.begin(), index.details.end());
    for (const Recreated &dependent : done.dependents) {
        if (dependent.needs_refill)
            to_refill_.push_back(dependent.relation.oid);
        // What another managed view is now, is a version of it.
        if (!dependent.relation.is_materialized_view())
            continue;
        if (auto const view = catalog::views::find(dependent.relation.name))
            register_external(*view, dependent.relation, registered_indexes(*view));
    }
    return details;
}

// Those of the version's relation that the view does not have.
void Promotion::make_indexes(std::vector<WantedIndex> wanted) {
    auto of_source = pg::indexes_of(source_);
    for (const auto &index : pg::indexes_of(subject_.live.oid)) {
        pg::IndexText const text(index.canonical);
        auto const it = std::ranges::find_if(of_source, [&](const pg::IndexDescription &other) {
            return text.same_index_any_name(pg::IndexText(other.canonical));
        });
        if (it != of_source.end())
            of_source.erase(it);
    }
    std::erase_if(wanted, [&](const WantedIndex &index) {
        return static_cast<bool>(pg::find_relation(pg::QualifiedName{subject_.live.name.schema, index.name}));
    });
    pg::SecurityScope const as_owner(subject_.live.owner, pg::RunAs::view_owner);
    for (const auto &index : of_source) {
        auto const it = std::ranges::find_if(wanted, [&](const WantedIndex &other) {
            return other.text.same_index_any_name(pg::IndexText(index.canonical));
        });
        if (it == wanted.end()) { // the archive had it, the version does not
            pg::drop_index_internally(index.oid);
            continue;
        }
        pg::clone_index(index.oid, subject_.live.oid, it->name);
        wanted.erase(it);
    }
}

void Promotion::record() {
    auto const &view = subject_.view;
    int const number = subject_.version.number;
    auto const state = catalog::version_states::get(view.id, number);
    if (!state || !catalog::version_states::try_set_state(view.id, number, VersionState::live))
        throw pg::Error(pg::sqlstate::wrong_state, "version {} of materialized view \"{}\" is no longer wanted", number,
                        view.name.quoted())
            .detail("It was superseded, cancelled or dropped meanwhile.");
    catalog::version_states::set_relation(view.id, number, std::nullopt);
    if (view.live_version) {
        if (OidIsValid(archive_.oid))
            catalog::version_states::archive(view.id, *view.live_version, {catalog::data_schema_name, archive_name_},
                                             view.last_refresh_at, pg::size_of(archive_.oid));
        else
            catalog::version_states::set_state(view.id, *view.live_version, VersionState::pruned);
    }
    catalog::views::set_live(view.id, number);
    catalog::views::set_refreshed_at(view.id, state->fresh_at);
    catalog::changes::add(view.id, entry_.action, entry_.label, entry_.from_version, number);
}

refresh::LockOutcome promote(const std::vector<std::unique_ptr<Promotion>> &promotions) {
    pg::progress_phase(pg::Phase::flushing_wal);
    std::vector<Oid> relations;
    for (const auto &promotion : promotions) {
        promotion->flush();
        for (Oid const relation : promotion->relations())
            if (std::ranges::find(relations, relation) == relations.end())
                relations.push_back(relation);
    }
    pg::progress_phase(pg::Phase::waiting_to_swap);
    pg::wait_point("promotion-before-lock");
    return refresh::do_under_lock({.relations = std::move(relations),
                                   .work =
                                       [&] {
                                           pg::FreshSnapshot const snapshot;
                                           pg::progress_phase(pg::Phase::swapping);
                                           for (const auto &promotion : promotions)
                                               promotion->execute();
                                       },
                                   .undo =
                                       [&] {
                                           for (auto it = promotions.rbegin(); it != promotions.rend(); ++it)
                                               (*it)->undo();
                                       }});
}

void throw_not_promoted(const pg::QualifiedName &view, const refresh::LockOutcome &outcome) {
    throw pg::Error(pg::sqlstate::lock_not_available,
                    "could not obtain the lock to replace materialized view \"{}\" within {} ms", view.quoted(),
                    settings::swap_timeout)
        .detail("{}", outcome.obstacle)
        .hint("The version that is live stays so. Try again, or raise mvmanager.swap_timeout.");
}

int drop_abandoned(std::optional<std::int64_t> view_id) {
    int dropped = 0;
    for (auto const &left : catalog::version_states::abandoned(view_id)) {
        if (!pg::acquire(pg::LockSpace::view, static_cast<std::uint64_t>(left.view_id), pg::LockLevel::transaction,
                         pg::Wait::no))
            continue;
        auto const error = pg::try_in_subtransaction([&] {
            if (!drop_relation(left.relation))
                return;
            catalog::version_states::set_relation(left.view_id, left.number, std::nullopt);
            ++dropped;
        });
        if (error)
            pg::log(format("mvmanager could not drop {}, left by version {}: {}", left.relation.quoted(), left.number,
                           error->message()));
    }
    return dropped;
}

} // namespace mvmanager::versioning
