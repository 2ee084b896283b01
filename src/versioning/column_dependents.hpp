// What uses the columns of a relation, and whether it can go on when they change.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "pg/column_uses.hpp"
#include "pg/columns.hpp"
#include "pg/relation.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::versioning {

// Old columns against new ones, by number.
struct Reshape {
    Reshape(const std::vector<pg::NewColumn> &before, const std::vector<pg::NewColumn> &after);

    std::vector<std::string> names; // of the old columns
    std::set<int> gone, retyped, moved;
    bool has_gone_last = true;
    bool changes_rows() const { return !gone.empty() || !retyped.empty() || !moved.empty(); }
    // Nothing but trailing columns taken away: those that stay have their numbers and types.
    bool only_trims() const { return retyped.empty() && moved.empty() && has_gone_last; }
    bool is_changed(int column) const {
        return gone.contains(column) || retyped.contains(column) || moved.contains(column);
    }
};

// Something that depends on a relation, its columns or its row type.
struct ColumnDependent {
    Oid class_id = InvalidOid;
    Oid oid = InvalidOid;
    Oid view = InvalidOid;     // set where the object is the query of a view or materialized view
    Oid relation = InvalidOid; // set for the other rules and for policies: the one they are on
    bool has_text = false;     // another rule, a policy, a function with a body BEGIN ATOMIC
    bool stores_rows = false;  // a column of a table or materialized view that holds values of the row type
    bool on_row_type = false;  // and nothing else: follows by itself where no columns are named
    Oid owner = InvalidOid;
    std::string description; // view public.v
    pg::ColumnUses uses;
};

// Nearest ones only, views first. What belongs to the relation itself (indexes, statistics objects, defaults, triggers) is
// left out. REQUIRES: what is stored in the catalogs fits the columns the relation has.
std::vector<ColumnDependent> column_dependents(Oid relation);

enum class Effect {
    none,
    restore, // uses nothing that changes, yet depends on how many columns there are or lists them: must be stored anew
    change,  // uses what changes
};
// Who uses rows as a whole is not in the way of trailing columns that go, as for DROP COLUMN, unless it stores such rows.
Effect effect_on(const ColumnDependent &dependent, const Reshape &reshape);

} // namespace mvmanager::versioning
