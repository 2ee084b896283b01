// Where the rows of a refresh come from: a view's query, or a relation's heap.
#pragma once

#include <cstdint>

#include "pg/row_receiver.hpp"

namespace mvmanager::pg {

class RowSource {
public:
    virtual ~RowSource() = default;
    // Hands every row to the receiver and returns how many there were. REQUIRES: an active snapshot, and the same security
    // scope as at construction. Answers cancels. Can be run once.
    virtual std::int64_t run(RowReceiver &receiver) = 0;
    // As the planner sees it; for progress and for sizes, never for correctness.
    virtual double estimated_rows() const = 0;
};

} // namespace mvmanager::pg
