// Databases, looked at from a process that need not be connected to any.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "pg/guard.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::pg {

struct Database {
    Oid oid = InvalidOid;
    std::string name;
    bool allows_connections = false;
    bool is_template = false;
};

// REQUIRES: a transaction.
std::vector<Database> all_databases();
// nullopt where it is gone. REQUIRES: a transaction.
std::optional<Database> find_database(Oid oid);
Oid database_owner(Oid oid);

// Whether a connection could be made now: false while somebody drops, renames, moves or copies the database, or waits to.
bool is_open_for_connections(Oid oid);

// The names in a comma-separated list with SQL's quoting; empty for a list that cannot be read.
std::vector<std::string> split_names(const char *list);
// Whether such a list holds the name; an empty one holds every name.
bool is_listed(const char *list, const std::string &name);

// Which life of which server this is: timeline and start of the postmaster. A crash keeps it, a restart or a promotion not.
std::string server_generation();

} // namespace mvmanager::pg
