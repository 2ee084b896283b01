// Statements of other people's scripts, as the server's parser reads them.
#pragma once

#include <string>
#include <vector>

#include "model/lint.hpp"
#include "model/script.hpp"
#include "pg/guard.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::pg {

// What of the script concerns the rules of model/lint. Parses and looks nothing up; a statement that does not parse becomes
// one of kind `broken`, and the rest is read all the same. REQUIRES: inside a transaction.
std::vector<model::lint::Statement> read_script(std::string_view sql);

// Whether a query has a * for columns, so that it means another one once a table has more. Raises what parsing raises.
bool has_star(std::string_view sql);

} // namespace mvmanager::pg
