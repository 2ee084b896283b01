// Where values of a relation's row type are stored.
#pragma once

#include <vector>

#include "pg/guard.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::pg {

struct RowColumn {
    Oid relation = InvalidOid;
    Oid owner = InvalidOid;
    int column = 0;
};

// The columns of tables and materialized views whose type is the row type, or an array, domain, range, composite type or other
// row type made of it. Such values keep the shape they were stored with.
std::vector<RowColumn> columns_storing_rows(Oid relation);

} // namespace mvmanager::pg
