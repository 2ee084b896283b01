#include "pg/row_matcher.hpp"

#include <algorithm>
#include <exception>
#include <new>

#include "model/image_table.hpp"
#include "pg/differences.hpp"
#include "pg/guard.hpp"
#include "pg/progress.hpp"
#include "pg/random.hpp"
#include "pg/row_batch.hpp"
#include "pg/row_image.hpp"
#include "pg/row_partitions.hpp"
#include "pg/wait_point.hpp"

#include "pg/postgres.hpp"

extern "C" {
#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "commands/tablespace.h"
#include "executor/tuptable.h"
#include "optimizer/optimizer.h"
#include "storage/bufmgr.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
}

namespace mvmanager::pg {

using model::ImageTable;

namespace {

constexpr std::size_t least_memory = 64 * 1024;

void pause_unsafe() { CHECK_FOR_INTERRUPTS(); }

std::int64_t stored_bytes(TupleTableSlot *slot) {
    if (TTS_IS_BUFFERTUPLE(slot) || TTS_IS_HEAPTUPLE(slot))
        return MAXALIGN(reinterpret_cast<HeapTupleTableSlot *>(slot)->tuple->t_len) + sizeof(ItemIdData);
    slot_getallattrs(slot);
    Size const data = heap_compute_data_size(slot->tts_tupleDescriptor, slot->tts_values, slot->tts_isnull);
    return MAXALIGN(MAXALIGN(SizeofHeapTupleHeader) + data) + sizeof(ItemIdData);
}

} // namespace

// Everything is in a memory context of our own, never in the executor's, whose rows we are called with.
struct RowMatcher::State {
    MemoryContext context;
    MemoryContext passing; // for what nobody needs once the comparison is over
    std::size_t memory_bytes;
    Lifetime lifetime;
    Oid relation_oid;
    Relation relation; // open while rows are read
    Snapshot snapshot;
    TupleDesc descriptor; // a copy, which no resource owner watches
    RowImage *image;
    TupleTableSlot *stored; // a row of the view, looked at again
    ImageTable table;
    std::size_t most_rows;     // in the table
    RowPartitions *partitions; // set: spilled
    RowBatch *batch;           // otherwise
    RowBatch::Subject subject;
    double relation_bytes;
    TidList deletions;
    Differences out;
    std::int64_t view_rows, view_bytes, query_rows;

    struct Receiver {
        RowReceiver server; // first: a RowSource knows no more of it
        State *state;
    };

    static void receive_view_unsafe(RowReceiver *receiver, TupleTableSlot *slot);
    static void receive_query_unsafe(RowReceiver *receiver, TupleTableSlot *slot);
    void open_unsafe();
    void close_unsafe();
    bool is_too_large(double expected_rows) const;
    void grow_unsafe();
    void spill_unsafe();
    void end_view_unsafe();
    void end_query_unsafe();
    void fetch_unsafe(std::uint64_t tid);
};

void RowMatcher::State::open_unsafe() {
    relation = table_open(relation_oid, NoLock);
    snapshot = GetActiveSnapshot();
    MemoryContext const previous = MemoryContextSwitchTo(context);
    stored = table_slot_create(relation, nullptr);
    MemoryContextSwitchTo(previous);
}

void RowMatcher::State::close_unsafe() {
    ExecDropSingleTupleTableSlot(stored);
    stored = nullptr;
    table_close(relation, NoLock);
    relation = nullptr;
}

void RowMatcher::State::fetch_unsafe(std::uint64_t tid) {
    ItemPointerData place;
    unpack_tid(tid, &place);
    if (!table_tuple_fetch_row_version(relation, &place, snapshot, stored))
        elog(ERROR, "a row of relation \"%s\" vanished", RelationGetRelationName(relation));
}

// Whether to spill from the start. An estimate may be wrong by some, and what was begun in memory can still be spilled.
// Rows that no cache holds are better compared in order, on both sides, than fetched one by one.
bool RowMatcher::State::is_too_large(double expected_rows) const {
    return expected_rows > static_cast<double>(most_rows) * 1.25 ||
           (expected_rows > 0 && relation_bytes / BLCKSZ > effective_cache_size);
}

// The array doubles within the limit; a large one is moved by the operating system, not copied.
void RowMatcher::State::grow_unsafe() {
    std::size_t const capacity = std::min(table.capacity() * 2, most_rows);
    auto *const rows = const_cast<ImageTable::Entry *>(table.begin());
    table.attach(static_cast<ImageTable::Entry *>(repalloc_huge(rows, capacity * sizeof(ImageTable::Entry))), capacity);
}

// Memory will not do: what was read so far is looked up once more, in order, and written to files.
void RowMatcher::State::spill_unsafe() {
    std::size_t const memory = memory_bytes / 8 * 5; // the rest is for deletions and insertions
    partitions = RowPartitions::create_unsafe(passing, descriptor, image, memory, relation_bytes);
    for (const ImageTable::Entry &entry : table) {
        CHECK_FOR_INTERRUPTS();
        fetch_unsafe(entry.place());
        partitions->write_unsafe(RowPartitions::view, entry.hash(), entry.place(), stored);
    }
    ExecClearTuple(stored);
    pfree(const_cast<ImageTable::Entry *>(table.begin()));
    table.clear();
    table.attach(nullptr, 0);
}

void RowMatcher::State::receive_view_unsafe(RowReceiver *receiver, TupleTableSlot *slot) {
    State *const self = reinterpret_cast<Receiver *>(receiver)->state;
    std::uint64_t const hash = self->image->hash(self->image->plain_unsafe(slot));
    std::uint64_t const tid = pack_tid(&slot->tts_tid);
    progress_rows_read_unsafe(++self->view_rows);
    self->view_bytes += stored_bytes(slot);
    if (!self->partitions && self->table.is_full()) {
        if (self->table.capacity() < self->most_rows)
            self->grow_unsafe();
        else
            self->spill_unsafe();
    }
    if (self->partitions)
        self->partitions->write_unsafe(RowPartitions::view, hash, tid, slot);
    else
        self->table.append(hash, tid);
}

void RowMatcher::State::end_view_unsafe() {
    if (partitions)
        return;
    std::size_t const numbers = ImageTable::directory_size(table.size());
    auto *const directory =
        static_cast<std::uint32_t *>(MemoryContextAllocHuge(passing, numbers * sizeof(std::uint32_t)));
    table.index(directory, pause_unsafe);
}

void RowMatcher::State::receive_query_unsafe(RowReceiver *receiver, TupleTableSlot *slot) {
    State *const self = reinterpret_cast<Receiver *>(receiver)->state;
    progress_rows_read_unsafe(++self->query_rows);
    if (self->query_rows == 1)
        wait_point_unsafe("diff-streaming");
    if (self->out.gave_up) {
        self->out.insert_unsafe(slot);
        return;
    }
    PlainRow const row = self->image->plain_unsafe(slot);
    std::uint64_t const hash = self->image->hash(row);
    if (self->partitions)
        self->partitions->write_unsafe(RowPartitions::query, hash, 0, slot);
    else
        self->batch->add_unsafe(self->subject, hash, row, slot);
}

void RowMatcher::State::end_query_unsafe() {
    if (partitions) {
        progress_phase(Phase::comparing_partitions, view_rows + query_rows);
        partitions->compare_unsafe(&out);
        partitions->close();
    } else {
        batch->compare_unsafe(subject);
        std::size_t const count = table.size() - table.matched();
        std::uint64_t *const places = table.take_unmatched(pause_unsafe);
        Size const bytes = std::max<Size>(count, 1) * sizeof(std::uint64_t);
        deletions.adopt(static_cast<std::uint64_t *>(repalloc_huge(places, bytes)), count);
    }
    deletions.sort_unsafe();
    close_unsafe();
    MemoryContextDelete(passing);
    passing = nullptr;
}

RowMatcher::RowMatcher(Oid relation, Limits limits)
    : state_(call([&] {
          MemoryContext const context =
              AllocSetContextCreate(TopMemoryContext, "mvmanager row matcher", ALLOCSET_DEFAULT_SIZES);
          auto *const state = new (MemoryContextAllocZero(context, sizeof(State))) State();
          state->context = context;
          state->passing = AllocSetContextCreate(context, "mvmanager comparison", ALLOCSET_DEFAULT_SIZES);
          state->memory_bytes = std::max(limits.memory_bytes, least_memory);
          state->lifetime = limits.lifetime;
          state->relation_oid = relation;
          return state;
      })) {}

RowMatcher::~RowMatcher() {
    bool const is_unwinding = std::uncaught_exceptions() > 0;
    if (!(is_unwinding && state_->lifetime == Lifetime::transaction)) {
        try {
            call([&] { state_->deletions.close_unsafe(); });
        } catch (const Error &) {
            // Of a file that nobody will read.
        }
    }
    delete state_->out.insertions;
    MemoryContextDelete(state_->context);
}

void RowMatcher::read_view(RowSource &rows) {
    State &state = *state_;
    auto const estimate = rows.estimated_rows();
    call([&] {
        PrepareTempTablespaces();
        Relation const relation = table_open(state.relation_oid, NoLock);
        double const blocks = RelationGetNumberOfBlocks(relation);
        state.relation_bytes = blocks * BLCKSZ;
        MemoryContext const previous = MemoryContextSwitchTo(state.context);
        state.descriptor = CreateTupleDescCopy(RelationGetDescr(relation));
        state.image = RowImage::create_unsafe(state.descriptor, random_seed());
        MemoryContextSwitchTo(previous);
        table_close(relation, NoLock);
    });
    // A quarter of the memory is for rows to insert, an eighth for rows of the query on their way.
    state.most_rows = std::min(state.memory_bytes / 8 * 5 / ImageTable::bytes_a_row, ImageTable::most_rows);
    call([&] {
        state.open_unsafe();
        double const wanted = std::clamp(estimate * 1.1, 1024.0, static_cast<double>(ImageTable::most_rows));
        std::size_t const capacity = std::min(static_cast<std::size_t>(wanted), state.most_rows);
        state.table.attach(static_cast<ImageTable::Entry *>(
                               MemoryContextAllocHuge(state.context, capacity * sizeof(ImageTable::Entry))),
                           capacity);
        state.deletions.start(state.context, state.memory_bytes / 8 / 1024, state.lifetime);
        if (state.is_too_large(estimate))
            state.spill_unsafe();
    });
    state.out.insertions = new RowStore(state.descriptor, state.memory_bytes / 4 / 1024, state.lifetime);
    state.out.deletions = &state.deletions;
    State::Receiver receiver{{State::receive_view_unsafe}, &state};
    progress_phase(Phase::scanning_view, static_cast<std::int64_t>(estimate));
    rows.run(receiver.server);
    call([&] {
        state.end_view_unsafe();
        state.close_unsafe();
    });
}

void RowMatcher::read_query(RowSource &rows, std::int64_t most_insertions) {
    State &state = *state_;
    state.out.most_insertions = most_insertions;
    call([&] {
        state.open_unsafe();
        if (!state.partitions) {
            state.batch = RowBatch::create_unsafe(state.passing, state.descriptor, state.memory_bytes / 8);
            state.subject = {state.relation, state.snapshot, state.image, &state.table, state.stored, &state.out};
        }
    });
    State::Receiver receiver{{State::receive_query_unsafe}, &state};
    progress_phase(Phase::running_query, static_cast<std::int64_t>(rows.estimated_rows()));
    rows.run(receiver.server);
    call([&] { state.end_query_unsafe(); });
}

std::int64_t RowMatcher::view_rows() const { return state_->view_rows; }
std::int64_t RowMatcher::view_bytes() const { return state_->view_bytes; }
std::int64_t RowMatcher::query_rows() const { return state_->query_rows; }
bool RowMatcher::gave_up() const { return state_->out.gave_up; }
bool RowMatcher::spilled() const { return state_->partitions != nullptr; }
TidList &RowMatcher::deletions() { return state_->deletions; }
RowStore &RowMatcher::insertions() { return *state_->out.insertions; }

} // namespace mvmanager::pg
