#include "pg/relation_lock.hpp"

#include "pg/security.hpp"
#include "pg/snapshot.hpp"

#include "pg/postgres.hpp"

extern "C" {
#include "storage/lmgr.h"
#include "storage/lock.h"
#include "storage/proc.h"
#include "storage/procarray.h"
#include "storage/sinvaladt.h"
#include "utils/array.h"
#include "utils/fmgrprotos.h"
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
    release_catalog_snapshot();
    lock_relation(relation, mode, Wait::yes);
    return monotonic_now() - since;
}

void unlock_relation(Oid relation, LockMode mode) {
    call([&] { UnlockRelationOid(relation, static_cast<LOCKMODE>(mode)); });
}

namespace {

LockRelId id_of(Oid relation) { return {.relId = relation, .dbId = MyDatabaseId}; }

} // namespace

SessionRelationLocks::~SessionRelationLocks() {
    for (Held const &held : held_) {
        LockRelId id = id_of(held.relation);
        UnlockRelationIdForSession(&id, static_cast<LOCKMODE>(held.mode));
    }
}

void SessionRelationLocks::add(Oid relation, LockMode mode) {
    held_.reserve(held_.size() + 1);
    LockRelId id = id_of(relation);
    call([&] { LockRelationIdForSession(&id, static_cast<LOCKMODE>(mode)); });
    held_.push_back({relation, mode});
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

bool waits_for_us(int pid) {
    return call([&] {
        ArrayType *blocking = DatumGetArrayTypeP(DirectFunctionCall1(pg_blocking_pids, Int32GetDatum(pid)));
        auto const *pids = reinterpret_cast<const int32 *>(ARR_DATA_PTR(blocking));
        int const count = ArrayGetNItems(ARR_NDIM(blocking), ARR_DIMS(blocking));
        for (int i = 0; i < count; ++i) {
            if (pids[i] == MyProcPid)
                return true;
        }
        return false;
    });
}

std::string user_of_process(int pid) {
    Oid const role = call([&] {
        PGPROC *proc = BackendPidGetProc(pid);
        return proc ? proc->roleId : InvalidOid;
    });
    return OidIsValid(role) ? role_name(role) : std::string();
}

} // namespace mvmanager::pg
