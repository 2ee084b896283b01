// What hangs on a materialized view, as SQL that core understands.
#pragma once

#include <string>
#include <vector>

#include "pg/guard.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::pg {

// Statements without semicolons, every name qualified, in an order in which they run.
struct RelationSql {
    std::vector<std::string> indexes;  // CREATE INDEX, every one of the relation
    std::vector<std::string> settings; // CLUSTER ON; of columns: statistics target, storage, compression, options
    std::vector<std::string> statistics;
    std::vector<std::string> comments; // on columns, indexes and statistics objects; not on the view itself
    std::vector<std::string> owner;    // ALTER ... OWNER TO
    std::vector<std::string> grants;   // on the view
    std::vector<std::string> column_grants;
};

// Takes no lock. REQUIRES: a materialized view.
RelationSql relation_sql(Oid relation);

} // namespace mvmanager::pg
