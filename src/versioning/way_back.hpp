// To which version a rollback leads, and what of it is still there.
#pragma once

#include "catalog/version_states.hpp"
#include "catalog/versions.hpp"
#include "catalog/views.hpp"
#include "pg/relation.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::versioning {

// 42704, with where they are listed.
[[noreturn]] void throw_no_version(const catalog::views::View &view, int number);

// The version that was live before the present one first was. Raises 55000 where there is none.
int version_before(const catalog::views::View &view);

// Its rows are kept, ready to be live again.
bool has_rows(const catalog::version_states::State &state);

// It differs from what is live in indexes, storage parameters and comment at most.
bool is_live_definition(const pg::Relation &relation, const catalog::versions::Version &version);

// What was recreated on the way there is recreated on the way back.
catalog::version_states::Order order_of_way_back(const catalog::views::View &view, int target);

} // namespace mvmanager::versioning
