#include "model/rewrite_cost.hpp"

#include <algorithm>
#include <cmath>

namespace mvmanager::model {
namespace {

// Microseconds on a busy machine of two cores, 300,000 rows of 60 and of 345 bytes with 0, 2 and 5 btrees on keys in no
// order, a tenth and half of them changed, after a checkpoint: what a diff and a swap took beyond reading and comparing.
constexpr double delete_row = 2.2;
constexpr double insert_row = 2.0;
constexpr double insert_byte = 0.03;
constexpr double insert_index_entry = 7.5;
constexpr double copy_row = 1.8;
constexpr double copy_byte = 0.006;
constexpr double build_index_entry = 0.75;
// Catalog rows of the new relation and its indexes, the lock, files to unlink.
constexpr double new_relation = 8000;
constexpr double new_index = 3000;

// Below this a heap is too small to be worth a thought.
constexpr std::int64_t least_bloat = std::int64_t{8} << 20;

} // namespace

double cost_of_writing_rows(const Change &change) {
    auto const inserted = static_cast<double>(change.rows_inserted);
    return static_cast<double>(change.rows_deleted) * delete_row +
           inserted * (insert_row + change.row_bytes * insert_byte + change.indexes * insert_index_entry);
}

double cost_of_new_heap(const Change &change) {
    auto const rows = static_cast<double>(change.rows_kept + change.rows_inserted);
    return new_relation + change.indexes * new_index +
           rows * (copy_row + change.row_bytes * copy_byte + change.indexes * build_index_entry);
}

std::int64_t inserted_rows_that_decide(std::int64_t rows, double row_bytes, int indexes) {
    Change const one{.rows_inserted = 1, .row_bytes = row_bytes, .indexes = indexes};
    Change const all{.rows_kept = rows, .row_bytes = row_bytes, .indexes = indexes};
    return static_cast<std::int64_t>(std::ceil(cost_of_new_heap(all) / cost_of_writing_rows(one)));
}

bool is_bloated(std::int64_t heap_bytes, std::int64_t live_bytes, int fill_factor) {
    return heap_bytes >= least_bloat && live_bytes * 100 / fill_factor < heap_bytes / 2;
}

} // namespace mvmanager::model
