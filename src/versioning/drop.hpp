// A managed view is dropped and its history ends.
#pragma once

#include "versioning/register.hpp"

namespace mvmanager::versioning {

enum class Cascade { refuse, drop };

// Raises 2BP01 with the list of dependents unless they are to go too; managed views among them end as well.
// REQUIRES: the current user's right to the relation was checked.
// Leaves held to the end of the transaction: the name, the view, ACCESS EXCLUSIVE on what is dropped.
Change drop(const catalog::views::View &view, Cascade cascade);

} // namespace mvmanager::versioning
