// The query of a view as a text that goes on to mean the same when columns of what it reads change places.
#pragma once

#include <string>
#include <vector>

#include "pg/guard.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::pg {

// Names every column of `renumbered` by its name: FROM t AS x (a, b) becomes FROM t AS x, and a join with a name of its own
// loses it. What the server prints by place all the same shows in column_uses of the text once it is stored.
std::string text_by_name(Oid view, const std::vector<Oid> &renumbered);

} // namespace mvmanager::pg
