#include "pg/segment.hpp"

#include <cinttypes>
#include <cstdio>
#include <cstring>

#include "pg/postgres.hpp"

extern "C" {
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "storage/dsm.h"
#include "utils/backend_status.h"
#include "utils/resowner.h"
}

namespace mvmanager::pg {
namespace {

// Calls look(entry) for each status row of a background worker of that type until it returns true.
// Must not raise between rows: the rows are a copy in a context of the status system.
template <typename F> void for_each_worker_unsafe(const char *type, F look) {
    pgstat_clear_backend_activity_snapshot();
    int const count = pgstat_fetch_stat_numbackends();
    for (int i = 1; i <= count; ++i) {
#if PG_VERSION_NUM >= 160000
        LocalPgBackendStatus *local = pgstat_get_local_beentry_by_index(i);
#else
        LocalPgBackendStatus *local = pgstat_fetch_stat_local_beentry(i);
#endif
        if (!local || local->backendStatus.st_backendType != B_BG_WORKER)
            continue;
        const char *its_type = GetBackgroundWorkerTypeByPid(local->backendStatus.st_procpid);
        if (its_type && std::strcmp(its_type, type) == 0 && look(local->backendStatus))
            break;
    }
    pgstat_clear_backend_activity_snapshot();
}

// Runs f without a resource owner, so that what it attaches outlives the transaction.
template <typename F> auto without_owner_unsafe(F f) {
    ResourceOwner const saved = CurrentResourceOwner;
    CurrentResourceOwner = nullptr;
    PG_TRY();
    {
        auto *result = f();
        CurrentResourceOwner = saved;
        return result;
    }
    PG_CATCH();
    {
        CurrentResourceOwner = saved;
        PG_RE_THROW();
    }
    PG_END_TRY();
}

} // namespace

void *create_segment(std::size_t size, std::uint32_t *handle) {
    dsm_segment *segment = call([&] { return without_owner_unsafe([&] { return dsm_create(size, 0); }); });
    *handle = dsm_segment_handle(segment);
    void *address = dsm_segment_address(segment);
    std::memset(address, 0, size);
    return address;
}

void publish_segment(const char *type, std::uint32_t handle, std::uint64_t generation) {
    char text[NAMEDATALEN];
    std::snprintf(text, sizeof text, "%s %" PRIu32 " %" PRIu64, type, handle, generation);
    call([&] { pgstat_report_appname(text); });
}

std::optional<Published> find_segment(const char *type) {
    Published const found = call([&] {
        Published published;
        std::size_t const length = std::strlen(type);
        for_each_worker_unsafe(type, [&](const PgBackendStatus &row) {
            if (std::strncmp(row.st_appname, type, length) != 0 ||
                std::sscanf(row.st_appname + length, " %" SCNu32 " %" SCNu64, &published.handle,
                            &published.generation) != 2) {
                published = {};
                return false;
            }
            published.pid = row.st_procpid;
            return true;
        });
        return published;
    });
    return found.pid ? std::optional(found) : std::nullopt;
}

std::optional<int> find_worker(const char *type) {
    int const pid = call([&] {
        int found = 0;
        for_each_worker_unsafe(type, [&](const PgBackendStatus &row) {
            found = row.st_procpid;
            return true;
        });
        return found;
    });
    return pid ? std::optional(pid) : std::nullopt;
}

void *attach_segment(std::uint32_t handle) {
    return call([&]() -> void * {
        dsm_segment *segment = dsm_find_mapping(handle);
        if (!segment)
            segment = without_owner_unsafe([&] { return dsm_attach(handle); });
        return segment ? dsm_segment_address(segment) : nullptr;
    });
}

void detach_segment(std::uint32_t handle) {
    call([&] {
        if (dsm_segment *segment = dsm_find_mapping(handle))
            dsm_detach(segment);
    });
}

} // namespace mvmanager::pg
