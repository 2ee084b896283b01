#include "versioning/external.hpp"

#include "catalog/changes.hpp"
#include "catalog/version_states.hpp"
#include "pg/lock.hpp"
#include "pg/query.hpp"
#include "pg/transaction.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::versioning {
namespace {

constexpr int unique_violation = pg::make_sqlstate("23505");
constexpr int attempts = 5;

void add(const catalog::views::View &view, const catalog::versions::NewVersion &now) {
    if (view.live_version)
        catalog::version_states::set_state(view.id, *view.live_version, model::VersionState::pruned);
    int const number = catalog::versions::add(view.id, now, model::VersionState::live);
    catalog::views::set_live(view.id, number);
    catalog::changes::add(view.id, "altered", std::nullopt, view.live_version, number);
}

} // namespace

void register_external(const catalog::views::View &view, const pg::Relation &relation, const Indexes &indexes) {
    auto now = describe(relation, pg::definition_text(relation.oid), indexes, "external");
    // As its author wrote it, where that still says what the view is.
    auto const before = view.live_version ? catalog::versions::get(view.id, *view.live_version)
                                          : std::optional<catalog::versions::Version>();
    if (before && before->data_hash == catalog::versions::data_hash(now.canonical, now.columns))
        now.definition = before->definition;
    // Who registers a version waits for us from here on. The other way round it would be a deadlock: who has the lock may be
    // waiting for the relation that our caller has locked. Then the next number may be taken meanwhile; whoever takes it is
    // waited for, and the one after it is tried.
    pg::acquire(pg::LockSpace::versions, static_cast<std::uint64_t>(view.id), pg::LockLevel::transaction, pg::Wait::no);
    for (int attempt = 1;; ++attempt) {
        auto const error = pg::try_in_subtransaction([&] { add(view, now); });
        if (!error)
            return;
        if (error->sqlstate() != unique_violation || attempt == attempts)
            throw pg::Error(*error);
    }
}

} // namespace mvmanager::versioning
