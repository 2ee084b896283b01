// A new managed view.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "pg/ddl.hpp"
#include "versioning/register.hpp"

namespace mvmanager::versioning {

struct Definition {
    std::string text;
    std::vector<std::string> indexes;
    std::optional<std::string> label;
    std::optional<std::string> comment;
    pg::Storage storage;
};

// Creates the materialized view under its final name, empty, with its indexes, owned by the current user, and registers
// version 1. Filling it is the caller's next step.
//
// Raises 42710 when the name is managed, 42P07 when a materialized view of that name is there, 42809 when something else
// is, and whatever the definition or an index text deserves.
// Leaves held to the end of the transaction: the name, and what CREATE MATERIALIZED VIEW and CREATE INDEX lock.
Change create(const pg::WrittenName &name, const Definition &definition);

} // namespace mvmanager::versioning
