#include "pg/relation_lock.hpp"

#include "pg/security.hpp"

#include "pg/postgres.hpp"

extern "C" {
#include "storage/lmgr.h"
#include "storage/lock.h"
#include "storage/proc.h"
#include "storage/procarray.h"
#include "storage/sinvaladt.h"
}

namespace mvmanager::pg {

bool lock_relation(Oid relation, LockMode mode, Wait wait) {
    auto const level = static_cast<LOCKMODE>(mode);
    return call([&] {
        if (wait == Wait::no)
            return ConditionalLockRelationOid(relation, level);
        LockRelationOid(relation, level);
        return true;
    });
}

std::int64_t lock_relation_timed(Oid relation, LockMode mode) {
    if (lock_relation(relation, mode, Wait::no))
        return 0;
    auto const since = monotonic_now();
    lock_relation(relation, mode, Wait::yes);
    return monotonic_now() - since;
}

void unlock_relation(Oid relation, LockMode mode) {
    call([&] { UnlockRelationOid(relation, static_cast<LOCKMODE>(mode)); });
}

std::optional<int> relation_holder(Oid relation, LockMode mode) {
    LOCKTAG tag;
    SET_LOCKTAG_RELATION(tag, MyDatabaseId, relation);
    int const pid = call([&] {
        int count = 0;
        VirtualTransactionId *conflicting = GetLockConflicts(&tag, static_cast<LOCKMODE>(mode), &count);
        for (int i = 0; i < count; ++i) {
#if PG_VERSION_NUM >= 170000
            PGPROC *proc = ProcNumberGetProc(conflicting[i].procNumber);
#else
            PGPROC *proc = BackendIdGetProc(conflicting[i].backendId);
#endif
            if (proc)
                return proc->pid;
        }
        return 0;
    });
    return pid ? std::optional<int>(pid) : std::nullopt;
}

std::string user_of_process(int pid) {
    Oid const role = call([&] {
        PGPROC *proc = BackendPidGetProc(pid);
        return proc ? proc->roleId : InvalidOid;
    });
    return OidIsValid(role) ? role_name(role) : std::string();
}

} // namespace mvmanager::pg
