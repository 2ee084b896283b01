// A relation beside a materialized view: shaped like it to the last storage option, empty, and not yet anybody's business.
//
// It is an ordinary materialized view (relkind m) of the view's owner whose rule is a constant query without rows over
// the same columns. So it reads nothing, pins nothing but the types of its columns, can be dumped and restored, and what is
// put into its files can be exchanged with the view's (file_swap.hpp). Until then it is not populated: nobody can read it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "pg/guard.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::pg {

struct StagedIndex {
    Oid live = InvalidOid;
    Oid staged = InvalidOid;
};

struct StagedRelation {
    Oid live = InvalidOid;
    Oid oid = InvalidOid;
    std::vector<StagedIndex> indexes; // every live index, also those that are not valid
};

// A number no other transaction of the cluster has. Gives the transaction its id.
std::uint64_t transaction_number();

// Creates it with a TOAST table where the view has one and an empty clone of each index, all in the tablespaces of
// their models. Rights are not asked: the caller decided. What its rows do shows up in no logical decoding.
//
// REQUIRES: a SecurityScope of the view's owner (index expressions are simplified on the way); at least
// ShareUpdateExclusiveLock on the view, held until the files are exchanged, so that its shape stays. Not while a parallel
// query runs.
// Leaves AccessExclusiveLock on all that it made to the end of the transaction.
StagedRelation create_staged(Oid live, Oid schema, const std::string &name);

// Drops one, with whatever is in its files, without asking for rights and without events. REQUIRES: AccessExclusiveLock.
// Raises 2BP01 where somebody made something depend on it.
void drop_staged(Oid relation);

// The TOAST table of a relation and its index; InvalidOid where there is none.
struct ToastRelation {
    Oid table = InvalidOid;
    Oid index = InvalidOid;
};
ToastRelation toast_of(Oid relation);

} // namespace mvmanager::pg
