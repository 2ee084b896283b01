#include "refresh/ground.hpp"

#include <deque>

#include "pg/relation_lock.hpp"
#include "pg/wait_point.hpp"
#include "refresh/sources.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::refresh {
namespace {

// The same locks once more at session level, for the moment between two transactions. Granted at once: we hold them.
struct Bridge {
    explicit Bridge(const std::vector<std::uint64_t> &keys) {
        for (std::uint64_t const key : keys)
            views.emplace_back(pg::LockSpace::view, key);
    }
    std::deque<pg::SessionLock> views;
    pg::SessionRelationLocks relations;
};

} // namespace

Ground::Ground(std::int64_t view_id, Oid view, pg::LockMode mode, pg::Transaction *own)
    : views_{static_cast<std::uint64_t>(view_id)}, view_(view), kept_{{view, mode}}, own_(own) {}

void Ground::take_snapshot(Sources sources) {
    snapshot_.reset();
    if (sources == Sources::locked) {
        blocked_ += lock_sources(view_);
        pg::wait_point("refresh-after-lock");
    }
    snapshot_.emplace();
    if (sources == Sources::locked)
        complete_to_ = snapshot_->complete_to();
}

void Ground::commit() {
    snapshot_.reset();
    Bridge bridge(views_);
    for (Kept const &kept : kept_)
        bridge.relations.add(kept.relation, kept.mode);
    own_->restart();
    for (std::uint64_t const view : views_)
        pg::acquire(pg::LockSpace::view, view, pg::LockLevel::transaction, pg::Wait::yes);
    for (Kept const &kept : kept_)
        pg::lock_relation(kept.relation, kept.mode, pg::Wait::yes);
}

} // namespace mvmanager::refresh
