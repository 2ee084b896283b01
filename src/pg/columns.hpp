// The columns of a materialized or plain view, changed where they are: the relation keeps its OID, its row type and whatever
// hangs on a column that goes on.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "pg/query.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::pg {

struct NewColumn {
    std::string name;
    Oid type = InvalidOid;
    std::int32_t typmod = -1;
    Oid collation = InvalidOid;
    int from = 0; // number of the old column it continues, 0 for a new one
    bool operator==(const NewColumn &) const = default;
};

// The columns a relation has, each continuing itself.
std::vector<NewColumn> columns_of(Oid relation);
// Those of a query's result; `from` as compare_columns has it, or nothing for all new. Raises 42P22 where a collation is
// needed and unknown, as CREATE VIEW does.
std::vector<NewColumn> columns_of(const AnalysedQuery &query, std::span<const int> from = {});

// Makes these the columns of the relation, in this order.
//
// A column that goes on takes along its grants, comment, security labels, statistics target and options, storage and
// compression where its type still allows them, and its default (of a plain view). What only hangs on a column that goes on
// with its type is numbered anew: indexes, statistics objects, what ANALYZE knows of it. A column that does not go on takes
// all this with it, a retyped one what ANALYZE knows of it. Rules, functions and policies of others keep the old numbers:
// whoever changes columns stores them anew, and nothing may plan or print them before.
//
// REQUIRES: AccessExclusiveLock on the relation, held to the end of the transaction; no column of it was ever dropped by a
// mark (a view has none); the rows of a materialized view are exchanged or gone before anybody reads it, unless columns were
// only renamed or appended; replace_rule follows. Ends with CommandCounterIncrement.
// Raises 0A000 where a table stores values of the row type and existing columns change, 2BP01 for an index, a statistics
// object or a default that cannot follow (see cannot_follow), 42701 for a name twice, 42501 for a type its owner may not
// use, 55006 where this session has the relation open.
void set_columns(Oid relation, const std::vector<NewColumn> &columns);

// Gives a materialized view a TOAST table where its columns need one and it has none. REQUIRES: AccessExclusiveLock on it.
void add_toast_table(Oid relation);

// An index or statistics object that cannot follow a change of columns: one that uses a column which does not go on, an index
// that uses one of another type, a statistics object on expressions over such, or on a type without an order.
struct StuckObject {
    Oid class_id = InvalidOid; // pg_class, pg_statistic_ext or pg_attrdef
    Oid oid = InvalidOid;
    std::vector<std::string> columns; // old names, in order
};
std::vector<StuckObject> cannot_follow(Oid relation, const std::vector<NewColumn> &columns);

} // namespace mvmanager::pg
