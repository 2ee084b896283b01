// The server's own REFRESH MATERIALIZED VIEW, as a parse tree and never as text.
#pragma once

#include <cstdint>

#include "pg/relation.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::pg {

enum class Concurrently { no, yes };

// Runs it as the statement of the current user, with the active snapshot, through every hook a typed REFRESH passes.
// Core checks the right, switches to the owner and restricts what the query may do, so this is called outside our own
// SecurityScope (CONCURRENTLY makes temporary tables, which the restricted context forbids).
//
// REQUIRES: the command's lock on the relation is held (Exclusive, or AccessExclusive), so that its name is its own.
// Returns the number of rows of the view afterwards.
std::int64_t refresh_materialized_view(const Relation &relation, Concurrently concurrently);

} // namespace mvmanager::pg
