// The one way to mvmanager's tables.
//
//     catalog::Scope scope;
//     for (const pg::Row &row : scope.spi().run(find_view, {...})) ...
//
// Inside the scope the current user is the extension's owner and search_path is pg_catalog, pg_temp: it is opened
// around the fixed statements of this folder only, after the caller's rights were checked, and no expression of a
// user is evaluated in it.
#pragma once

#include "catalog/extension.hpp"
#include "pg/security.hpp"
#include "pg/spi.hpp"

namespace mvmanager::catalog {

class Scope {
public:
    Scope() : as_owner_(require_extension().owner, pg::RunAs::catalog_owner) {}
    pg::Spi &spi() { return spi_; }

private:
    pg::SecurityScope as_owner_; // entered first, left last
    pg::Spi spi_;
};

} // namespace mvmanager::catalog
