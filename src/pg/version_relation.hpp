// A relation that holds the rows of one version of a view while that version is not live.
//
// It is an ordinary materialized view (relkind m) of the view's owner with the version's own query and columns, so that it can
// be filled, refreshed, read and dumped like any other. What it shares with the live view, it has from there.
#pragma once

#include <string>
#include <vector>

#include "pg/ddl.hpp"
#include "pg/guard.hpp"
#include "pg/query.hpp"
#include "pg/staged_relation.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::pg {

struct VersionRelation {
    Oid live = InvalidOid;
    Oid schema = InvalidOid;
    std::string name;
    const AnalysedQuery &query;
    // For each column the attribute number of the live view's column it continues, 0 for a new one: storage, compression,
    // statistics target and options come from there where the type is the same.
    std::vector<int> continues;
    const Storage &storage;
};

// Creates it, not populated, without indexes. Rights are not asked: the caller decided.
//
// REQUIRES: a SecurityScope of the view's owner; ShareUpdateExclusiveLock on the live view.
// Leaves AccessExclusiveLock on what it made to the end of the transaction. Raises 42501 for a type that the owner may not
// use.
Oid create_version_relation(const VersionRelation &wish);

// Gives it the grants of the live view, and to its columns those of the live view's columns of the same names; no others
// are left. REQUIRES: a lock on both that keeps others from changing grants, or not to mind.
void copy_grants(Oid live, Oid to);

// A name for an index of that relation that nothing in its schema has.
std::string free_index_name(Oid relation, const std::string &prefix);

// The same index on another relation of the same columns, under that name, with an empty file.
// REQUIRES: AccessExclusiveLock on `relation`.
Oid clone_index(Oid index, Oid relation, const std::string &name);

// Without asking for rights and without events. REQUIRES: AccessExclusiveLock on its relation.
void drop_index_internally(Oid index);

// The indexes of both, paired by what they are on (names do not count). What has no partner is left out.
StagedRelation pair_indexes(Oid live, Oid other);

} // namespace mvmanager::pg
