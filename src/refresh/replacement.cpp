#include "refresh/replacement.hpp"

#include <string>

#include "catalog/data_schema.hpp"
#include "catalog/runs.hpp"
#include "model/name.hpp"
#include "pg/analyze.hpp"
#include "pg/column_statistics.hpp"
#include "pg/file_swap.hpp"
#include "pg/index_build.hpp"
#include "pg/progress.hpp"
#include "pg/relation_lock.hpp"
#include "pg/security.hpp"
#include "pg/snapshot.hpp"
#include "pg/values.hpp"
#include "pg/wait_point.hpp"
#include "refresh/leftovers.hpp"
#include "settings.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::refresh {
namespace {

// Only what a restored dump brought along can have it already.
std::string free_name(const Target &target) {
    for (std::uint64_t unique = pg::transaction_number();; ++unique) {
        std::string name = model::refresh_name(target.relation.name.name, unique, target.view_id);
        if (!pg::find_relation(pg::QualifiedName{catalog::data_schema_name, name}))
            return name;
    }
}

} // namespace

Replacement::Replacement(const Target &target, Ground &ground, Creation creation) : target_(target), ground_(ground) {
    pg::require_unused(target.relation.oid, core_command);
    pg::wait_point("swap-before-create");
    {
        // A worker has none here, and rows of the catalogs may be TOASTed.
        pg::FreshSnapshot const snapshot;
        drop_leftovers(target.view_id);
        create();
    }
    if (creation == Creation::committed) {
        ground_.keep(staged_.oid, pg::LockMode::exclusive);
        ground_.commit();
    }
    pg::wait_point("swap-after-create");
}

void Replacement::create() {
    Oid const view = target_.relation.oid;
    // What the view's lock does not cover: VACUUM of its TOAST table, ALTER INDEX ... SET TABLESPACE.
    auto const hold = [&](Oid relation) {
        if (!OidIsValid(relation))
            return;
        ground_.add_blocked(pg::lock_relation_timed(relation, pg::LockMode::share_update_exclusive));
        ground_.keep(relation, pg::LockMode::share_update_exclusive);
    };
    hold(pg::toast_of(view).table);

    Oid const schema = catalog::require_data_schema();
    std::string const name = free_name(target_);
    {
        pg::SecurityScope const as_owner(target_.relation.owner, target_.run_as);
        staged_ = pg::create_staged(view, schema, name);
    }
    for (pg::StagedIndex const &index : staged_.indexes) {
        hold(index.live);
        ground_.keep(index.staged, pg::LockMode::exclusive);
    }
    if (Oid const toast = pg::toast_of(staged_.oid).table; OidIsValid(toast))
        ground_.keep(toast, pg::LockMode::exclusive);
    if (target_.run_id) {
        catalog::runs::note_staged(*target_.run_id, name);
        noted_in_run_ = target_.run_id;
    }
}

void Replacement::complete(std::int64_t rows) {
    rows_ = rows;
    pg::wait_point("swap-before-index");
    pg::LiveNames const names(staged_);
    pg::SecurityScope const as_owner(target_.relation.owner, target_.run_as);
    pg::progress_phase(pg::Phase::building_indexes);
    int const total = static_cast<int>(staged_.indexes.size());
    for (int done = 0; done < total; ++done) {
        pg::progress_indexes(done, total);
        pg::build_staged_index(staged_.oid, staged_.indexes[static_cast<std::size_t>(done)].staged, names);
    }
    pg::progress_phase(pg::Phase::analyzing);
    pg::analyze(staged_.oid);
}

LockOutcome Replacement::swap() {
    pg::progress_phase(pg::Phase::flushing_wal);
    pg::flush_before_exchange(staged_);
    pg::progress_phase(pg::Phase::waiting_to_swap);
    pg::wait_point("swap-before-lock");
    pg::StorageAges const ages(staged_);
    auto const live_toast = pg::toast_of(staged_.live);
    auto const staged_toast = pg::toast_of(staged_.oid);
    std::vector<Oid> relations{staged_.live, staged_.oid};
    for (Oid const toast : {live_toast.table, live_toast.index, staged_toast.table, staged_toast.index}) {
        if (OidIsValid(toast))
            relations.push_back(toast);
    }
    for (pg::StagedIndex const &index : staged_.indexes) {
        relations.push_back(index.live);
        relations.push_back(index.staged);
    }
    auto const outcome = do_under_lock({.relations = std::move(relations),
                                        .work = [&] { exchange(); },
                                        .undo =
                                            [&] {
                                                ages.restore();
                                            }});
    if (outcome.was_had)
        pg::wait_point("swap-after-swap");
    return outcome;
}

void Replacement::exchange() {
    pg::FreshSnapshot const snapshot; // as for creating
    pg::progress_phase(pg::Phase::swapping);
    pg::wait_point("swap-locked");
    pg::require_unused(staged_.live, core_command);
    pg::mark_populated(staged_.oid);
    pg::exchange_storage(staged_);
    pg::carry_statistics(staged_);
    pg::drop_staged(staged_.oid);
    pg::count_new_rows(staged_.live, rows_);
    forget();
}

void Replacement::discard() {
    // Somebody may look at what was committed, a dump for hours. The next sweep finds it by its name.
    if (!pg::lock_relation(staged_.oid, pg::LockMode::access_exclusive, pg::Wait::no))
        return;
    pg::drop_staged(staged_.oid);
    forget();
}

void Replacement::forget() {
    if (noted_in_run_)
        catalog::runs::forget_staged(*noted_in_run_);
}

void throw_not_locked(const Target &target, const LockOutcome &outcome) {
    auto const name = target.relation.name.quoted();
    throw pg::Error(pg::sqlstate::lock_not_available,
                    "could not obtain the lock to swap materialized view \"{}\" within {} ms", name,
                    settings::swap_timeout)
        .detail("{}", outcome.obstacle)
        .hint("Call mv_refresh({}, 'diff'), which needs no such lock, or raise mvmanager.swap_timeout.",
              pg::quote_literal(name));
}

} // namespace mvmanager::refresh
