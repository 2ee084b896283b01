// Rows written straight into a materialized view, which no SQL can do.
#pragma once

#include <cstdint>

#include "pg/predicate.hpp"
#include "pg/row_store.hpp"
#include "pg/tid_list.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::pg {

// Writes by table access method and keeps every index; a materialized view has nothing else to keep: no triggers, no
// constraints, no row security. The server's counters of rows come out as for SQL.
//
// Write in this order, so that no key is taken before it is free: remove(), then write(), then finish().
//
// REQUIRES: a SecurityScope of the relation's owner, since index expressions and predicates are evaluated; a lock that keeps
// others from writing; an active snapshot that sees the rows to remove and to update.
// Raises 40001 where a row is no longer as the snapshot sees it, 23505 naming the index where two rows have one key.
class RelationWriter {
public:
    // With a predicate: a row the snapshot sees for which it is not true, and which has a key of a row to insert, gives way
    // to that one. Among all others 23505, as ever.
    explicit RelationWriter(Oid relation, const Predicate *gives_way_outside = nullptr);
    ~RelationWriter();
    RelationWriter(const RelationWriter &) = delete;
    RelationWriter &operator=(const RelationWriter &) = delete;

    void remove(TidList &rows);
    // Updates the row that partners (pg/row_pairs.hpp) names for a row of the store and inserts those for which it names
    // none. Null partners: inserts all.
    void write(RowStore &rows, const std::uint64_t *partners = nullptr);
    // Makes what was written visible to the commands that follow.
    void finish();

    std::int64_t inserted() const;
    std::int64_t updated() const;
    std::int64_t deleted() const;
    // Rows that gave way; not among the deleted.
    std::int64_t replaced() const;

private:
    struct State;
    State *state_;
};

} // namespace mvmanager::pg
