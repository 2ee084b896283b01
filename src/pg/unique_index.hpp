// The unique indexes of a relation, as the catalog describes them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "pg/guard.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::pg {

struct UniqueIndex {
    std::string name; // not quoted
    bool is_valid = false;
    bool is_immediate = false;
    bool is_btree = false;
    bool has_predicate = false;
    bool has_expression = false;
};

// By OID. REQUIRES: a lock on the relation.
std::vector<UniqueIndex> unique_indexes(Oid relation);

// Whether REFRESH ... CONCURRENTLY would find an index it can use: valid, on plain columns, of all rows. By a query of the
// catalog: needs no lock, and a relation that is gone has none.
bool has_identifying_index(Oid relation);

// Bytes of heap, TOAST and indexes. REQUIRES: a lock on the relation.
std::int64_t total_size(Oid relation);

} // namespace mvmanager::pg
