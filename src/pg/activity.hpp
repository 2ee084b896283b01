// What this transaction has done so far, by the server's own counters. Take one before and one after, and subtract.
#pragma once

#include <cstdint>
#include <optional>

#include "pg/guard.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::pg {

struct RowCounters {
    std::int64_t inserted = 0, updated = 0, deleted = 0;
};

// Rows of the relation written by this transaction, subtransactions still open included. nullopt where track_counts is
// off. A relation that is truncated or rewritten in between starts again from zero.
std::optional<RowCounters> rows_written(Oid relation);

// WAL bytes written by this process and its parallel workers.
std::int64_t wal_bytes_written();

} // namespace mvmanager::pg
