#include "pg/row_batch.hpp"

#include <algorithm>
#include <cstring>

#include "model/radix_sort.hpp"
#include "pg/tid_list.hpp"

#include "pg/postgres.hpp"

extern "C" {
#include "access/htup_details.h"
#include "access/tableam.h"
#include "executor/tuptable.h"
#include "utils/rel.h"
}

namespace mvmanager::pg {
namespace {

using model::ImageTable;

// How many rows ahead memory is asked for: far enough to hide a miss, near enough to be still there.
constexpr std::size_t ahead = 8;

void pause_unsafe() { CHECK_FOR_INTERRUPTS(); }

void fetch_unsafe(const RowBatch::Subject &subject, ImageTable::Place place) {
    ItemPointerData tid;
    unpack_tid(place, &tid);
    if (!table_tuple_fetch_row_version(subject.relation, &tid, subject.snapshot, subject.stored))
        elog(ERROR, "a row of relation \"%s\" vanished", RelationGetRelationName(subject.relation));
}

} // namespace

RowBatch *RowBatch::create_unsafe(MemoryContext context, TupleDesc descriptor, std::size_t bytes) {
    MemoryContext const previous = MemoryContextSwitchTo(context);
    auto *self = static_cast<RowBatch *>(palloc0(sizeof(RowBatch)));
    self->descriptor_ = descriptor;
    self->slot_ = MakeSingleTupleTableSlot(descriptor, &TTSOpsMinimalTuple);
    self->per_row_ = AllocSetContextCreate(context, "mvmanager compared row", ALLOCSET_DEFAULT_SIZES);
    // A third for what is known of rows, the rest for rows of sixty bytes or more, which takes most.
    self->capacity_ = std::max<std::size_t>(bytes / 3 / (sizeof(Kept) + sizeof(Candidate)), 16);
    self->arena_size_ = std::max<std::size_t>(bytes / 3 * 2, 1024);
    self->rows_ = static_cast<Kept *>(palloc_extended(self->capacity_ * sizeof(Kept), MCXT_ALLOC_HUGE));
    self->candidates_ = static_cast<Candidate *>(palloc_extended(self->capacity_ * sizeof(Candidate), MCXT_ALLOC_HUGE));
    self->arena_ = static_cast<char *>(palloc_extended(self->arena_size_, MCXT_ALLOC_HUGE));
    MemoryContextSwitchTo(previous);
    return self;
}

void RowBatch::add_unsafe(const Subject &subject, std::uint64_t hash, const PlainRow &row, TupleTableSlot *slot) {
    // Put together already, unless a value was detoasted.
    HeapTuple const whole = row.values == slot->tts_values ? whole_tuple(slot) : nullptr;
    MinimalTuple const made =
        whole ? nullptr
              : heap_form_minimal_tuple(descriptor_, const_cast<Datum *>(row.values), const_cast<bool *>(row.nulls)
#if PG_VERSION_NUM >= 180000
                                                                                          ,
                                        0
#endif
                );
    std::size_t const length = whole ? whole->t_len - MINIMAL_TUPLE_OFFSET : made->t_len;
    std::size_t const bytes = MAXALIGN(length);
    if (count_ == capacity_ || arena_used_ + bytes > arena_size_)
        compare_unsafe(subject);
    if (bytes > arena_size_) {
        MinimalTuple const large = whole ? minimal_tuple_from_heap_tuple(whole
#if PG_VERSION_NUM >= 180000
                                                                         ,
                                                                         0
#endif
                                                                         )
                                         : made;
        compare_one_unsafe(subject, hash, large);
        pfree(large);
        return;
    }
    char *const place = arena_ + arena_used_;
    if (whole) {
        std::memcpy(place, reinterpret_cast<const char *>(whole->t_data) + MINIMAL_TUPLE_OFFSET, length);
        reinterpret_cast<MinimalTuple>(place)->t_len = static_cast<std::uint32_t>(length);
    } else {
        std::memcpy(place, made, length);
        pfree(made);
    }
    rows_[count_++] = {hash, arena_used_};
    arena_used_ += bytes;
}

void RowBatch::compare_unsafe(const Subject &subject) {
    ImageTable &table = *subject.table;
    std::size_t candidates = 0;
    for (std::size_t i = 0; i < count_; ++i) {
        if (i % 1024 == 0)
            CHECK_FOR_INTERRUPTS();
        if (i + 2 * ahead < count_)
            table.prefetch_directory(rows_[i + 2 * ahead].hash);
        if (i + ahead < count_)
            table.prefetch_rows(rows_[i + ahead].hash);
        ImageTable::Run const run = table.find(rows_[i].hash);
        if (run.empty()) {
            insert_unsafe(subject, tuple(i));
            continue;
        }
        // Taken already, so that the next row of this hash finds another one.
        candidates_[candidates++] = {run.first->place(), i};
        table.match(run, run.first);
    }
    model::radix_sort(
        candidates_, candidates, 48, [](const Candidate &candidate) { return candidate.place; }, pause_unsafe);

    std::size_t wrong = 0;
    for (std::size_t i = 0; i < candidates; ++i) {
        CHECK_FOR_INTERRUPTS();
        if (i + ahead < candidates)
            __builtin_prefetch(arena_ + rows_[candidates_[i + ahead].row].offset);
        if (!equals_unsafe(subject, candidates_[i]))
            candidates_[wrong++] = candidates_[i];
    }
    // Rows that share a hash and nothing else: hardly ever any.
    for (std::size_t i = 0; i < wrong; ++i)
        table.release(rows_[candidates_[i].row].hash, candidates_[i].place);
    for (std::size_t i = 0; i < wrong; ++i)
        compare_one_unsafe(subject, rows_[candidates_[i].row].hash, tuple(candidates_[i].row));
    ExecClearTuple(subject.stored);
    ExecClearTuple(slot_);
    count_ = 0;
    arena_used_ = 0;
}

bool RowBatch::equals_unsafe(const Subject &subject, const Candidate &candidate) {
    fetch_unsafe(subject, candidate.place);
    if (has_same_bytes(tuple(candidate.row), subject.stored))
        return true;
    MemoryContextReset(per_row_);
    MemoryContext const previous = MemoryContextSwitchTo(per_row_);
    ExecStoreMinimalTuple(tuple(candidate.row), slot_, false);
    bool const same = subject.image->equals_unsafe(subject.image->plain_unsafe(slot_), subject.stored);
    MemoryContextSwitchTo(previous);
    return same;
}

// The row in slot_ against every row of its hash.
bool RowBatch::match_unsafe(const Subject &subject, std::uint64_t hash) {
    PlainRow const row = subject.image->plain_unsafe(slot_);
    ImageTable::Run const run = subject.table->find(hash);
    for (ImageTable::Entry &candidate : run) {
        CHECK_FOR_INTERRUPTS();
        fetch_unsafe(subject, candidate.place());
        if (subject.image->equals_unsafe(row, subject.stored)) {
            subject.table->match(run, &candidate);
            return true;
        }
    }
    return false;
}

void RowBatch::compare_one_unsafe(const Subject &subject, std::uint64_t hash, MinimalTuple row) {
    MemoryContextReset(per_row_);
    MemoryContext const previous = MemoryContextSwitchTo(per_row_);
    ExecStoreMinimalTuple(row, slot_, false);
    if (!match_unsafe(subject, hash))
        subject.out->insert_unsafe(slot_);
    MemoryContextSwitchTo(previous);
}

void RowBatch::insert_unsafe(const Subject &subject, MinimalTuple row) {
    MemoryContextReset(per_row_);
    MemoryContext const previous = MemoryContextSwitchTo(per_row_);
    ExecStoreMinimalTuple(row, slot_, false);
    subject.out->insert_unsafe(slot_);
    MemoryContextSwitchTo(previous);
}

} // namespace mvmanager::pg
