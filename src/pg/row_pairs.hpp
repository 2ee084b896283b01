// Which row to insert takes the place of which row to delete.
#pragma once

#include <cstddef>
#include <cstdint>

#include "pg/row_store.hpp"
#include "pg/tid_list.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::pg {

// Pairs rows that are equal by image in every column that any unique index of the relation looks at: keys, expressions and
// predicates. An update of such a pair can neither take a key that another row still has nor leave one that another row
// takes, so it can be written at any time after the deletions; and it saves index entries where the server finds room for
// a heap-only update. Without a unique index, with one that looks at whole rows, and where the memory would not suffice,
// nothing is paired.
//
// REQUIRES: inside a SecurityScope of the relation's owner (index expressions are simplified); the snapshot active under
// which the deletions were found, and none of them deleted yet.
class RowPairs {
public:
    RowPairs(Oid relation, TidList &deletions, RowStore &insertions, std::size_t memory_bytes);
    ~RowPairs();
    RowPairs(const RowPairs &) = delete;
    RowPairs &operator=(const RowPairs &) = delete;

    std::int64_t count() const { return count_; }
    // What remains to be deleted by itself, sorted.
    TidList &deletions() { return *deletions_; }
    // By position in the store: the packed tid of the row to update, 0 where the row is to be inserted. Null: all are.
    const std::uint64_t *partners() const { return partners_; }

private:
    void pair_unsafe(Oid relation, RowStore &insertions, std::size_t memory_bytes);

    MemoryContext context_ = nullptr;
    std::int64_t count_ = 0;
    std::uint64_t *partners_ = nullptr;
    TidList *deletions_;
    TidList remaining_{};
};

} // namespace mvmanager::pg
