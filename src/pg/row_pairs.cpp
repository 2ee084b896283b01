#include "pg/row_pairs.hpp"

#include <exception>

#include "model/image_table.hpp"
#include "pg/guard.hpp"
#include "pg/random.hpp"
#include "pg/row_image.hpp"

#include "pg/postgres.hpp"

extern "C" {
#include "access/genam.h"
#include "access/sysattr.h"
#include "access/table.h"
#include "access/tableam.h"
#include "catalog/index.h"
#include "executor/tuptable.h"
#include "nodes/bitmapset.h"
#include "nodes/execnodes.h"
#include "optimizer/optimizer.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
}

namespace mvmanager::pg {
namespace {

using model::ImageTable;

void pause_unsafe() { CHECK_FOR_INTERRUPTS(); }

// Attribute numbers less one of all columns that unique indexes look at. Returns how many, 0 where rows cannot be paired.
int unique_columns_unsafe(Relation relation, int *columns) {
    Bitmapset *seen = nullptr; // offset by FirstLowInvalidHeapAttributeNumber
    List *const indexes = RelationGetIndexList(relation);
    ListCell *cell;
    foreach (cell, indexes) {
        Relation const index = index_open(lfirst_oid(cell), AccessShareLock);
        if (index->rd_index->indisunique) {
            IndexInfo *const info = BuildIndexInfo(index);
            for (int i = 0; i < info->ii_NumIndexKeyAttrs; ++i) {
                if (info->ii_IndexAttrNumbers[i] != 0)
                    seen = bms_add_member(seen, info->ii_IndexAttrNumbers[i] - FirstLowInvalidHeapAttributeNumber);
            }
            pull_varattnos(reinterpret_cast<Node *>(info->ii_Expressions), 1, &seen);
            pull_varattnos(reinterpret_cast<Node *>(info->ii_Predicate), 1, &seen);
        }
        index_close(index, AccessShareLock);
    }
    int count = 0;
    for (int member = -1; (member = bms_next_member(seen, member)) >= 0;) {
        int const attribute = member + FirstLowInvalidHeapAttributeNumber;
        if (attribute <= 0)
            return 0; // a whole row, or what only a stored row has
        columns[count++] = attribute - 1;
    }
    return count;
}

} // namespace

RowPairs::RowPairs(Oid relation, TidList &deletions, RowStore &insertions, std::size_t memory_bytes)
    : deletions_(&deletions) {
    if (deletions.count() == 0 || insertions.count() == 0)
        return;
    call([&] {
        context_ = AllocSetContextCreate(CurrentMemoryContext, "mvmanager pairs", ALLOCSET_DEFAULT_SIZES);
        MemoryContext const previous = MemoryContextSwitchTo(context_);
        pair_unsafe(relation, insertions, memory_bytes);
        MemoryContextSwitchTo(previous);
    });
}

RowPairs::~RowPairs() {
    if (context_ && std::uncaught_exceptions() == 0)
        MemoryContextDelete(context_);
}

void RowPairs::pair_unsafe(Oid relation_oid, RowStore &insertions, std::size_t memory_bytes) {
    std::size_t const old_rows = deletions_->count();
    auto const new_rows = static_cast<std::size_t>(insertions.count());
    if (old_rows > ImageTable::most_rows ||
        old_rows * ImageTable::bytes_a_row + new_rows * sizeof(std::uint64_t) > memory_bytes)
        return;

    Relation const relation = table_open(relation_oid, NoLock);
    TupleDesc const descriptor = RelationGetDescr(relation);
    auto *const columns = static_cast<int *>(palloc(sizeof(int) * (descriptor->natts + 1)));
    int const column_count = unique_columns_unsafe(relation, columns);
    if (column_count == 0) {
        table_close(relation, NoLock);
        return;
    }
    RowImage *const key = RowImage::create_unsafe(descriptor, random_seed(), columns, column_count);
    MemoryContext const per_row = AllocSetContextCreate(context_, "mvmanager paired row", ALLOCSET_DEFAULT_SIZES);
    TupleTableSlot *const old_row = table_slot_create(relation, nullptr);
    TupleTableSlot *const new_row = MakeSingleTupleTableSlot(descriptor, &TTSOpsMinimalTuple);
    Snapshot const snapshot = GetActiveSnapshot();
    auto fetch_unsafe = [&](ItemPointer tid) {
        if (!table_tuple_fetch_row_version(relation, tid, snapshot, old_row))
            elog(ERROR, "a row of relation \"%s\" vanished", RelationGetRelationName(relation));
    };

    ImageTable table;
    table.attach(
        static_cast<ImageTable::Entry *>(MemoryContextAllocHuge(context_, (old_rows + 1) * sizeof(ImageTable::Entry))),
        old_rows);
    MemoryContextSwitchTo(per_row);
    ItemPointerData tid;
    deletions_->rewind_unsafe();
    while (deletions_->next_unsafe(&tid)) {
        CHECK_FOR_INTERRUPTS();
        MemoryContextReset(per_row);
        fetch_unsafe(&tid);
        table.append(key->hash(key->plain_unsafe(old_row)), pack_tid(&tid));
    }
    auto *const directory = static_cast<std::uint32_t *>(
        MemoryContextAllocHuge(context_, ImageTable::directory_size(old_rows) * sizeof(std::uint32_t)));
    table.index(directory, pause_unsafe);

    partners_ = static_cast<std::uint64_t *>(MemoryContextAllocHuge(context_, new_rows * sizeof(std::uint64_t)));
    insertions.rewind_unsafe();
    for (std::size_t i = 0; i < new_rows; ++i) {
        CHECK_FOR_INTERRUPTS();
        // A row that comes from a file lies in the current context and is the slot's to free.
        ExecClearTuple(new_row);
        MemoryContextReset(per_row);
        if (!insertions.next_unsafe(new_row, RowStore::Copy::no))
            elog(ERROR, "rows to pair are missing");
        partners_[i] = 0;
        PlainRow const plain = key->plain_unsafe(new_row);
        ImageTable::Run const run = table.find(key->hash(plain));
        for (ImageTable::Entry &candidate : run) {
            unpack_tid(candidate.place(), &tid);
            fetch_unsafe(&tid);
            if (key->equals_unsafe(plain, old_row)) {
                partners_[i] = candidate.place();
                table.match(run, &candidate);
                break;
            }
        }
    }
    count_ = static_cast<std::int64_t>(table.matched());
    MemoryContextSwitchTo(context_);
    remaining_.adopt(table.take_unmatched(pause_unsafe), old_rows - table.matched());
    remaining_.sort_unsafe();
    deletions_ = &remaining_;

    ExecDropSingleTupleTableSlot(old_row);
    ExecDropSingleTupleTableSlot(new_row);
    MemoryContextDelete(per_row);
    table_close(relation, NoLock);
}

} // namespace mvmanager::pg
