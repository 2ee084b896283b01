// The heart of a diff: which rows of a view its query still gives, which not, and which are new.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>

#include "pg/row_source.hpp"
#include "pg/row_store.hpp"
#include "pg/tid_list.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::pg {

// Compares two sets of rows as multisets of images (pg/row_image.hpp): each row of the query is paired with one equal row of
// the view that no other was paired with. Equality of hashes is never taken for equality of rows.
//
//     RowMatcher matcher(view, {.memory_bytes = ...});
//     RelationScan stored(view);
//     matcher.read_view(stored);          // or any source whose slots have tts_tid: rows of a predicate
//     ViewQuery query(view);
//     matcher.read_query(query);          // or any other source of rows with the view's columns
//     matcher.deletions(), matcher.insertions()
//
// Of a view's row sixteen to twenty bytes are kept in memory, and the row is looked at again in the relation when an equal
// hash comes along. Where memory does not suffice for that, both sides are partitioned into temporary files, with the same
// result.
//
// REQUIRES: a lock on the relation that keeps others from writing; until read_query has returned the same active snapshot,
// no write of ours to the relation, and the SecurityScope of the sources.
// deletions() and insertions() stay valid as long as the matcher, with Lifetime::session beyond the end of the transaction.
class RowMatcher {
public:
    struct Limits {
        // For everything the matcher keeps. Below 64 kB as if it were that.
        std::size_t memory_bytes;
        // Of deletions() and insertions().
        Lifetime lifetime;
    };

    RowMatcher(Oid relation, Limits limits);
    ~RowMatcher();
    RowMatcher(const RowMatcher &) = delete;
    RowMatcher &operator=(const RowMatcher &) = delete;

    void read_view(RowSource &rows);
    static constexpr std::int64_t never = std::numeric_limits<std::int64_t>::max();
    // Once more than so many rows of the query have found no equal, the matcher gives up: it compares no further, and what
    // comes after counts as inserted. The differences are then more than there are, but still lead from one set to the other.
    void read_query(RowSource &rows, std::int64_t most_insertions = never);

    std::int64_t view_rows() const;
    // Bytes the view's rows take on their pages, line pointers included: what a dense heap of them would need.
    std::int64_t view_bytes() const;
    std::int64_t query_rows() const;
    // REQUIRES for those below: read_query has returned.
    bool gave_up() const;
    bool spilled() const;
    // The view's rows to delete, sorted. RelationScan(view, deletions()) gives the rows that stay.
    TidList &deletions();
    RowStore &insertions();

private:
    struct State;
    State *state_;
};

} // namespace mvmanager::pg
