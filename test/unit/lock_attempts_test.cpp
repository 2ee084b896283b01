#include "model/lock_attempts.hpp"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <vector>

#include <gtest/gtest.h>

namespace mvmanager::model {
namespace {

using Kind = LockStep::Kind;

constexpr std::int64_t ms = 1000;

struct Event {
    std::int64_t at;
    LockStep step;
};

// Goes through the steps on a clock of its own: a poll takes a moment, a place in the queue all the time it may.
std::vector<Event> play(LockPatience patience, double random, const std::function<bool(std::int64_t)> &is_free) {
    LockAttempts attempts(patience);
    std::vector<Event> events;
    std::int64_t now = 0;
    while (events.size() < 100000) {
        const LockStep step = attempts.next(now, random);
        events.push_back({now, step});
        switch (step.kind) {
        case Kind::poll:
            if (is_free(now))
                return events;
            now += 5;
            break;
        case Kind::queue:
            for (const std::int64_t until = now + step.duration; now < until; now += ms)
                if (is_free(now))
                    return events;
            break;
        case Kind::pause:
            now += step.duration;
            break;
        case Kind::give_up:
            return events;
        }
    }
    return events;
}

bool never(std::int64_t) { return false; }

std::vector<Event> queues(const std::vector<Event> &events) {
    std::vector<Event> found;
    std::copy_if(events.begin(), events.end(), std::back_inserter(found),
                 [](const Event &e) { return e.step.kind == Kind::queue; });
    return found;
}

TEST(LockAttempts, FreeLockIsTakenByTheFirstPoll) {
    const auto events = play({}, 0.5, [](std::int64_t) { return true; });
    ASSERT_EQ(events.size(), 1U);
    EXPECT_EQ(events[0].step, LockStep{Kind::poll});
}

TEST(LockAttempts, NoTimeMeansOnePoll) {
    const auto events = play({.in_queue = 50 * ms, .in_all = 0}, 0.5, never);
    ASSERT_EQ(events.size(), 2U);
    EXPECT_EQ(events[0].step.kind, Kind::poll);
    EXPECT_EQ(events[1].step.kind, Kind::give_up);
}

TEST(LockAttempts, AShortLockIsWaitedOutWithoutQueueing) {
    const auto events = play({}, 0.5, [](std::int64_t now) { return now >= 80 * ms; });
    EXPECT_TRUE(queues(events).empty());
    EXPECT_EQ(events.back().step.kind, Kind::poll);
    EXPECT_LT(events.back().at, 105 * ms);
}

TEST(LockAttempts, EndsInTime) {
    for (const double random : {0.0, 0.3, 0.999})
        for (const std::int64_t in_all : {1 * ms, 40 * ms, 500 * ms, 30'000 * ms}) {
            const auto events = play({.in_queue = 50 * ms, .in_all = in_all}, random, never);
            ASSERT_EQ(events.back().step.kind, Kind::give_up);
            EXPECT_GE(events.back().at, in_all);
            EXPECT_LT(events.back().at, in_all + 1 * ms);
            EXPECT_FALSE(queues(events).empty()) << "polls alone may starve, also within " << in_all;
        }
}

TEST(LockAttempts, NoAttemptQueuesLongerThanAllowed) {
    for (const Event &event : queues(play({.in_queue = 50 * ms, .in_all = 30'000 * ms}, 0.5, never))) {
        EXPECT_LE(event.step.duration, 50 * ms);
        EXPECT_GT(event.step.duration, 0);
    }
    const auto last = queues(play({.in_queue = 5'000 * ms, .in_all = 3'000 * ms}, 0.5, never));
    ASSERT_EQ(last.size(), 1U);
    EXPECT_EQ(last[0].at + last[0].step.duration, 3'000 * ms);
}

TEST(LockAttempts, ReadersGetThroughBetweenAttempts) {
    for (const double random : {0.0, 0.5, 0.999})
        for (const std::int64_t in_queue : {1 * ms, 50 * ms, 1'000 * ms}) {
            const auto found = queues(play({.in_queue = in_queue, .in_all = 60'000 * ms}, random, never));
            ASSERT_GT(found.size(), 5U);
            for (std::size_t i = 1; i < found.size(); ++i) {
                const std::int64_t gap = found[i].at - (found[i - 1].at + found[i - 1].step.duration);
                EXPECT_GE(gap, in_queue) << "attempt " << i;
                EXPECT_LE(gap, std::max<std::int64_t>(2'600 * ms, 3 * in_queue));
            }
            // Back-off: the shares of time in which readers are shut out shrink.
            EXPECT_GT(found[4].at - found[3].at, found[1].at - found[0].at - in_queue);
        }
}

TEST(LockAttempts, RandomSpreadsThem) {
    const auto low = queues(play({}, 0.0, never));
    const auto high = queues(play({}, 0.999, never));
    EXPECT_NE(low[1].at, high[1].at);
}

TEST(LockAttempts, PollsBetweenAttemptsNoticeAFreeMoment) {
    const auto events = play({}, 0.5, [](std::int64_t now) { return now >= 10'000 * ms && now < 10'030 * ms; });
    EXPECT_NE(events.back().step.kind, Kind::give_up);
    EXPECT_LT(events.back().at, 10'030 * ms);
}

} // namespace
} // namespace mvmanager::model
