// What makes two rows the same bytes.
#pragma once

#include <cstdint>

#include "pg/postgres.hpp"

extern "C" {
#include "access/htup.h"
#include "access/tupdesc.h"
}

struct TupleTableSlot;

namespace mvmanager::pg {

// A row's values with nothing between them and their bytes: no value is compressed, out of line or expanded.
struct PlainRow {
    const Datum *values;
    const bool *nulls;
};

// Hash and equality of rows by image, as record_image_eq sees it: 1.0 is not 1.00, -0 is not 0, NULL equals NULL, and it
// does not matter how a value is stored. Columns of types without equality are no different.
//
// Plain memory, for loops over rows: what was detoasted goes into the current memory context, which the caller empties.
class RowImage {
public:
    // All columns of the descriptor, which must live as long, or, where `count` is not negative, those in `columns`
    // (attribute numbers less one). Lives in the current memory context. The seed makes hashes nobody can prepare for.
    static RowImage *create_unsafe(TupleDesc descriptor, std::uint64_t seed, const int *columns = nullptr,
                                   int count = -1);

    // Valid until the slot is cleared, the next call, or the current memory context is emptied.
    PlainRow plain_unsafe(TupleTableSlot *slot);
    std::uint64_t hash(const PlainRow &row) const;
    // Whether the slot holds the same image. Frees what it detoasts of the slot.
    bool equals_unsafe(const PlainRow &row, TupleTableSlot *slot) const;

private:
    enum class Kind : std::uint8_t { by_value, fixed, varlena, cstring };
    struct Column {
        std::uint64_t mask; // of the bits that are the value, by_value only
        std::int16_t index, length;
        Kind kind;
    };

    static bool same_unsafe(const Column &column, Datum plain, Datum stored);

    std::uint64_t seed_, secret_;
    Datum *values_; // of the row that plain_unsafe had to change
    int width_, count_;
    bool has_varlena_;
    Column columns_[FLEXIBLE_ARRAY_MEMBER];
};

// True only where the other one is a heap's tuple with the very bytes of `row`, which makes the images equal. False says
// nothing. Costs less than taking both apart.
bool has_same_bytes(MinimalTuple row, TupleTableSlot *slot);
bool has_same_bytes(MinimalTuple row, MinimalTuple other);

// The tuple of a heap that the slot is filled from, where it has every column: its bytes are those that would be put together
// from the slot's values. Null for other slots, and for a tuple older than a column of its table.
HeapTuple whole_tuple(TupleTableSlot *slot);

} // namespace mvmanager::pg
