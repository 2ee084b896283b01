// The rows a materialized view holds for which a predicate is true.
#pragma once

#include "pg/predicate.hpp"
#include "pg/row_source.hpp"

struct PlannedStmt;

namespace mvmanager::pg {

// Planned, so that an index of the view serves where it can. Slots have tts_tid.
//
// REQUIRES: a SecurityScope of the view's owner, entered before and left after; a lock on the view; an active snapshot.
class MatchingRows final : public RowSource {
public:
    MatchingRows(Oid view, const Predicate &predicate);
    std::int64_t run(RowReceiver &receiver) override;
    double estimated_rows() const override;

private:
    Oid view_;
    PlannedStmt *plan_;
};

} // namespace mvmanager::pg
