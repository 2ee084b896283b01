// Rows kept aside.
#pragma once

#include <cstddef>
#include <cstdint>

#include "pg/row_source.hpp"
#include "pg/tid_list.hpp"

#include "pg/postgres.hpp"

extern "C" {
#include "access/tupdesc.h"
}

struct Tuplestorestate;
struct TupleTableSlot;

namespace mvmanager::pg {

// Rows in the order they were put, in so much memory and beyond it in temporary files. Values that lived in a TOAST table
// are fetched when put, so that rows stay valid whatever becomes of snapshot, transaction and tables.
//
// Rows are put within the transaction that made the store. With Lifetime::session they can be read in later ones.
class RowStore {
public:
    // Copies the descriptor.
    RowStore(TupleDesc descriptor, std::size_t kilobytes, Lifetime lifetime);
    ~RowStore();
    RowStore(const RowStore &) = delete;
    RowStore &operator=(const RowStore &) = delete;

    TupleDesc descriptor() const { return descriptor_; }
    std::int64_t count() const { return count_; }

    void put_unsafe(TupleTableSlot *slot);
    // A reader of its own position; begins at the first row.
    void rewind_unsafe();
    // Fills a slot of minimal tuples. With Copy::yes the row is the slot's own, else it stays until the next call.
    enum class Copy { no, yes };
    bool next_unsafe(TupleTableSlot *slot, Copy copy);

private:
    MemoryContext context_ = nullptr;
    TupleDesc descriptor_ = nullptr;
    Tuplestorestate *store_ = nullptr;
    Datum *values_ = nullptr;
    std::int64_t count_ = 0;
    Lifetime lifetime_;
    bool has_varlena_ = false;
};

// The rows of a store, as a source.
class StoredRows final : public RowSource {
public:
    explicit StoredRows(RowStore &store) : store_(store) {}
    std::int64_t run(RowReceiver &receiver) override;
    double estimated_rows() const override { return static_cast<double>(store_.count()); }

private:
    RowStore &store_;
};

} // namespace mvmanager::pg
