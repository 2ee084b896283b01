// What a strategy stands on: a transaction, locks on what the view reads, and a snapshot taken after them.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "pg/lock.hpp"
#include "pg/relation.hpp"
#include "pg/snapshot.hpp"
#include "pg/transaction.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::refresh {

// A session's refresh is one transaction, the caller's. A worker's may be several: what was built so far is committed, so
// that a kill leaves relations that the catalog knows and never files that it does not, and while it waits for a lock it
// holds neither a snapshot nor locks on base tables. The locks on the view pass from one transaction to the next without a gap.
class Ground {
public:
    // `own` is the worker's transaction, null in a session. The view's lock and `mode` on the relation are held.
    Ground(std::int64_t view_id, Oid view, pg::LockMode mode, pg::Transaction *own);

    enum class Sources { locked, untouched };
    // Makes a snapshot of now the active one. With Sources::locked first takes the locks the view's query will need: a
    // snapshot taken before them would miss what a transaction we then wait for commits.
    void take_snapshot(Sources sources);
    void drop_snapshot() { snapshot_.reset(); }

    bool may_commit() const { return own_ != nullptr; }
    // Commits what was done so far and begins another transaction, without a snapshot. Locks on the view and those given
    // to keep() stay held, all others are gone; so is every memory context of the transaction.
    // REQUIRES: may_commit(); no SecurityScope, Spi or subtransaction is open.
    void commit();
    // REQUIRES: this transaction holds the lock.
    void keep(Oid relation, pg::LockMode mode) { kept_.push_back({relation, mode}); }

    // The lock of another view, held too.
    void keep_view(std::int64_t view_id) { views_.push_back(static_cast<std::uint64_t>(view_id)); }

    // A moment before which everything committed is in the snapshot that the query ran on: TimestampTz.
    std::int64_t complete_to() const { return complete_to_; }
    // Microseconds waited for locks, those on what the view reads and others that a strategy tells of.
    std::int64_t blocked() const { return blocked_; }
    void add_blocked(std::int64_t microseconds) { blocked_ += microseconds; }

private:
    struct Kept {
        Oid relation;
        pg::LockMode mode;
    };

    std::vector<std::uint64_t> views_; // the view's own first
    Oid view_;
    std::vector<Kept> kept_;
    pg::Transaction *own_;
    std::optional<pg::FreshSnapshot> snapshot_;
    std::int64_t complete_to_ = 0;
    std::int64_t blocked_ = 0;
};

} // namespace mvmanager::refresh
