// What of a relation a stored expression uses: the rule of a view, the body of a function, a policy.
//
// pg_depend knows the columns but not the whole row, and not the columns that a rule only lists: a join keeps a list of all
// columns of its inputs, used or not, by number.
#pragma once

#include <map>
#include <set>
#include <string>

#include "pg/guard.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::pg {

struct ColumnUses {
    std::set<int> used;       // column numbers
    std::set<int> listed;     // named in the list of a join, used or not
    bool whole_row = false;   // or a function that returns such rows, or an expression of the row type
    bool by_position = false; // names are given to columns by their place: FROM relation AS alias (names)
    // Names that JOIN ... USING knows columns by. Where one is no longer the column's, the server can only print the join with
    // names by place.
    std::map<int, std::string> joined_as;
};

// Of `relation`, by the object. Objects other than rules, functions and policies say what pg_depend says.
// REQUIRES: the rows of the object in the catalogs are as the relation's columns are.
ColumnUses column_uses(Oid class_id, Oid object, Oid relation);

} // namespace mvmanager::pg
