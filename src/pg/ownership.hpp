// Who relations belong to.
#pragma once

#include "pg/relation.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::pg {

// Gives the relation, its indexes and its TOAST table to `owner`, with the grants the old owner made. Nobody's right to
// do so is asked, and no event trigger is told.
// REQUIRES: LockMode::access_exclusive on the relation.
void give_to(Oid relation, Oid owner);

} // namespace mvmanager::pg
