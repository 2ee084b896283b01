// What the catalog's rows call relations, when somebody else gives those another name.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "pg/relation.hpp"

namespace mvmanager::catalog::names {

// The managed view goes by that name from now on. REQUIRES: no view that has not ended has it.
void rename_view(std::int64_t view_id, const pg::QualifiedName &now);

// A relation beside a managed view that holds the rows of one of its versions.
struct VersionRelation {
    pg::QualifiedName name;
    std::int64_t view_id = 0;
    pg::QualifiedName view;
    int number = 0;
    std::string state; // queued, building, ready or archived
};
// Of that name, if it belongs to a view that has not ended.
std::optional<VersionRelation> find_version_relation(const pg::QualifiedName &name);
// Of one view.
std::vector<VersionRelation> version_relations(std::int64_t view_id);
void rename_version_relation(const pg::QualifiedName &before, const pg::QualifiedName &now);
// All of them in a schema that has another name now.
void rename_schema_of_version_relations(const std::string &before, const std::string &now);

// The day since which the view is managed, as text (ISO, time zone of the session).
std::string managed_since(std::int64_t view_id);

} // namespace mvmanager::catalog::names
