// What a comparison found, on its way out.
#pragma once

#include <cstdint>

#include "pg/row_store.hpp"
#include "pg/tid_list.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::pg {

// Plain memory, filled from loops over rows.
struct Differences {
    RowStore *insertions;         // rows of the query that the view does not have
    TidList *deletions;           // rows of the view that the query did not give, in any order
    std::int64_t most_insertions; // more than these, and to compare on is not worth it
    bool gave_up;

    void insert_unsafe(TupleTableSlot *slot) {
        insertions->put_unsafe(slot);
        if (insertions->count() > most_insertions)
            gave_up = true;
    }
};

} // namespace mvmanager::pg
