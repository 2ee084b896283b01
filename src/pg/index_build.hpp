// The indexes of a filled staged relation.
#pragma once

#include <string>
#include <vector>

#include "pg/guard.hpp"
#include "pg/relation.hpp"
#include "pg/staged_relation.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::pg {

// Lets errors speak of the live relation and its indexes where the server means the staged ones.
class LiveNames {
public:
    // Looks them up beforehand: after an error nobody asks the catalogs.
    explicit LiveNames(const StagedRelation &staged);
    // Nothing but the relation itself yet: names of indexes are added.
    LiveNames(const QualifiedName &live, const std::string &staged);
    void add(const std::string &staged, const std::string &live) { pairs_.push_back({staged, live}); }
    Error in(const Error &error) const;

private:
    struct Pair {
        std::string staged, live;
    };
    std::vector<Pair> pairs_;
    std::string schema_;
};

// Builds one index of a staged relation from the rows in its heap, in parallel where core would, and marks it valid. Whatever it evaluates
// runs as the owner. An error (23505 for a duplicate key, 54000 for a row too large) names the live index and the view.
//
// An index whose file is empty must neither be read nor written into. For use inside pg::call.
enum class IndexState { unusable, usable };
void mark_index_unsafe(Oid index, IndexState state);

// Whether every row in the heap is frozen, or the heap has seen updates: then snapshots that are older than the index must
// not use it where it misses versions they see.
enum class HeapRows { frozen, of_any_age };

// REQUIRES: a lock that keeps others from writing into the heap, and from the index.
void build_staged_index(Oid staged, Oid index, const LiveNames &names, HeapRows rows = HeapRows::frozen);

} // namespace mvmanager::pg
