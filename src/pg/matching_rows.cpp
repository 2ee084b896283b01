#include "pg/matching_rows.hpp"

#include <cstring>

#include "pg/execution.hpp"

#include "pg/postgres.hpp"

extern "C" {
#include "access/sysattr.h"
#include "access/table.h"
#include "catalog/pg_type.h"
#include "executor/tuptable.h"
#include "nodes/makefuncs.h"
#include "nodes/parsenodes.h"
#include "nodes/plannodes.h"
#include "rewrite/rewriteHandler.h"
#include "storage/itemptr.h"
#include "tcop/tcopprot.h"
#include "utils/rel.h"
}

namespace mvmanager::pg {
namespace {

// The view's columns, then ctid.
PlannedStmt *plan_unsafe(const Predicate &predicate) {
    auto *query = static_cast<Query *>(copyObjectImpl(predicate.query()));
    Var *tid = makeVar(1, SelfItemPointerAttributeNumber, TIDOID, -1, InvalidOid, 0);
    auto const place = static_cast<AttrNumber>(list_length(query->targetList) + 1);
    query->targetList = lappend(
        query->targetList, makeTargetEntry(reinterpret_cast<Expr *>(tid), place, pstrdup("ctid"), /* resjunk */ false));
    // Whoever may refresh may do this, as nobody is asked whether the owner may read the view.
#if PG_VERSION_NUM < 160000
    linitial_node(RangeTblEntry, query->rtable)->requiredPerms = 0;
#endif
    AcquireRewriteLocks(query, true, false);
    PlannedStmt *const plan = pg_plan_query(query, "", CURSOR_OPT_PARALLEL_OK, nullptr);
#if PG_VERSION_NUM >= 160000
    // Not before: the planner looks up there as whom the relation is read.
    plan->permInfos = NIL;
    ListCell *cell;
    foreach (cell, plan->rtable)
        lfirst_node(RangeTblEntry, cell)->perminfoindex = 0;
#endif
    return plan;
}

// Turns the last column of what the plan gives into the row's place.
struct TidSplitter {
    RowReceiver receiver; // first
    RowReceiver *to;
    TupleTableSlot *slot;
};

void split_unsafe(RowReceiver *receiver, TupleTableSlot *slot) {
    auto *self = reinterpret_cast<TidSplitter *>(receiver);
    int const columns = self->slot->tts_tupleDescriptor->natts;
    slot_getallattrs(slot);
    ExecClearTuple(self->slot);
    std::memcpy(self->slot->tts_values, slot->tts_values, sizeof(Datum) * static_cast<std::size_t>(columns));
    std::memcpy(self->slot->tts_isnull, slot->tts_isnull, sizeof(bool) * static_cast<std::size_t>(columns));
    ExecStoreVirtualTuple(self->slot);
    ItemPointerCopy(reinterpret_cast<ItemPointer>(DatumGetPointer(slot->tts_values[columns])), &self->slot->tts_tid);
    self->to->receive_unsafe(self->to, self->slot);
}

} // namespace

MatchingRows::MatchingRows(Oid view, const Predicate &predicate)
    : view_(view), plan_(call([&] { return plan_unsafe(predicate); })) {}

double MatchingRows::estimated_rows() const { return plan_->planTree->plan_rows; }

std::int64_t MatchingRows::run(RowReceiver &receiver) {
    TidSplitter splitter{{split_unsafe}, &receiver, nullptr};
    call([&] {
        Relation relation = table_open(view_, NoLock);
        splitter.slot = MakeSingleTupleTableSlot(CreateTupleDescCopy(RelationGetDescr(relation)), &TTSOpsVirtual);
        table_close(relation, NoLock);
    });
    auto const rows = execute_plan(plan_, "", splitter.receiver);
    call([&] { ExecDropSingleTupleTableSlot(splitter.slot); });
    return rows;
}

} // namespace mvmanager::pg
