// An existing materialized view becomes a managed one, as it is.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "versioning/register.hpp"

namespace mvmanager::versioning {

// Registers the relation and changes nothing about it. A view of that name released before by the same owner is
// continued under its id: with its last version where that is what the relation shows, else with a new one.
// A managed view: action "unchanged".
// REQUIRES: the current user's right to the relation was checked.
// Leaves held to the end of the transaction: the name, the view, and ACCESS SHARE on the relation.
Change adopt(const pg::Relation &relation, const std::optional<std::string> &label);

// Every materialized view of the schema that the current user owns, those that are read first. `left_out`: those it
// does not own.
std::vector<Change> adopt_schema(const std::string &schema, std::vector<pg::QualifiedName> &left_out);

} // namespace mvmanager::versioning
