// Two relations of one shape exchange their storage: what is in the files, and everything of pg_class that says something about
// the files. OID, name, owner, grants, definition, dependents and options stay where they are.
//
// Core has this only together with a rebuild of every index under the lock. Here the indexes come in pairs of their own,
// built before, so that what is done under the lock is a few catalog rows.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "pg/guard.hpp"
#include "pg/staged_relation.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::pg {

// What is in the files may be read, once they are a view's. REQUIRES: AccessExclusiveLock.
void mark_populated(Oid relation);

// Exchanges heap (file, tablespace, persistence, counts, visibility, frozen horizons, populated flag), TOAST table (as a whole,
// with dependency and name) and each index pair (file, counts, validity). Both relations are whole afterwards: the caller
// drops one of them or keeps it.
//
// REQUIRES: AccessExclusiveLock on both heaps, TOAST tables with index, and all indexes; no pair missing; neither relation
// open in this session (CheckTableNotInUse is the caller's).
// Raises XX000 where the pairs are not all the indexes the relations have. In a subtransaction that is rolled back, see
// StorageAges.
void exchange_storage(const StagedRelation &pair);

// Tells the statistics collector what readers will find: the old rows are gone, so many are there. REQUIRES as above.
void count_new_rows(Oid relation, std::int64_t rows);

// When the relations' files came into being, as this process's relation cache knows it: with wal_level = minimal that decides
// what is logged. An exchange moves it along; the abort of a subtransaction puts back only half of it, restore() the rest.
class StorageAges {
public:
    explicit StorageAges(const StagedRelation &pair);
    // REQUIRES: the subtransaction of the exchange was rolled back.
    void restore() const;

private:
    struct Age {
        Oid relation;
        std::uint32_t created, new_file, first_file; // SubTransactionIds
    };
    std::vector<Age> ages_;
};

// What was written into the relation so far is on disk, so that the commit has nothing left to sync: does something only where
// the commit would (wal_level = minimal and files of this transaction's). Then flushes the WAL written so far.
void flush_before_exchange(const StagedRelation &pair);

} // namespace mvmanager::pg
