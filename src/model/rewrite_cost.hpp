// Whether differences are cheaper written row by row or as a new heap.
#pragma once

#include <cstdint>

namespace mvmanager::model {

// What is known once the rows of the query were compared with those of the view.
struct Change {
    std::int64_t rows_kept = 0;
    std::int64_t rows_deleted = 0;
    std::int64_t rows_inserted = 0; // an update is a delete and an insert
    double row_bytes = 0;           // of a stored row, on average
    int indexes = 0;
};

// Microseconds of work that is left, on a machine of the kind the constants were measured on. Only their ratio is used.
double cost_of_writing_rows(const Change &change);
double cost_of_new_heap(const Change &change);

// After how many inserted rows a new heap of `rows` rows is the cheaper way whatever else differs.
std::int64_t inserted_rows_that_decide(std::int64_t rows, double row_bytes, int indexes);

// The heap holds so much free space or so many dead rows that a new one pays by itself. fill_factor: percent of a page
// that a new heap would use.
bool is_bloated(std::int64_t heap_bytes, std::int64_t live_bytes, int fill_factor);

} // namespace mvmanager::model
