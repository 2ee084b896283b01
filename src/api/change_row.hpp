// A change as a row of type mvmanager.mv_change.
#pragma once

#include <vector>

#include "pg/values.hpp"
#include "versioning/register.hpp"

namespace mvmanager::api {

std::vector<pg::Value> columns_of(const versioning::Change &change);

} // namespace mvmanager::api
