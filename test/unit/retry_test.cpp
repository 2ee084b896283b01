#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <set>

#include "model/retry.hpp"

namespace mvmanager::model {
namespace {

TEST(Retry, DoublesUpToTheCap) {
    const Backoff backoff{.base = 1'000, .cap = 60'000};
    std::int64_t full = 1'000;
    for (int failures = 1; failures <= 100; ++failures) {
        for (std::uint64_t seed = 0; seed < 50; ++seed) {
            const std::int64_t wait = delay(backoff, failures, seed);
            ASSERT_LE(wait, full) << failures;
            ASSERT_GE(wait, full - full / 4) << failures;
        }
        full = std::min<std::int64_t>(full * 2, 60'000);
    }
}

TEST(Retry, IsTheSameForTheSameAndSpreadForOthers) {
    const Backoff backoff{.base = 1'000'000, .cap = 600'000'000};
    std::set<std::int64_t> delays;
    for (std::uint64_t view = 1; view <= 100; ++view) {
        EXPECT_EQ(delay(backoff, 3, view), delay(backoff, 3, view));
        delays.insert(delay(backoff, 3, view));
    }
    EXPECT_GT(delays.size(), 95U);
    // Spread over the whole quarter, not bunched.
    EXPECT_LT(*delays.begin(), 3'100'000);
    EXPECT_GT(*delays.rbegin(), 3'900'000);
}

TEST(Retry, AnyArgumentIsSafe) {
    constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
    for (const Backoff backoff :
         {Backoff{0, 0}, Backoff{-5, -7}, Backoff{1, most}, Backoff{most, most}, Backoff{most, 1}, Backoff{1, 1}}) {
        for (const int failures :
             {std::numeric_limits<int>::min(), -1, 0, 1, 2, 61, 62, 63, 64, 65, std::numeric_limits<int>::max()}) {
            const std::int64_t wait = delay(backoff, failures, 42);
            EXPECT_GT(wait, 0);
            EXPECT_LE(wait, std::max<std::int64_t>({backoff.cap, backoff.base, 1}));
        }
    }
}

TEST(Retry, TransientClasses) {
    for (const char *state :
         {"40001", "40P01", "55P03", "08006", "08000", "53100", "53200", "53300", "57P01", "57P02", "57P03"}) {
        EXPECT_TRUE(is_transient(state)) << state;
    }
    for (const char *state : {"57014", "42501", "42P01", "22012", "XX000", "XX001", "40000", "55000", "00000", "",
                              "4000", "400011", "08"}) {
        EXPECT_FALSE(is_transient(state)) << state;
    }
}

} // namespace
} // namespace mvmanager::model
