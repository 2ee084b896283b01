#include <gtest/gtest.h>

#include "model/rewrite_cost.hpp"

namespace mvmanager::model {
namespace {

constexpr std::int64_t million = 1'000'000;

bool new_heap_wins(Change change) { return cost_of_new_heap(change) < cost_of_writing_rows(change); }

TEST(RewriteCost, NothingToDoIsNeverANewHeap) {
    for (const std::int64_t rows : {std::int64_t{0}, std::int64_t{1}, 10 * million})
        EXPECT_FALSE(new_heap_wins({.rows_kept = rows, .row_bytes = 50, .indexes = 2})) << rows;
}

TEST(RewriteCost, AllChangedIsANewHeapFromSomeRowsOn) {
    const auto all = [](std::int64_t rows) {
        return Change{.rows_deleted = rows, .rows_inserted = rows, .row_bytes = 50, .indexes = 2};
    };
    EXPECT_FALSE(new_heap_wins(all(100)));
    EXPECT_TRUE(new_heap_wins(all(100'000)));
    EXPECT_TRUE(new_heap_wins(all(10 * million)));
}

TEST(RewriteCost, EmptyingIsWrittenRowByRowOnlyWhileSmall) {
    EXPECT_FALSE(new_heap_wins({.rows_deleted = 1'000, .row_bytes = 50, .indexes = 2}));
    EXPECT_TRUE(new_heap_wins({.rows_deleted = million, .row_bytes = 50, .indexes = 2}));
}

// More of the same difference never makes writing rows the better way again.
TEST(RewriteCost, OneThresholdForEachShape) {
    for (const int indexes : {0, 1, 2, 5, 10}) {
        for (const double bytes : {20.0, 60.0, 330.0, 2'000.0}) {
            bool had = false;
            for (std::int64_t changed = 0; changed <= million; changed += million / 100) {
                const bool wins = new_heap_wins({.rows_kept = million - changed,
                                                 .rows_deleted = changed,
                                                 .rows_inserted = changed,
                                                 .row_bytes = bytes,
                                                 .indexes = indexes});
                EXPECT_TRUE(wins || !had) << indexes << ' ' << bytes << ' ' << changed;
                had = had || wins;
            }
            EXPECT_TRUE(had) << "all changed: " << indexes << ' ' << bytes;
        }
    }
}

TEST(RewriteCost, TheDecidingCountDecides) {
    for (const std::int64_t rows : {std::int64_t{0}, std::int64_t{1'000}, million}) {
        const std::int64_t count = inserted_rows_that_decide(rows, 60, 2);
        EXPECT_GT(count, 0);
        const Change least{.rows_kept = rows, .row_bytes = 60, .indexes = 2};
        EXPECT_LE(cost_of_new_heap(least),
                  cost_of_writing_rows({.rows_inserted = count, .row_bytes = 60, .indexes = 2}));
    }
}

TEST(RewriteCost, Bloat) {
    EXPECT_FALSE(is_bloated(0, 0, 100));
    EXPECT_FALSE(is_bloated(1 << 20, 0, 100));
    EXPECT_FALSE(is_bloated(100 << 20, 60 << 20, 100));
    EXPECT_TRUE(is_bloated(100 << 20, 40 << 20, 100));
    EXPECT_FALSE(is_bloated(100 << 20, 40 << 20, 50)) << "half of each page is meant to be free";
}

} // namespace
} // namespace mvmanager::model
