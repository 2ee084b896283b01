#include "pg/ownership.hpp"

#include "pg/postgres.hpp"

extern "C" {
#include "access/xact.h"
#include "commands/tablecmds.h"
}

namespace mvmanager::pg {

void give_to(Oid relation, Oid owner) {
    call([&] {
        ATExecChangeOwner(relation, owner, /* recursing: no checks of a user's command */ true, AccessExclusiveLock);
        CommandCounterIncrement();
    });
}

} // namespace mvmanager::pg
