// What refreshes left behind that were killed while they filled a relation beside their view.
#pragma once

#include <cstdint>
#include <optional>

namespace mvmanager::refresh {

// Drops the relations that run rows name and nobody fills any more, and takes their names out of the rows. A relation is
// being filled for as long as somebody else holds its view's lock; one that somebody looks at right now is left for next
// time. Returns how many were dropped.
//
// REQUIRES: a transaction. Takes the lock of each view concerned, where it is free, to the end of the transaction, and
// AccessExclusiveLock on what it drops; waits for neither.
int drop_leftovers(std::optional<std::int64_t> view_id = std::nullopt);

} // namespace mvmanager::refresh
