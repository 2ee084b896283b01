// A materialized view's query, planned and run.
#pragma once

#include "pg/predicate.hpp"
#include "pg/row_source.hpp"

struct PlannedStmt;

namespace mvmanager::pg {

// The rows the query of a materialized view gives under the active snapshot, with a parallel plan where core's own REFRESH
// would take one. With a predicate: those of them for which it is true, the predicate pushed down as far as the planner can.
//
// REQUIRES: a SecurityScope of the view's owner, entered before and left after; a lock on the view; an active snapshot.
// Raises whatever planning and running the query raise.
class ViewQuery final : public RowSource {
public:
    explicit ViewQuery(Oid view, const Predicate *predicate = nullptr);
    std::int64_t run(RowReceiver &receiver) override;
    double estimated_rows() const override;
    bool is_parallel() const;

private:
    const char *name_; // what looks at statements shows (auto_explain, log_min_duration_statement)
    PlannedStmt *plan_;
};

} // namespace mvmanager::pg
