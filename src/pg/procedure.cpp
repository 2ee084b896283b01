#include "pg/procedure.hpp"

#include <exception>

#include "pg/postgres.hpp"

extern "C" {
#include "executor/spi.h"
#include "nodes/parsenodes.h"
#include "utils/snapmgr.h"
}

namespace mvmanager::pg {

bool may_commit(FunctionCallInfo fcinfo) {
    return fcinfo->context && IsA(fcinfo->context, CallContext) &&
           !reinterpret_cast<CallContext *>(fcinfo->context)->atomic;
}

NonatomicScope::NonatomicScope() : exceptions_(std::uncaught_exceptions()) {
    call([] { SPI_connect_ext(SPI_OPT_NONATOMIC); });
}

NonatomicScope::~NonatomicScope() {
    if (std::uncaught_exceptions() == exceptions_)
        SPI_finish();
}

void NonatomicScope::commit() {
    call([] { SPI_commit(); });
}

ActiveSnapshot::ActiveSnapshot() : exceptions_(std::uncaught_exceptions()) {
    call([] { PushActiveSnapshot(GetTransactionSnapshot()); });
}

ActiveSnapshot::~ActiveSnapshot() {
    if (std::uncaught_exceptions() == exceptions_)
        PopActiveSnapshot();
}

} // namespace mvmanager::pg
