// What reads what, from pg_depend and pg_rewrite.
#pragma once

#include <string>
#include <vector>

#include "pg/relation.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::pg {

// The tables and materialized views that `relations` are or lead to through plain views, each once; materialized views
// are not looked into.
std::vector<Oid> stored_relations(const std::vector<Oid> &relations);

// The relations named in a view's rule, each once, without itself.
std::vector<Oid> relations_read_by(Oid view);

// From one of `from` to `to` through views and materialized views: the chain of names, from first to last. Empty where
// there is none.
std::vector<std::string> reading_path(const std::vector<Oid> &from, Oid to);

struct Dependent {
    int depth = 1;                    // 1: depends on the relation itself
    std::string kind;                 // view, materialized view, function, table column, ...
    std::string object;               // as pg_identify_object prints it
    Oid relation = InvalidOid;        // set for views and materialized views
    std::vector<std::string> columns; // of the object one step up; empty where it depends on the whole
    bool on_row_type = false;         // depends on the row type of the object one step up
};
// Everything that DROP ... CASCADE of the relation would reach, its own indexes, rule and row type left out; nearest
// first, then by kind and object.
std::vector<Dependent> dependents(Oid relation);

} // namespace mvmanager::pg
