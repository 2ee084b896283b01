#include "pg/heap_writer.hpp"

#include "pg/progress.hpp"
#include "pg/wait_point.hpp"

#include "pg/postgres.hpp"

extern "C" {
#include "access/heapam.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "executor/tuptable.h"
#include "utils/rel.h"
}

namespace mvmanager::pg {
namespace {

constexpr int most_rows = 1000;
constexpr Size most_bytes = 256 * 1024;
constexpr int options = TABLE_INSERT_SKIP_FSM | TABLE_INSERT_FROZEN;

// As stored; a guess where the access method has slots of its own.
Size size_of(TupleTableSlot *slot) {
    if (TTS_IS_BUFFERTUPLE(slot) || TTS_IS_HEAPTUPLE(slot))
        return reinterpret_cast<HeapTupleTableSlot *>(slot)->tuple->t_len;
    return most_bytes / 100;
}

} // namespace

// All of it in a context of its own: rows arrive in contexts that are emptied between them.
struct HeapWriter::State {
    MemoryContext context;
    MemoryContext batch; // what writing a batch allocates
    Relation relation;
    BulkInsertState bulk;
    CommandId command;
    TupleTableSlot *slots[most_rows]; // made as they are needed
    int made, used;
    Size bytes;
    std::int64_t rows;
};

void HeapWriter::flush_unsafe(State *state) {
    if (state->used == 0)
        return;
    MemoryContext const previous = MemoryContextSwitchTo(state->batch);
    table_multi_insert(state->relation, state->slots, state->used, state->command, options, state->bulk);
    MemoryContextSwitchTo(previous);
    MemoryContextReset(state->batch);
    for (int i = 0; i < state->used; ++i)
        ExecClearTuple(state->slots[i]);
    state->used = 0;
    state->bytes = 0;
}

void HeapWriter::take_unsafe(RowReceiver *self, TupleTableSlot *row) {
    State *const state = static_cast<HeapWriter *>(self)->state_;
    if (state->rows == 0) [[unlikely]]
        wait_point_unsafe("swap-filling");
    if (state->used == state->made) [[unlikely]] {
        MemoryContext const previous = MemoryContextSwitchTo(state->context);
        state->slots[state->made++] = table_slot_create(state->relation, nullptr);
        MemoryContextSwitchTo(previous);
    }
    TupleTableSlot *const slot = state->slots[state->used++];
    ExecCopySlot(slot, row);
    // A row of another heap would keep its page pinned, and be written through to it.
    ExecMaterializeSlot(slot);
    state->bytes += size_of(slot);
    ++state->rows;
    progress_rows_read_unsafe(state->rows);
    progress_rows_written_unsafe(state->rows);
    if (state->used == most_rows || state->bytes >= most_bytes)
        flush_unsafe(state);
}

HeapWriter::HeapWriter(Oid relation) {
    receive_unsafe = take_unsafe;
    state_ = call([&] {
        MemoryContext const context =
            AllocSetContextCreate(CurrentMemoryContext, "mvmanager heap writer", ALLOCSET_DEFAULT_SIZES);
        auto *state = static_cast<State *>(MemoryContextAllocZero(context, sizeof(State)));
        state->context = context;
        state->batch = AllocSetContextCreate(context, "mvmanager heap writer batch", ALLOCSET_DEFAULT_SIZES);
        state->relation = table_open(relation, RowExclusiveLock);
        MemoryContext const previous = MemoryContextSwitchTo(context);
        state->bulk = GetBulkInsertState();
        MemoryContextSwitchTo(previous);
        // While a query runs in parallel neither can be had.
        GetCurrentTransactionId();
        state->command = GetCurrentCommandId(true);
        return state;
    });
}

std::int64_t HeapWriter::rows() const { return state_->rows; }

std::int64_t HeapWriter::finish() {
    return call([&] {
        flush_unsafe(state_);
        for (int i = 0; i < state_->made; ++i)
            ExecDropSingleTupleTableSlot(state_->slots[i]);
        FreeBulkInsertState(state_->bulk);
        table_finish_bulk_insert(state_->relation, options);
        table_close(state_->relation, NoLock);
        std::int64_t const rows = state_->rows;
        MemoryContextDelete(state_->context);
        state_ = nullptr;
        return rows;
    });
}

} // namespace mvmanager::pg
