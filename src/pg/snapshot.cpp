#include "pg/snapshot.hpp"

#include <exception>

#include "pg/postgres.hpp"

extern "C" {
#include "access/xact.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
}

namespace mvmanager::pg {

bool one_snapshot_per_transaction() { return IsolationUsesXactSnapshot(); }

void release_catalog_snapshot() { call(InvalidateCatalogSnapshot); }

FreshSnapshot::FreshSnapshot() : exceptions_(std::uncaught_exceptions()) {
    complete_to_ = call([] {
        CommandCounterIncrement();
        // The transaction's one snapshot was taken at its first statement, which is not before it began.
        TimestampTz const before =
            IsolationUsesXactSnapshot() ? GetCurrentTransactionStartTimestamp() : GetCurrentTimestamp();
        PushActiveSnapshot(GetTransactionSnapshot());
        return before;
    });
}

FreshSnapshot::~FreshSnapshot() {
    if (std::uncaught_exceptions() == exceptions_)
        PopActiveSnapshot();
}

} // namespace mvmanager::pg
