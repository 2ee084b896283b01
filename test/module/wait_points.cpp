// Holding the code at a named place.
//
// A process that comes to wait_point('p') takes the point's lock shared for a moment, so it waits for as long as another
// session holds it exclusively: hold('p') and release('p'). The lock is one of the cluster, because the launcher is in
// no database. It waits in the lock manager, which makes it visible in pg_locks and to isolationtester, and lets it be
// cancelled, terminated and killed like any wait. A session passes the points that it holds itself.
#include "labels.hpp"

#include "pg/hash.hpp"
#include "pg/lock.hpp"
#include "pg/values.hpp"
#include "pg/wait_point.hpp"

#include "pg/postgres.hpp"

extern "C" {
#include "storage/proc.h"
#if PG_VERSION_NUM >= 180000
PG_MODULE_MAGIC_EXT(.name = "mvmanager_test");
#else
PG_MODULE_MAGIC;
#endif

PGDLLEXPORT void _PG_init(void);
}

namespace mvmanager::test {
namespace {

std::uint64_t key_of(std::string_view point) { return pg::hash64(point); }

// The code under test may have set a lock_timeout of its own, which is not meant for the test's lock.
class WithoutLockTimeout {
public:
    WithoutLockTimeout() : saved_(LockTimeout) { LockTimeout = 0; }
    ~WithoutLockTimeout() { LockTimeout = saved_; }
    WithoutLockTimeout(const WithoutLockTimeout &) = delete;
    WithoutLockTimeout &operator=(const WithoutLockTimeout &) = delete;

private:
    int saved_;
};

void wait_at(const char *name) {
    pg::enter([&] {
        WithoutLockTimeout const without;
        pg::acquire(pg::LockSpace::wait_point, key_of(name), pg::LockLevel::session, pg::Wait::yes, /* shared */ true);
        pg::release(pg::LockSpace::wait_point, key_of(name), pg::LockLevel::session, /* shared */ true);
    });
}

} // namespace
} // namespace mvmanager::test

void _PG_init(void) {
    *find_rendezvous_variable(mvmanager::pg::wait_point_variable) = reinterpret_cast<void *>(mvmanager::test::wait_at);
    mvmanager::test::register_label_provider_unsafe();
}

namespace mvmanager::test {

MV_FUNCTION(mvm_test_hold) {
    auto const point = pg::Arguments(fcinfo).require<std::string>(0, "point");
    pg::acquire(pg::LockSpace::wait_point, key_of(point), pg::LockLevel::session, pg::Wait::yes);
    PG_RETURN_VOID();
}

MV_FUNCTION(mvm_test_release) {
    auto const point = pg::Arguments(fcinfo).require<std::string>(0, "point");
    pg::release(pg::LockSpace::wait_point, key_of(point), pg::LockLevel::session);
    PG_RETURN_VOID();
}

// The key as pg_locks shows it: classid in the upper half, objid in the lower.
MV_FUNCTION(mvm_test_point_key) {
    auto const point = pg::Arguments(fcinfo).require<std::string>(0, "point");
    return Int64GetDatum(static_cast<std::int64_t>(key_of(point)));
}

MV_FUNCTION(mvm_test_pass) {
    auto const point = pg::Arguments(fcinfo).require<std::string>(0, "point");
    pg::wait_point(point.c_str());
    PG_RETURN_VOID();
}

} // namespace mvmanager::test
