// Rows of a query, collected so that the rows they equal can be looked up in the order of a relation's pages.
#pragma once

#include <cstddef>
#include <cstdint>

#include "model/image_table.hpp"
#include "pg/differences.hpp"
#include "pg/row_image.hpp"

#include "pg/postgres.hpp"

extern "C" {
#include "access/htup.h"
#include "utils/relcache.h"
#include "utils/snapshot.h"
}

namespace mvmanager::pg {

// Looking up one row after the other costs a miss in every cache on the way: directory, table, buffer, page. So rows are
// kept until there are some thousands. Then their places are found, with the memory fetched ahead, and visited in order.
//
// Plain memory made by create_unsafe. *_unsafe functions raise by longjmp.
class RowBatch {
public:
    // What rows are compared with; everything in it must live as long.
    struct Subject {
        Relation relation;
        Snapshot snapshot;
        RowImage *image;
        model::ImageTable *table;
        TupleTableSlot *stored; // of the relation's kind, for rows looked at
        Differences *out;
    };

    // Takes about so many bytes of `context`.
    static RowBatch *create_unsafe(MemoryContext context, TupleDesc descriptor, std::size_t bytes);
    // Keeps a copy of the row, which is the slot's, and first compares those it has where there is no room. A row too large
    // to keep is compared at once.
    void add_unsafe(const Subject &subject, std::uint64_t hash, const PlainRow &row, TupleTableSlot *slot);
    // Compares all that were kept: each is matched in the table, or goes to the insertions.
    void compare_unsafe(const Subject &subject);

private:
    struct Kept {
        std::uint64_t hash;
        std::size_t offset; // in arena_
    };
    struct Candidate {
        model::ImageTable::Place place;
        std::size_t row;
    };

    MinimalTuple tuple(std::size_t row) const { return reinterpret_cast<MinimalTuple>(arena_ + rows_[row].offset); }
    bool equals_unsafe(const Subject &subject, const Candidate &candidate);
    bool match_unsafe(const Subject &subject, std::uint64_t hash);
    void insert_unsafe(const Subject &subject, MinimalTuple row);
    void compare_one_unsafe(const Subject &subject, std::uint64_t hash, MinimalTuple row);

    TupleDesc descriptor_;
    TupleTableSlot *slot_;
    MemoryContext per_row_;
    char *arena_;
    std::size_t arena_size_, arena_used_;
    Kept *rows_;
    Candidate *candidates_;
    std::size_t count_, capacity_;
};

} // namespace mvmanager::pg
