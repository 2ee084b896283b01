// New storage for a view, made beside it and put in its place: what `swap` is, and what `auto` ends with where much changed.
//
//     Replacement replacement(target, ground);        // an empty relation, cataloged
//     { pg::HeapWriter rows = ...(replacement.relation()); feed it; rows.finish(); }
//     replacement.complete(rows);                      // indexes, statistics
//     if (!replacement.swap().was_had) replacement.discard();
//
// What each step leaves where the process is killed is told in swap.cpp.
#pragma once

#include <cstdint>
#include <optional>

#include "pg/staged_relation.hpp"
#include "refresh/ground.hpp"
#include "refresh/strategy.hpp"
#include "refresh/swap_lock.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::refresh {

class Replacement {
public:
    enum class Creation {
        in_transaction, // seen by nobody until the transaction ends
        committed,      // the catalog knows it before a row is in it; the ground has no snapshot afterwards
    };

    // Creates the relation with its indexes, empty, and sees that nothing of the view or of it changes meanwhile: autovacuum
    // does not start on either's TOAST table, an index does not move.
    //
    // REQUIRES: ShareUpdateExclusiveLock or more on the view; that no SecurityScope of the owner is needed by the caller
    // right now (it opens its own); for Creation::committed that ground.may_commit().
    // Raises 55006 where a query of this session has the view open.
    Replacement(const Target &target, Ground &ground, Creation creation);

    Oid relation() const { return staged_.oid; }

    // After the last row: builds every index (an error names the view's own), takes statistics. Needs an active snapshot.
    // `rows` is how many there are.
    void complete(std::int64_t rows);

    // Puts it in the view's place and drops what was there. The locks it takes stay to the end of the transaction. Without
    // the lock nothing has happened, and it may be tried again or discarded. Needs no snapshot and should have none.
    LockOutcome swap();
    // Drops it unused; where somebody has it locked, leaves it to the next sweep (leftovers.hpp).
    void discard();

private:
    void create();
    void exchange();
    void forget();

    const Target &target_;
    Ground &ground_;
    pg::StagedRelation staged_;
    std::int64_t rows_ = 0;
    std::optional<std::int64_t> noted_in_run_;
};

// Microseconds the transaction waited, and 55P03 for a swap that could not have the lock.
[[noreturn]] void throw_not_locked(const Target &target, const LockOutcome &outcome);

} // namespace mvmanager::refresh
