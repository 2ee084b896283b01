// The indexes of a filled staged relation.
#pragma once

#include <string>
#include <vector>

#include "pg/guard.hpp"
#include "pg/staged_relation.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::pg {

// Lets errors speak of the live relation and its indexes where the server means the staged ones.
class LiveNames {
public:
    // Looks them up beforehand: after an error nobody asks the catalogs.
    explicit LiveNames(const StagedRelation &staged);
    Error in(const Error &error) const;

private:
    struct Pair {
        std::string staged, live;
    };
    std::vector<Pair> pairs_;
    std::string schema_;
};

// Builds one index from the rows in the staged heap, in parallel where core would, and marks it valid. Whatever it evaluates
// runs as the owner. An error (23505 for a duplicate key, 54000 for a row too large) names the live index and the view.
//
// REQUIRES: rows in the heap are frozen, since no snapshot is consulted; a lock that keeps others from the files.
void build_staged_index(const StagedRelation &staged, const StagedIndex &index, const LiveNames &names);

} // namespace mvmanager::pg
