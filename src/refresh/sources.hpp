// The relations a view reads.
#pragma once

#include <cstdint>

#include "pg/guard.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::refresh {

// Takes the locks that the view's query will need (AccessShare on what it names, and on what the plain views among these
// name), before the snapshot it runs on: a snapshot taken first would miss what a transaction we then wait for commits.
// Partitions and inheritance children are left to the planner. Returns microseconds spent waiting.
std::int64_t lock_sources(Oid view);

} // namespace mvmanager::refresh
