#include "pg/row_partitions.hpp"

#include <algorithm>
#include <limits>
#include <new>

#include "pg/progress.hpp"

#include "pg/postgres.hpp"

extern "C" {
#include "access/htup_details.h"
#include "executor/tuptable.h"
}

namespace mvmanager::pg {
namespace {

using model::ImageTable;

void pause_unsafe() { CHECK_FOR_INTERRUPTS(); }

// So many pairs of files that one side of a pair fits into the memory for it, within a quarter of the memory for files.
int pairs_for(std::size_t memory_bytes, double expected_bytes) {
    double const wanted = expected_bytes / (static_cast<double>(memory_bytes) / 4);
    int pairs = 2;
    while (pairs < 4096 && pairs < wanted && 4 * pairs * row_file_bytes <= memory_bytes / 4)
        pairs *= 2;
    return pairs;
}

} // namespace

RowPartitions *RowPartitions::create_unsafe(MemoryContext context, TupleDesc descriptor, RowImage *image,
                                            std::size_t memory_bytes, double expected_bytes) {
    MemoryContext const previous = MemoryContextSwitchTo(context);
    auto *self = new (palloc0(sizeof(RowPartitions))) RowPartitions();
    self->context_ = context;
    self->per_row_ = AllocSetContextCreate(context, "mvmanager partitioned row", ALLOCSET_DEFAULT_SIZES);
    self->image_ = image;
    self->count_ = pairs_for(memory_bytes, expected_bytes);
    while (1 << self->count_bits_ < self->count_)
        ++self->count_bits_;
    for (RowFile *&files : self->files_)
        files = static_cast<RowFile *>(palloc0(sizeof(RowFile) * self->count_));
    self->view_slot_ = MakeSingleTupleTableSlot(descriptor, &TTSOpsMinimalTuple);
    self->query_slot_ = MakeSingleTupleTableSlot(descriptor, &TTSOpsMinimalTuple);
    // Allocated when the comparison begins: until then the files are all there is.
    self->arena_size_ = std::max<std::size_t>(memory_bytes / 2, 16384);
    MemoryContextSwitchTo(previous);
    return self;
}

void RowPartitions::write_unsafe(Side side, std::uint64_t hash, std::uint64_t tid, TupleTableSlot *slot) {
    bool mine;
    MinimalTuple const row = ExecFetchSlotMinimalTuple(slot, &mine);
    // The table within a pair sorts by the upper bits.
    files_[side][hash & static_cast<std::uint64_t>(count_ - 1)].write_unsafe(context_, hash, tid, row);
    if (mine)
        heap_free_minimal_tuple(row);
}

void RowPartitions::compare_unsafe(Differences *out) {
    out_ = out;
    std::size_t const rows = std::max<std::size_t>(arena_size_ / 4 / ImageTable::bytes_a_row, 16);
    arena_size_ -= arena_size_ / 4;
    arena_ = static_cast<char *>(MemoryContextAllocHuge(context_, arena_size_));
    table_.attach(static_cast<ImageTable::Entry *>(MemoryContextAllocHuge(context_, rows * sizeof(ImageTable::Entry))),
                  rows);
    directory_ = static_cast<std::uint32_t *>(
        MemoryContextAllocHuge(context_, ImageTable::directory_size(rows) * sizeof(std::uint32_t)));
    for (int i = 0; i < count_; ++i) {
        CHECK_FOR_INTERRUPTS();
        compare_pair_unsafe(&files_[view][i], &files_[query][i], count_bits_);
    }
}

void RowPartitions::compare_pair_unsafe(RowFile *old_rows, RowFile *new_rows, int bits_used) {
    // Some passes over the query's rows cost less than to write all rows once more. The table needs the upper bits.
    constexpr std::size_t most_passes = 4;
    constexpr int most_bits = 40;
    bool const is_large = old_rows->bytes() > most_passes * arena_size_ ||
                          static_cast<std::size_t>(old_rows->rows()) > most_passes * table_.capacity();
    if (is_large && bits_used + count_bits_ <= most_bits && !out_->gave_up)
        divide_unsafe(old_rows, new_rows, bits_used);
    else
        compare_in_chunks_unsafe(old_rows, new_rows);
}

void RowPartitions::divide_unsafe(RowFile *old_rows, RowFile *new_rows, int bits_used) {
    Size const bytes = sizeof(RowFile) * count_;
    auto *const old_parts = static_cast<RowFile *>(MemoryContextAllocZero(context_, bytes));
    auto *const new_parts = static_cast<RowFile *>(MemoryContextAllocZero(context_, bytes));
    std::int64_t const rows = old_rows->rows();
    distribute_unsafe(old_rows, old_parts, bits_used);
    distribute_unsafe(new_rows, new_parts, bits_used);
    for (int i = 0; i < count_; ++i) {
        // Nearly all in one part have most likely one hash, and no bits that would tell them apart.
        if (old_parts[i].rows() > rows / 8 * 7)
            compare_in_chunks_unsafe(&old_parts[i], &new_parts[i]);
        else
            compare_pair_unsafe(&old_parts[i], &new_parts[i], bits_used + count_bits_);
    }
    pfree(old_parts);
    pfree(new_parts);
}

void RowPartitions::distribute_unsafe(RowFile *from, RowFile *to, int bits_used) {
    RowFile::Header header;
    MinimalTuple row;
    from->rewind_unsafe();
    while (read_unsafe(from, &header, &row)) {
        std::uint64_t const part = header.hash >> bits_used & static_cast<std::uint64_t>(count_ - 1);
        to[part].write_unsafe(context_, header.hash, header.tid, row);
    }
    from->close();
}

void RowPartitions::compare_in_chunks_unsafe(RowFile *old_rows, RowFile *new_rows) {
    constexpr std::int64_t all = std::numeric_limits<std::int64_t>::max();
    old_rows->rewind_unsafe();
    has_pending_ = false;
    bool more = load_unsafe(old_rows);
    std::int64_t unseen = all; // so many of the query's rows, the first ones, have not been compared with this chunk
    for (;;) {
        RowFile rest{};
        std::int64_t unseen_rest = 0;
        RowFile::Header header;
        MinimalTuple row;
        new_rows->rewind_unsafe();
        for (std::int64_t i = 0; read_unsafe(new_rows, &header, &row); ++i) {
            if (i < unseen && !out_->gave_up && match_unsafe(header.hash, row)) {
                // A chunk without a row left has nothing to say to the rows before and after this one.
                if (more && table_.matched() == table_.size()) {
                    more = load_unsafe(old_rows);
                    unseen = all;
                    unseen_rest = rest.rows();
                }
            } else if (more && !out_->gave_up) {
                rest.write_unsafe(context_, header.hash, 0, row);
            } else {
                insert_unsafe(row);
            }
        }
        new_rows->close();
        *new_rows = rest;
        unseen = unseen_rest;
        if (unseen > 0)
            continue;
        add_deletions_unsafe();
        if (!more)
            break;
        more = load_unsafe(old_rows);
        unseen = all;
    }
    new_rows->close();
    old_rows->close();
}

// As many rows of the view as there is room for, ready to be found. False when these were the last.
bool RowPartitions::load_unsafe(RowFile *old_rows) {
    table_.clear();
    arena_used_ = 0;
    for (;;) {
        CHECK_FOR_INTERRUPTS();
        if (!has_pending_ && !(has_pending_ = old_rows->read_header_unsafe(&pending_)))
            break;
        std::size_t const bytes = MAXALIGN(MAXALIGN(sizeof(StoredRow)) + pending_.length);
        if (table_.size() == 0)
            reserve_unsafe(&arena_, &arena_size_, bytes);
        if (table_.is_full() || arena_used_ + bytes > arena_size_)
            break;
        StoredRow *const row = stored(arena_used_);
        *row = {pending_.tid, bytes};
        old_rows->read_row_unsafe(pending_, row_of(row));
        progress_rows_read_unsafe(++rows_read_);
        table_.append(pending_.hash, arena_used_);
        arena_used_ += bytes;
        has_pending_ = false;
    }
    table_.index(directory_, pause_unsafe);
    return has_pending_;
}

bool RowPartitions::read_unsafe(RowFile *rows, RowFile::Header *header, MinimalTuple *row) {
    CHECK_FOR_INTERRUPTS();
    if (!rows->read_header_unsafe(header))
        return false;
    reserve_unsafe(&row_, &row_size_, header->length);
    rows->read_row_unsafe(*header, row_);
    progress_rows_read_unsafe(++rows_read_);
    *row = reinterpret_cast<MinimalTuple>(row_);
    return true;
}

void RowPartitions::insert_unsafe(MinimalTuple row) {
    MemoryContextReset(per_row_);
    MemoryContext const previous = MemoryContextSwitchTo(per_row_);
    ExecStoreMinimalTuple(row, query_slot_, false);
    out_->insert_unsafe(query_slot_);
    MemoryContextSwitchTo(previous);
}

bool RowPartitions::match_unsafe(std::uint64_t hash, MinimalTuple row) {
    ImageTable::Run const run = table_.find(hash);
    for (ImageTable::Entry &candidate : run) {
        auto *const other = static_cast<MinimalTuple>(row_of(stored(candidate.place())));
        if (has_same_bytes(row, other) || equals_unsafe(row, other)) {
            table_.match(run, &candidate);
            return true;
        }
    }
    return false;
}

bool RowPartitions::equals_unsafe(MinimalTuple row, MinimalTuple other) {
    MemoryContextReset(per_row_);
    MemoryContext const previous = MemoryContextSwitchTo(per_row_);
    ExecStoreMinimalTuple(row, query_slot_, false);
    ExecStoreMinimalTuple(other, view_slot_, false);
    bool const same = image_->equals_unsafe(image_->plain_unsafe(query_slot_), view_slot_);
    MemoryContextSwitchTo(previous);
    return same;
}

void RowPartitions::add_deletions_unsafe() {
    for (const ImageTable::Entry &entry : table_) {
        CHECK_FOR_INTERRUPTS();
        if (!entry.is_matched())
            out_->deletions->append_unsafe(stored(entry.place())->tid);
    }
}

void RowPartitions::reserve_unsafe(char **buffer, std::size_t *size, std::size_t needed) {
    if (*buffer && *size >= needed)
        return;
    if (*buffer)
        pfree(*buffer);
    *buffer = nullptr;
    *size = std::max<std::size_t>(needed, 8192);
    *buffer = static_cast<char *>(MemoryContextAllocHuge(context_, *size));
}

void RowPartitions::close() {
    for (RowFile *files : files_)
        for (int i = 0; i < count_; ++i)
            files[i].close();
}

} // namespace mvmanager::pg
