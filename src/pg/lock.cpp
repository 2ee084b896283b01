#include "pg/lock.hpp"

#include <cstring>
#include <ctime>

#include "pg/postgres.hpp"

extern "C" {
#include "access/twophase.h"
#include "access/xact.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "storage/lock.h"
#include "utils/inval.h"
}

namespace mvmanager::pg {
namespace {

LOCKTAG tag_of(LockSpace space, std::uint64_t key) {
    LOCKTAG tag;
    bool const of_the_cluster = space == LockSpace::launcher || space == LockSpace::wait_point;
    Oid const database = of_the_cluster ? InvalidOid : MyDatabaseId;
    SET_LOCKTAG_ADVISORY(tag, database, static_cast<uint32>(key >> 32), static_cast<uint32>(key),
                         static_cast<uint16>(space));
    return tag;
}

} // namespace

bool acquire(LockSpace space, std::uint64_t key, LockLevel level, Wait wait, bool shared) {
    LOCKTAG const tag = tag_of(space, key);
    return call([&] {
        bool const acquired = LockAcquire(&tag, shared ? ShareLock : ExclusiveLock, level == LockLevel::session,
                                          wait == Wait::no) != LOCKACQUIRE_NOT_AVAIL;
        // What the former holder created or dropped must not hide behind a cached catalog row.
        if (acquired && IsTransactionState())
            AcceptInvalidationMessages();
        return acquired;
    });
}

void release(LockSpace space, std::uint64_t key, LockLevel level, bool shared) {
    LOCKTAG const tag = tag_of(space, key);
    call([&] { LockRelease(&tag, shared ? ShareLock : ExclusiveLock, level == LockLevel::session); });
}

SessionLock::SessionLock(LockSpace space, std::uint64_t key)
    : space_(space), key_(key), is_held_(acquire(space, key, LockLevel::session, Wait::no)) {}

SessionLock::~SessionLock() {
    // A lock that SQL of the session gave back meanwhile is a warning, not an error.
    LOCKTAG const tag = tag_of(space_, key_);
    if (is_held_)
        LockRelease(&tag, ExclusiveLock, true);
}

bool is_free(LockSpace space, std::uint64_t key) { return !holder(space, key); }

std::optional<int> holder(LockSpace space, std::uint64_t key) {
    LOCKTAG const tag = tag_of(space, key);
    // Not GetLockConflicts: it leaves out a process that holds a session-level lock outside of a transaction.
    int const pid = call([&] {
        int found = 0;
        LockData *locks = GetLockStatusData();
        for (int i = 0; i < locks->nelements && !found; ++i) {
            const LockInstanceData &lock = locks->locks[i];
            if (lock.holdMask && lock.pid != MyProcPid && std::memcmp(&lock.locktag, &tag, sizeof tag) == 0)
                found = lock.pid;
        }
        pfree(locks->locks);
        pfree(locks);
        return found;
    });
    return pid ? std::optional<int>(pid) : std::nullopt;
}

std::int64_t lock_table_size() {
    return static_cast<std::int64_t>(max_locks_per_xact) * (MaxConnections + max_prepared_xacts);
}

std::int64_t monotonic_now() {
    timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return static_cast<std::int64_t>(t.tv_sec) * 1000000 + t.tv_nsec / 1000;
}

} // namespace mvmanager::pg
