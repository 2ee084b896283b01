// What somebody else did to a managed view, written down as a version.
#pragma once

#include "versioning/register.hpp"

namespace mvmanager::versioning {

// Registers the view as it is now as its live version, of origin "external"; the one before is pruned. `indexes` are those that
// belong to the version.
// Waits for nobody who waits for a lock on the view, so that it may be called with such a lock held.
// REQUIRES: a lock on the relation under which what was changed cannot change again.
void register_external(const catalog::views::View &view, const pg::Relation &relation, const Indexes &indexes);

} // namespace mvmanager::versioning
