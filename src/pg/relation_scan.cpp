#include "pg/relation_scan.hpp"

#include "pg/guard.hpp"
#include "pg/tid_list.hpp"

#include "pg/postgres.hpp"

extern "C" {
#include "access/table.h"
#include "access/tableam.h"
#include "executor/tuptable.h"
#include "storage/bufmgr.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
}

namespace mvmanager::pg {
namespace {

// From the first page on: a scan that joins another one in its midst would not be in order.
TableScanDesc begin_scan_unsafe(Relation relation, Snapshot snapshot) {
    return table_beginscan_strat(relation, snapshot, 0, nullptr, /* allow_strat */ true, /* allow_sync */ false);
}

std::int64_t scan_unsafe(Relation relation, TidList *left_out, RowReceiver &receiver) {
    TupleTableSlot *const slot = table_slot_create(relation, nullptr);
    TableScanDesc const scan = begin_scan_unsafe(relation, GetActiveSnapshot());
    MemoryContext const per_row =
        AllocSetContextCreate(CurrentMemoryContext, "mvmanager scanned row", ALLOCSET_DEFAULT_SIZES);
    std::int64_t rows = 0;
    ItemPointerData next_left_out;
    bool const filtered = left_out != nullptr;
    if (filtered)
        left_out->rewind_unsafe();
    bool any_left_out = filtered && left_out->next_unsafe(&next_left_out);
    while (table_scan_getnextslot(scan, ForwardScanDirection, slot)) {
        CHECK_FOR_INTERRUPTS();
        if (any_left_out && ItemPointerEquals(&slot->tts_tid, &next_left_out)) {
            any_left_out = left_out->next_unsafe(&next_left_out);
            continue;
        }
        MemoryContextReset(per_row);
        MemoryContext const previous = MemoryContextSwitchTo(per_row);
        receiver.receive_unsafe(&receiver, slot);
        MemoryContextSwitchTo(previous);
        ++rows;
    }
    table_endscan(scan);
    ExecDropSingleTupleTableSlot(slot);
    MemoryContextDelete(per_row);
    if (any_left_out)
        elog(ERROR, "a row to leave out is not in relation \"%s\"", RelationGetRelationName(relation));
    return rows;
}

bool sees_the_same_unsafe(Relation relation, Snapshot mine, Snapshot latest) {
    TupleTableSlot *const slot = table_slot_create(relation, nullptr);
    std::int64_t seen_by_both = 0, seen_by_mine = 0;
    bool same = true;

    TableScanDesc scan = begin_scan_unsafe(relation, latest);
    while (same && table_scan_getnextslot(scan, ForwardScanDirection, slot)) {
        CHECK_FOR_INTERRUPTS();
        same = table_tuple_satisfies_snapshot(relation, slot, mine);
        ++seen_by_both;
    }
    table_endscan(scan);

    // Every row of now is mine: so mine has no others if it has as many.
    if (same) {
        scan = begin_scan_unsafe(relation, mine);
        while (table_scan_getnextslot(scan, ForwardScanDirection, slot)) {
            CHECK_FOR_INTERRUPTS();
            ++seen_by_mine;
        }
        table_endscan(scan);
    }
    ExecDropSingleTupleTableSlot(slot);
    return same && seen_by_mine == seen_by_both;
}

} // namespace

std::int64_t RelationScan::run(RowReceiver &receiver) {
    return call([&] {
        Relation const relation = table_open(relation_, NoLock);
        std::int64_t const rows = scan_unsafe(relation, left_out_, receiver);
        table_close(relation, NoLock);
        return rows;
    });
}

double RelationScan::estimated_rows() const {
    return call([&] {
        Relation const relation = table_open(relation_, NoLock);
        // As the planner does: the density of the last VACUUM or ANALYZE, or by the types, on the pages of now.
        BlockNumber pages;
        double rows, all_visible;
        table_relation_estimate_size(relation, nullptr, &pages, &rows, &all_visible);
        table_close(relation, NoLock);
        return rows;
    });
}

std::int64_t block_count(Oid relation) {
    return call([&]() -> std::int64_t {
        Relation const opened = table_open(relation, NoLock);
        BlockNumber const blocks = RelationGetNumberOfBlocks(opened);
        table_close(opened, NoLock);
        return blocks;
    });
}

bool active_snapshot_is_current(Oid relation) {
    return call([&] {
        Relation const opened = table_open(relation, NoLock);
        Snapshot const latest = RegisterSnapshot(GetLatestSnapshot());
        bool const same = sees_the_same_unsafe(opened, GetActiveSnapshot(), latest);
        UnregisterSnapshot(latest);
        table_close(opened, NoLock);
        return same;
    });
}

} // namespace mvmanager::pg
