#pragma once

#include <string>
#include <vector>

#include "pg/guard.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::pg {

// The schemas that unqualified names are looked up in, in order, without those that are implied or do not exist.
std::vector<std::string> schemas_in_search_path();

// Raises 3F000 when there is no such schema.
void require_schema(const std::string &name);

// True when the schema exists and the current user may create objects in it.
bool may_create_in(const std::string &schema);

} // namespace mvmanager::pg
