// A managed view becomes an ordinary materialized view again.
#pragma once

#include "versioning/register.hpp"
#include "versioning/retention.hpp"

namespace mvmanager::versioning {

// Ends the view: schedule removed, history kept. The relation stays as it is.
// REQUIRES: the current user's right to the relation (or, where it is gone, to its name) was checked.
Change release(const catalog::views::View &view, Archives archives = Archives::keep);

} // namespace mvmanager::versioning
