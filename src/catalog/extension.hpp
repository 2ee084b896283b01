// The installed extension itself.
#pragma once

#include <optional>
#include <string>

#include "pg/postgres.hpp"

namespace mvmanager::catalog {

struct Extension {
    Oid oid;
    Oid owner;
    Oid schema; // where the mv_* functions are
    std::string version;
};

// nullopt where the database does not have the extension (or it has just been dropped).
std::optional<Extension> find_extension();
// False between the installation of a new library and ALTER EXTENSION UPDATE: then nothing in the catalog is touched.
bool is_of_this_library(const Extension &extension);
// Raises 42704 with the hint to create it, 55000 with the hint to update it.
Extension require_extension();

} // namespace mvmanager::catalog
