// Rows into an empty relation, in batches.
#pragma once

#include <cstdint>

#include "pg/guard.hpp"
#include "pg/row_receiver.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::pg {

// Takes rows of the relation's shape from anywhere: a query, a scan of another relation, one by one. They are written frozen,
// pages and visibility map at once, so that no VACUUM has to come after; values of the sender's TOAST table are copied into
// the relation's own. Indexes are left alone: they are built afterwards.
//
// REQUIRES: a lock that keeps everybody else from reading or writing the relation's files, an active snapshot while rows come
// and at finish(), and that nobody who began earlier will ever read the relation otherwise than as a whole: to every snapshot
// all of it is there. The sender may run parallel workers only where the transaction has its id before.
// What is kept between rows is bounded (a thousand rows or a quarter of a megabyte). On the error path the abort of the
// (sub)transaction cleans up.
class HeapWriter final : public RowReceiver {
public:
    explicit HeapWriter(Oid relation);
    HeapWriter(const HeapWriter &) = delete;
    HeapWriter &operator=(const HeapWriter &) = delete;

    // For those who have one row at hand. REQUIRES: inside pg::call or the server.
    void write_unsafe(TupleTableSlot *slot) { receive_unsafe(this, slot); }
    // Writes what is left and closes the relation: the last call, which must not be left out. Returns how many rows there
    // were in all.
    std::int64_t finish();
    // So far.
    std::int64_t rows() const;

private:
    struct State;
    static void take_unsafe(RowReceiver *self, TupleTableSlot *row);
    static void flush_unsafe(State *state);

    State *state_;
};

} // namespace mvmanager::pg
