#include "pg/execution.hpp"

#include "pg/guard.hpp"

#include "pg/postgres.hpp"

extern "C" {
#include "access/xact.h"
#include "executor/executor.h"
#include "executor/tuptable.h"
#include "nodes/plannodes.h"
#include "tcop/dest.h"
#include "utils/snapmgr.h"
}

namespace mvmanager::pg {
namespace {

// What the executor sees: a destination for rows that passes them on.
struct Destination {
    DestReceiver server; // first, since the executor knows no more of it
    RowReceiver *receiver;
    MemoryContext per_row;
};

bool pass_on_unsafe(TupleTableSlot *slot, DestReceiver *server) {
    auto *self = reinterpret_cast<Destination *>(server);
    MemoryContextReset(self->per_row);
    MemoryContext const previous = MemoryContextSwitchTo(self->per_row);
    self->receiver->receive_unsafe(self->receiver, slot);
    MemoryContextSwitchTo(previous);
    return true;
}

} // namespace

std::int64_t execute_plan(PlannedStmt *plan, const char *text, RowReceiver &receiver) {
    return call([&]() -> std::int64_t {
        Destination destination{};
        destination.server.receiveSlot = pass_on_unsafe;
        destination.server.rStartup = [](DestReceiver *, int, TupleDesc) {
        };
        destination.server.rShutdown = [](DestReceiver *) {
        };
        destination.server.rDestroy = [](DestReceiver *) {
        };
        destination.server.mydest = DestNone;
        destination.receiver = &receiver;
        destination.per_row = AllocSetContextCreate(CurrentMemoryContext, "mvmanager row", ALLOCSET_DEFAULT_SIZES);
        // While workers run, a transaction can be given no id: what writes in the midst of the rows needs one before.
        if (plan->parallelModeNeeded)
            GetCurrentTransactionId();

        QueryDesc *const query =
            CreateQueryDesc(plan, text, GetActiveSnapshot(), InvalidSnapshot, &destination.server, nullptr, nullptr, 0);
        ExecutorStart(query, 0);
#if PG_VERSION_NUM >= 180000
        ExecutorRun(query, ForwardScanDirection, 0);
#else
        ExecutorRun(query, ForwardScanDirection, 0, true);
#endif
        auto const rows = static_cast<std::int64_t>(query->estate->es_processed);
        ExecutorFinish(query);
        ExecutorEnd(query);
        FreeQueryDesc(query);
        MemoryContextDelete(destination.per_row);
        return rows;
    });
}

} // namespace mvmanager::pg
