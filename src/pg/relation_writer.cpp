#include "pg/relation_writer.hpp"

#include <exception>

#include "pg/guard.hpp"
#include "pg/progress.hpp"
#include "pg/toasted_values.hpp"

#include "pg/postgres.hpp"

extern "C" {
#include "access/genam.h"
#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/index.h"
#include "executor/executor.h"
#include "executor/tuptable.h"
#include "nodes/execnodes.h"
#include "nodes/makefuncs.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
}

namespace mvmanager::pg {
namespace {

// As COPY does: rows are inserted so many, or so many bytes, at a time.
constexpr int most_in_batch = 1000;
constexpr Size most_bytes_in_batch = 65535;

#if PG_VERSION_NUM >= 160000
using IndexesToUpdate = TU_UpdateIndexes;
#else
using IndexesToUpdate = bool;
#endif

void insert_index_tuples_unsafe(ResultRelInfo *target, TupleTableSlot *slot, EState *estate) {
    ResetPerTupleExprContext(estate);
    MemoryContext const previous = MemoryContextSwitchTo(GetPerTupleMemoryContext(estate));
#if PG_VERSION_NUM >= 160000
    ExecInsertIndexTuples(target, slot, estate, false, false, nullptr, NIL, false);
#else
    ExecInsertIndexTuples(target, slot, estate, false, false, nullptr, NIL);
#endif
    MemoryContextSwitchTo(previous);
}

// The entries of a new version whose key was its own before and can be no other row's (pg/row_pairs.hpp): the server's
// function would look for one, and so visit the heap once more for every unique index.
void insert_version_entries_unsafe(ResultRelInfo *target, TupleTableSlot *slot, EState *estate,
                                   [[maybe_unused]] bool only_summarizing, bool make_room) {
    ExprContext *const expression = GetPerTupleExprContext(estate);
    ResetExprContext(expression);
    MemoryContext const previous = MemoryContextSwitchTo(GetPerTupleMemoryContext(estate));
    expression->ecxt_scantuple = slot;
    for (int i = 0; i < target->ri_NumIndices; ++i) {
        IndexInfo *const index = target->ri_IndexRelationInfo[i];
        if (!index->ii_ReadyForInserts)
            continue;
#if PG_VERSION_NUM >= 160000
        if (only_summarizing && !index->ii_Summarizing)
            continue;
#endif
        if (index->ii_Predicate != NIL) {
            if (!index->ii_PredicateState)
                index->ii_PredicateState = ExecPrepareQual(index->ii_Predicate, estate);
            if (!ExecQual(index->ii_PredicateState, expression))
                continue;
        }
        Datum values[INDEX_MAX_KEYS];
        bool nulls[INDEX_MAX_KEYS];
        FormIndexDatum(index, slot, estate, values, nulls);
        index_insert(target->ri_IndexRelationDescs[i], values, nulls, &slot->tts_tid, target->ri_RelationDesc,
                     UNIQUE_CHECK_NO, make_room, index);
    }
    MemoryContextSwitchTo(previous);
}

bool is_free_of_conflict_unsafe(ResultRelInfo *target, TupleTableSlot *slot, EState *estate, ItemPointer conflict) {
    ItemPointerSetInvalid(conflict);
#if PG_VERSION_NUM >= 180000
    ItemPointerData nowhere;
    ItemPointerSetInvalid(&nowhere);
    return ExecCheckIndexConstraints(target, slot, estate, conflict, &nowhere, NIL);
#else
    return ExecCheckIndexConstraints(target, slot, estate, conflict, NIL);
#endif
}

void require_written_unsafe(TM_Result result) {
    switch (result) {
    case TM_Ok:
        return;
    case TM_Updated:
    case TM_Deleted:
        ereport(ERROR, (errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
                        errmsg("could not serialize access due to concurrent update")));
    default:
        elog(ERROR, "could not write row: status %d", static_cast<int>(result));
    }
}

} // namespace

struct RelationWriter::State {
    MemoryContext context, batch_memory;
    Relation relation;
    EState *estate;
    ResultRelInfo *target;
    BulkInsertState bulk;
    ToastedValues *toasted; // null where the relation has none
    // Where rows may give way only:
    ExprState *stays;
    TupleTableSlot *old_row;
    bool make_room; // in full index pages, by looking for versions that are dead
    TupleTableSlot *slots[most_in_batch];
    int in_batch;
    Size bytes_in_batch;
    std::int64_t inserted, updated, deleted, replaced;

    void delete_unsafe(ItemPointer tid);
    void update_unsafe(std::uint64_t packed, TupleTableSlot *slot);
    bool stays_unsafe(ItemPointer tid);
    void replace_conflicts_unsafe(TupleTableSlot *slot);
    void flush_unsafe();
    TupleTableSlot *next_slot_unsafe();
};

void RelationWriter::State::delete_unsafe(ItemPointer tid) {
    TM_FailureData failure;
    ResetPerTupleExprContext(estate);
    MemoryContext const previous = MemoryContextSwitchTo(GetPerTupleMemoryContext(estate));
    require_written_unsafe(table_tuple_delete(relation, tid, GetCurrentCommandId(true), GetActiveSnapshot(),
                                              InvalidSnapshot, /* wait */ true, &failure, /* changingPart */ false));
    MemoryContextSwitchTo(previous);
}

void RelationWriter::State::update_unsafe(std::uint64_t packed, TupleTableSlot *slot) {
    ItemPointerData tid;
    unpack_tid(packed, &tid);
    TM_FailureData failure;
    LockTupleMode mode;
    IndexesToUpdate indexes{};
    ResetPerTupleExprContext(estate);
    MemoryContext const previous = MemoryContextSwitchTo(GetPerTupleMemoryContext(estate));
    if (toasted)
        slot = toasted->keep_unsafe(&tid, slot);
    require_written_unsafe(table_tuple_update(relation, &tid, slot, GetCurrentCommandId(true), GetActiveSnapshot(),
                                              InvalidSnapshot, /* wait */ true, &failure, &mode, &indexes));
    MemoryContextSwitchTo(previous);
#if PG_VERSION_NUM >= 160000
    if (indexes != TU_None)
        insert_version_entries_unsafe(target, slot, estate, indexes == TU_Summarizing, make_room);
#else
    if (indexes)
        insert_version_entries_unsafe(target, slot, estate, false, make_room);
#endif
    ++updated;
}

// A row that came into being with this command is not visible.
bool RelationWriter::State::stays_unsafe(ItemPointer tid) {
    if (!table_tuple_fetch_row_version(relation, tid, GetActiveSnapshot(), old_row))
        return true;
    ExprContext *const expression = GetPerTupleExprContext(estate);
    ResetExprContext(expression);
    expression->ecxt_scantuple = old_row;
    bool const stays_there = ExecQual(stays, expression);
    ExecClearTuple(old_row);
    return stays_there;
}

// The conflict with a row that stays is left for the index to complain of.
void RelationWriter::State::replace_conflicts_unsafe(TupleTableSlot *slot) {
    for (;;) {
        CHECK_FOR_INTERRUPTS();
        ItemPointerData conflict;
        ResetPerTupleExprContext(estate);
        MemoryContext const previous = MemoryContextSwitchTo(GetPerTupleMemoryContext(estate));
        bool const is_free = is_free_of_conflict_unsafe(target, slot, estate, &conflict);
        MemoryContextSwitchTo(previous);
        if (is_free || stays_unsafe(&conflict))
            return;
        delete_unsafe(&conflict);
        ++replaced;
    }
}

void RelationWriter::State::flush_unsafe() {
    if (in_batch == 0)
        return;
    MemoryContext const previous = MemoryContextSwitchTo(batch_memory);
    table_multi_insert(relation, slots, in_batch, GetCurrentCommandId(true), 0, bulk);
    MemoryContextSwitchTo(previous);
    MemoryContextReset(batch_memory);
    for (int i = 0; i < in_batch; ++i) {
        CHECK_FOR_INTERRUPTS();
        if (target->ri_NumIndices > 0)
            insert_index_tuples_unsafe(target, slots[i], estate);
        ExecClearTuple(slots[i]);
    }
    inserted += in_batch;
    in_batch = 0;
    bytes_in_batch = 0;
}

TupleTableSlot *RelationWriter::State::next_slot_unsafe() {
    if (!slots[in_batch]) {
        MemoryContext const previous = MemoryContextSwitchTo(context);
        slots[in_batch] = MakeSingleTupleTableSlot(RelationGetDescr(relation), &TTSOpsMinimalTuple);
        MemoryContextSwitchTo(previous);
    }
    return slots[in_batch];
}

RelationWriter::RelationWriter(Oid relation, const Predicate *gives_way_outside)
    : state_(call([&] {
          MemoryContext const context =
              AllocSetContextCreate(CurrentMemoryContext, "mvmanager writer", ALLOCSET_DEFAULT_SIZES);
          MemoryContext const previous = MemoryContextSwitchTo(context);
          auto *const state = static_cast<State *>(palloc0(sizeof(State)));
          state->context = context;
          state->batch_memory = AllocSetContextCreate(context, "mvmanager batch", ALLOCSET_DEFAULT_SIZES);
          state->relation = table_open(relation, NoLock);
          state->estate = CreateExecutorState();
          state->target = makeNode(ResultRelInfo);
          // Range table index 0: there is no range table, and the index code must not look for one.
          InitResultRelInfo(state->target, state->relation, 0, nullptr, 0);
          ExecOpenIndices(state->target, /* speculative */ gives_way_outside != nullptr);
          state->toasted = ToastedValues::create_unsafe(state->relation);
          if (gives_way_outside) {
              List *const condition = make_ands_implicit(reinterpret_cast<Expr *>(gives_way_outside->condition()));
              state->stays = ExecPrepareQual(condition, state->estate);
              state->old_row = table_slot_create(state->relation, nullptr);
          }
          MemoryContextSwitchTo(previous);
          return state;
      })) {}

// An error leaves relations to the abort, and the memory to its parent.
RelationWriter::~RelationWriter() {
    if (std::uncaught_exceptions() == 0)
        MemoryContextDelete(state_->context);
}

void RelationWriter::remove(TidList &rows) {
    call([&] {
        ItemPointerData tid;
        rows.rewind_unsafe();
        while (rows.next_unsafe(&tid)) {
            CHECK_FOR_INTERRUPTS();
            state_->delete_unsafe(&tid);
            progress_rows_written_unsafe(++state_->deleted);
        }
    });
}

void RelationWriter::write(RowStore &rows, const std::uint64_t *partners) {
    call([&] {
        State &state = *state_;
        if (rows.count() > most_in_batch)
            state.bulk = GetBulkInsertState();
        // Versions of earlier refreshes are worth the look. Where much is updated, a full page is full of this one's, which
        // nobody can remove yet, and VACUUM follows anyhow.
        state.make_room = static_cast<double>(rows.count()) < state.relation->rd_rel->reltuples / 10;
        rows.rewind_unsafe();
        for (std::int64_t i = 0; i < rows.count(); ++i) {
            CHECK_FOR_INTERRUPTS();
            TupleTableSlot *const slot = state.next_slot_unsafe();
            if (!rows.next_unsafe(slot, RowStore::Copy::yes))
                elog(ERROR, "rows to write are missing");
            progress_rows_written_unsafe(state.deleted + i);
            if (partners && partners[i] != 0) {
                state.update_unsafe(partners[i], slot);
                ExecClearTuple(slot);
                continue;
            }
            if (state.old_row)
                state.replace_conflicts_unsafe(slot);
            state.bytes_in_batch += reinterpret_cast<MinimalTupleTableSlot *>(slot)->mintuple->t_len;
            if (++state.in_batch == most_in_batch || state.bytes_in_batch > most_bytes_in_batch)
                state.flush_unsafe();
        }
        state.flush_unsafe();
        if (state.bulk) {
            table_finish_bulk_insert(state.relation, 0);
            FreeBulkInsertState(state.bulk);
            state.bulk = nullptr;
        }
    });
}

void RelationWriter::finish() {
    call([&] {
        State &state = *state_;
        for (TupleTableSlot *slot : state.slots) {
            if (slot)
                ExecDropSingleTupleTableSlot(slot);
        }
        if (state.old_row)
            ExecDropSingleTupleTableSlot(state.old_row);
        if (state.toasted)
            state.toasted->close_unsafe();
        ExecCloseIndices(state.target);
        FreeExecutorState(state.estate);
        table_close(state.relation, NoLock);
        state.relation = nullptr;
        CommandCounterIncrement();
    });
}

std::int64_t RelationWriter::inserted() const { return state_->inserted; }
std::int64_t RelationWriter::updated() const { return state_->updated; }
std::int64_t RelationWriter::deleted() const { return state_->deleted; }
std::int64_t RelationWriter::replaced() const { return state_->replaced; }

} // namespace mvmanager::pg
