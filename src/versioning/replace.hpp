// A managed view becomes what a definition says: unchanged, altered in place, or replaced by a new version, which the worker
// builds after commit or the caller's transaction at once.
#pragma once

#include "pg/relation.hpp"
#include "versioning/register.hpp"
#include "versioning/wish.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::versioning {

// Action unchanged, altered, queued or replaced. The first takes no lock on the view and writes nothing but a journal row when
// a new label is given; queued takes none either, however long a refresh or build of the view goes on, and supersedes a
// version that is not live yet.
//
// REQUIRES: the current user's right to the relation was checked.
// Raises 42710 for a label that named another definition, 42P19 for a view that would read itself, 2BP01 for dependents of
// columns that change, 0A000 for another tablespace or access method, and what the query or an index text deserve.
Change replace(const catalog::views::View &view, const pg::Relation &relation, const Wish &wish);

// A version that was to become live is not wanted any more: skipped, or cancelled where its build has begun, which ends then.
// False where it is live by now.
bool supersede(const catalog::views::View &view, int version, const char *why);

// The version people mean by "now": the one that is about to become live, else the live one.
std::optional<int> wanted_version(const catalog::views::View &view);

} // namespace mvmanager::versioning
