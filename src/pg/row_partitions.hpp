// Two sets of rows that are compared on disk, in bounded memory.
#pragma once

#include <cstddef>
#include <cstdint>

#include "model/image_table.hpp"
#include "pg/differences.hpp"
#include "pg/row_file.hpp"
#include "pg/row_image.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::pg {

// Rows of the view and of its query, each written to one of many pairs of temporary files by its hash; then each pair
// compared by itself, exactly. A pair too large for memory, be it by skew or by a million equal rows, is worked through in
// chunks of the view's rows: the query's rows stream past a chunk, and what finds no partner goes on to the next one.
//
// Plain memory made by create_unsafe in its own context, which its owner deletes. *_unsafe functions raise by longjmp.
class RowPartitions {
public:
    enum Side { view, query };

    // expected_bytes: of the view's rows. Never uses much more than so many bytes of memory; where a single row is larger,
    // as much as that row needs.
    static RowPartitions *create_unsafe(MemoryContext context, TupleDesc descriptor, RowImage *image,
                                        std::size_t memory_bytes, double expected_bytes);
    void write_unsafe(Side side, std::uint64_t hash, std::uint64_t tid, TupleTableSlot *slot);
    // Compares everything. REQUIRES: the snapshot under which the rows were read is active.
    void compare_unsafe(Differences *out);
    // Gives the files back.
    void close();

private:
    struct StoredRow { // in arena_, followed by its bytes
        std::uint64_t tid;
        std::size_t bytes;
    };

    void compare_pair_unsafe(RowFile *old_rows, RowFile *new_rows, int bits_used);
    void divide_unsafe(RowFile *old_rows, RowFile *new_rows, int bits_used);
    void distribute_unsafe(RowFile *from, RowFile *to, int bits_used);
    void compare_in_chunks_unsafe(RowFile *old_rows, RowFile *new_rows);
    bool load_unsafe(RowFile *old_rows);
    bool read_unsafe(RowFile *rows, RowFile::Header *header, MinimalTuple *row);
    void insert_unsafe(MinimalTuple row);
    bool match_unsafe(std::uint64_t hash, MinimalTuple row);
    bool equals_unsafe(MinimalTuple row, MinimalTuple other);
    void add_deletions_unsafe();
    StoredRow *stored(model::ImageTable::Place place) const { return reinterpret_cast<StoredRow *>(arena_ + place); }
    static void *row_of(StoredRow *row) { return reinterpret_cast<char *>(row) + MAXALIGN(sizeof(StoredRow)); }
    void reserve_unsafe(char **buffer, std::size_t *size, std::size_t needed);

    MemoryContext context_, per_row_;
    RowImage *image_;
    Differences *out_;
    TupleTableSlot *view_slot_, *query_slot_;
    int count_, count_bits_;
    RowFile *files_[2];

    // One chunk of the view's rows.
    char *arena_;
    std::size_t arena_size_, arena_used_;
    model::ImageTable table_;
    std::uint32_t *directory_;
    RowFile::Header pending_; // read, but its row did not fit
    bool has_pending_;
    char *row_;
    std::size_t row_size_;
    std::int64_t rows_read_;
};

} // namespace mvmanager::pg
