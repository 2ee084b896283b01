// Which refresh comes before which.
#pragma once

#include <cstdint>
#include <vector>

#include "catalog/views.hpp"
#include "pg/relation.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::refresh {

// A managed view of a set that is refreshed together.
struct Member {
    catalog::views::View view;
    Oid relation = InvalidOid;
};

struct OrderedMember {
    Member member;
    // Ids of the members it reads, directly or through views that are no members; all of them come earlier.
    std::vector<std::int64_t> reads;
};

// Every member after all the members it reads; those that could come next in the order of their ids. A relation that is
// gone reads nothing. What functions in a query read is not known. Raises 42P19 for a cycle.
std::vector<OrderedMember> in_dependency_order(const std::vector<Member> &members);

} // namespace mvmanager::refresh
