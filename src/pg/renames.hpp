// Whether a query that is printed otherwise than before is the same one, and only what it reads was renamed.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "pg/guard.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::pg {

// The renames, as in `public.usages.u is now user_id`, that make `now` of `before`; both as the server prints a query.
// nullopt where they differ in more than names of relations, columns, functions and types, or where a name that
// `before` has is still there, so that nobody can have renamed it. REQUIRES: inside a transaction; both texts parse.
std::optional<std::vector<std::string>> renames_between(const std::string &before, const std::string &now);

} // namespace mvmanager::pg
