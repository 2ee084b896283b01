#include "versioning/live_indexes.hpp"

#include <algorithm>

#include "catalog/changes.hpp"
#include "format.hpp"
#include "pg/index_build.hpp"
#include "pg/progress.hpp"
#include "pg/relation_lock.hpp"
#include "pg/security.hpp"
#include "pg/snapshot.hpp"
#include "pg/version_relation.hpp"
#include "pg/wait_point.hpp"
#include "refresh/ground.hpp"
#include "refresh/swap_lock.hpp"
#include "versioning/alter.hpp"
#include "versioning/promotion.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::versioning {
namespace {

using model::VersionState;

struct Todo {
    std::vector<WantedIndex> create;
    std::vector<Oid> drop; // given up by the version, replaced by it, or left invalid by an earlier attempt
};

Todo find_todo(const Subject &subject) {
    auto const change = column_change(subject, subject.version.columns);
    Todo todo;
    auto const existing = pg::indexes_of(subject.live.oid);
    auto const wanted = wanted_indexes(subject, change);
    for (const auto &index : existing) {
        auto const it = std::ranges::find(wanted, index.oid, &WantedIndex::live);
        bool const is_ours = std::ranges::find(subject.version.indexes, index.name, &catalog::versions::Index::name) !=
                             subject.version.indexes.end();
        if (it == wanted.end() || (!index.valid && is_ours))
            todo.drop.push_back(index.oid);
    }
    for (const WantedIndex &index : wanted)
        if (!OidIsValid(index.live) || std::ranges::find(todo.drop, index.live) != todo.drop.end())
            todo.create.push_back(index);
    return todo;
}

void drop_under_lock(const Subject &subject, const std::vector<Oid> &indexes) {
    if (indexes.empty())
        return;
    std::vector<Oid> relations{subject.live.oid};
    relations.insert(relations.end(), indexes.begin(), indexes.end());
    auto const outcome = refresh::do_under_lock({.relations = std::move(relations),
                                                 .work =
                                                     [&] {
                                                         pg::FreshSnapshot const snapshot;
                                                         for (Oid const index : indexes)
                                                             pg::drop_index_internally(index);
                                                     },
                                                 .undo =
                                                     [] {
                                                     }});
    if (!outcome.was_had)
        throw_not_promoted(subject.live.name, outcome);
}

void record(const Subject &subject) {
    auto const id = subject.view.id;
    if (!catalog::version_states::try_set_state(id, subject.version.number, VersionState::ready))
        throw pg::Error(pg::sqlstate::wrong_state, "version {} of materialized view \"{}\" is no longer wanted",
                        subject.version.number, subject.view.name.quoted());
    if (subject.view.live_version)
        catalog::version_states::set_state(id, *subject.view.live_version, VersionState::pruned);
    catalog::version_states::set_state(id, subject.version.number, VersionState::live);
    catalog::views::set_live(id, subject.version.number);
    catalog::changes::add(id, "altered", std::nullopt, subject.view.live_version, subject.version.number);
}

} // namespace

void create_live_indexes(const Subject &subject, pg::Transaction &transaction) {
    Oid const live = subject.live.oid;
    refresh::Ground ground(subject.view.id, live, pg::LockMode::share_update_exclusive, &transaction);
    std::vector<Oid> created;
    {
        pg::FreshSnapshot const snapshot;
        auto const todo = find_todo(subject);
        drop_under_lock(subject, todo.drop); // names that are wanted again must be free
        pg::SecurityScope const as_owner(subject.live.owner, subject.run_as());
        for (const WantedIndex &index : todo.create)
            created.push_back(index.text.create_empty(live, index.name, index.tablespace));
    }
    ground.commit();
    ground.take_snapshot(refresh::Ground::Sources::untouched);
    pg::progress_phase(pg::Phase::building_indexes);
    {
        pg::SecurityScope const as_owner(subject.live.owner, subject.run_as());
        pg::LiveNames const names(subject.live.name, subject.live.name.name);
        for (std::size_t i = 0; i < created.size(); ++i) {
            pg::wait_point("indexes-before-build");
            pg::progress_indexes(static_cast<int>(i), static_cast<int>(created.size()));
            pg::build_staged_index(live, created[i], names, pg::HeapRows::of_any_age);
        }
    }
    pg::wait_point("indexes-before-live");
    change_settings(subject);
    record(subject);
    ground.drop_snapshot();
}

void drop_invalid_indexes(std::int64_t view_id, int number) {
    auto const view = catalog::views::get(view_id);
    auto const version = catalog::versions::get(view_id, number);
    auto const relation = view ? pg::find_relation(view->name) : std::nullopt;
    if (!version || !relation || !relation->is_materialized_view() || view->live_version == number)
        return;
    for (const auto &index : pg::indexes_of(relation->oid)) {
        bool const is_ours =
            std::ranges::find(version->indexes, index.name, &catalog::versions::Index::name) != version->indexes.end();
        if (index.valid || !is_ours || !pg::lock_relation(relation->oid, pg::LockMode::access_exclusive, pg::Wait::no))
            continue;
        if (pg::lock_relation(index.oid, pg::LockMode::access_exclusive, pg::Wait::no))
            pg::drop_index_internally(index.oid);
    }
}

} // namespace mvmanager::versioning
