// Values that live in a TOAST table and stay there when their row is updated.
#pragma once

#include "pg/row_image.hpp"

#include "pg/postgres.hpp"

extern "C" {
#include "storage/itemptr.h"
#include "utils/relcache.h"
}

struct TupleTableSlot;

namespace mvmanager::pg {

// A new version of a row that says again what the old one has out of line takes the old one's pointers: the server then
// keeps the stored value, as it does for an UPDATE that leaves a column alone. Otherwise a changed counter would write the
// document beside it once more, into table, index and WAL.
//
// Plain memory made by create_unsafe in the current memory context. *_unsafe functions raise by longjmp.
class ToastedValues {
public:
    // Null where the relation has no value out of line.
    static ToastedValues *create_unsafe(Relation relation);
    void close_unsafe();

    // The slot to update the row at `tid` with: `slot` itself, or one of ours that has its values but for those that are
    // kept, until the next call. REQUIRES: an active snapshot that sees the row. What is detoasted goes into the current
    // memory context.
    TupleTableSlot *keep_unsafe(ItemPointer tid, TupleTableSlot *slot);

private:
    struct Column {
        int index;
        RowImage *image; // of this column alone
    };

    Relation relation_;
    TupleTableSlot *old_row_, *new_row_;
    int count_;
    Column columns_[FLEXIBLE_ARRAY_MEMBER];
};

} // namespace mvmanager::pg
