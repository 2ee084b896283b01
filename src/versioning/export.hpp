// A view, or a change of it, as a script.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "catalog/versions.hpp"
#include "catalog/views.hpp"
#include "model/migration.hpp"
#include "pg/relation.hpp"

namespace mvmanager::versioning {

struct Exported {
    catalog::views::View view;
    pg::Relation relation;
    catalog::versions::Version version;
};

// Makes the views as those versions define them, in the given order; the way back goes through it from the end.
std::string export_creation(const std::vector<Exported> &views, model::migration::Format format);
// Takes one view from `from` to the version exported.
std::string export_change(const Exported &view, const catalog::versions::Version &from,
                          model::migration::Format format);

} // namespace mvmanager::versioning
