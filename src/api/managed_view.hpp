// From the name a caller typed to the managed view it means.
#pragma once

#include <optional>
#include <string_view>

#include "catalog/versions.hpp"
#include "catalog/views.hpp"
#include "pg/relation.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::api {

struct ManagedView {
    catalog::views::View view;
    pg::Relation relation; // not locked: who works on it locks and looks again
};

// Raises 42602 for what is no name, 42P01 when there is nothing of the name, 42809 when it is no materialized view, 42501
// when the current user lacks the right, 42704 when it is not managed (hint: mv_adopt) or was dropped behind mvmanager's
// back (hint: mv_release).
ManagedView require_managed_view(std::string_view name, pg::Right right);

// The materialized view of the name, managed or not. Raises as above but for 42704.
pg::Relation require_materialized_view(std::string_view name, pg::Right right);

// The managed view, even where its relation is gone. Checks no right: the caller does.
catalog::views::View require_registered_view(std::string_view name);

// A version of it; nullopt for the live one. Raises 42704 when it has no such version.
catalog::versions::Version require_version(const ManagedView &managed, std::optional<int> number);

} // namespace mvmanager::api
