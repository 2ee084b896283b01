#include "pg/transaction.hpp"

#include "pg/postgres.hpp"

extern "C" {
#include "access/xact.h"
#include "utils/resowner.h"
#include "utils/snapmgr.h"
}

namespace mvmanager::pg {
namespace detail {

Subtransaction::Subtransaction() : context_(CurrentMemoryContext), owner_(CurrentResourceOwner) {
    call([] { BeginInternalSubTransaction(nullptr); });
    MemoryContextSwitchTo(context_);
}

void Subtransaction::commit() {
    call([] { ReleaseCurrentSubTransaction(); });
    MemoryContextSwitchTo(context_);
    CurrentResourceOwner = static_cast<ResourceOwner>(owner_);
}

void Subtransaction::roll_back() {
    call([] { RollbackAndReleaseCurrentSubTransaction(); });
    MemoryContextSwitchTo(context_);
    CurrentResourceOwner = static_cast<ResourceOwner>(owner_);
}

bool must_not_be_swallowed(const Error &error) {
    // Class 57: query cancelled, administrator shutdown, crash shutdown, database dropped.
    return sqlstate_text(error.sqlstate()).starts_with("57");
}

} // namespace detail

Transaction::Transaction(WithSnapshot snapshot) : with_snapshot_(snapshot) { begin(); }

void Transaction::begin() {
    open_ = true;
    call([] {
        SetCurrentStatementStartTimestamp();
        StartTransactionCommand();
    });
    if (with_snapshot_ == WithSnapshot::yes) {
        call([] { PushActiveSnapshot(GetTransactionSnapshot()); });
        snapshot_ = true;
    }
}

void Transaction::commit() {
    if (snapshot_)
        call([] { PopActiveSnapshot(); });
    snapshot_ = false;
    call([] { CommitTransactionCommand(); });
    open_ = false;
}

void Transaction::restart() {
    commit();
    with_snapshot_ = WithSnapshot::no;
    begin();
}

void Transaction::abort() {
    if (!open_)
        return;
    open_ = false;
    snapshot_ = false;
    call([] { AbortCurrentTransaction(); });
}

Transaction::~Transaction() {
    if (!open_)
        return;
    bool aborted = false;
    try {
        abort();
        aborted = true;
    } catch (...) {
    }
    // Nothing is left but to end the process: by FATAL, whose exit callbacks try once more to release everything. A
    // std::terminate would be a crash and take every session of the cluster along.
    if (!aborted)
        ereport(FATAL, (errcode(ERRCODE_INTERNAL_ERROR), errmsg("could not abort the transaction")));
}

void require_writable(const char *command) {
    call([&] {
        PreventCommandDuringRecovery(command);
        PreventCommandIfReadOnly(command);
    });
}

bool in_transaction_block() { return IsTransactionBlock(); }

} // namespace mvmanager::pg
