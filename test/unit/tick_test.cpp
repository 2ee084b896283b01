// The scheduler's decisions: single ticks first, then hours of them on a virtual clock.

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "model/schedule.hpp"
#include "moment.hpp"
#include "scheduler/tick.hpp"

namespace mvmanager::scheduler {
namespace {

using model::infinity;
using test::show;
using test::utc;

constexpr Timestamp second = model::microseconds_per_second;
constexpr Timestamp minute = model::microseconds_per_minute;
constexpr Timestamp hour = model::microseconds_per_hour;

struct Situation {
    std::vector<ScheduledView> views = {};
    std::vector<QueuedRun> queued = {};
    std::vector<RunningRun> running = {};
    int slots = 2;

    Decision at(Timestamp now) const { return tick(now, {views, queued, running, slots}); }
};

ScheduledView view(std::int64_t id, Timestamp next_due, std::vector<std::int64_t> upstream = {},
                   std::int64_t owner = 1) {
    ScheduledView result;
    result.view_id = id;
    result.next_due = next_due;
    result.owner = owner;
    result.upstream = std::move(upstream);
    return result;
}

std::vector<std::int64_t> ids(const std::vector<Start> &starts) {
    std::vector<std::int64_t> result;
    for (const Start &start : starts)
        result.push_back(start.view_id);
    return result;
}

std::string waits(const Decision &decision) {
    std::string text;
    for (const Waiting &waiting : decision.waiting) {
        text += std::to_string(waiting.view_id);
        text += waiting.reason == WaitReason::running ? "r " : waiting.reason == WaitReason::upstream ? "u " : "s ";
    }
    return text;
}

using Ids = std::vector<std::int64_t>;

TEST(Tick, NothingToDo) {
    const Decision empty = Situation{}.at(0);
    EXPECT_TRUE(empty.starts.empty());
    EXPECT_EQ(empty.wake_at, infinity);
    EXPECT_FALSE(empty.shortage);
    const Decision later = Situation{.views = {view(1, 50), view(2, 30), view(3, infinity)}}.at(10);
    EXPECT_TRUE(later.starts.empty());
    EXPECT_EQ(later.wake_at, 30);
}

TEST(Tick, DueMeansAtOrBeforeNow) {
    const Situation situation{.views = {view(1, 10)}};
    EXPECT_EQ(ids(situation.at(9).starts), Ids{});
    EXPECT_EQ(situation.at(9).wake_at, 10);
    EXPECT_EQ(situation.at(10).starts, (std::vector<Start>{{1, std::nullopt, 10}}));
    EXPECT_EQ(situation.at(10).wake_at, infinity);
    EXPECT_EQ(ids(Situation{.views = {view(1, model::minus_infinity)}}.at(0).starts), Ids{1}) << "never stuck for ever";
}

TEST(Tick, OldestFirst) {
    const Situation situation{.views = {view(1, 30), view(2, 10), view(3, 20), view(4, 10)}, .slots = 9};
    EXPECT_EQ(ids(situation.at(100).starts), (Ids{2, 4, 3, 1}));
}

TEST(Tick, HeldAndInvalidRowsAreSkippedAndStopNobody) {
    Situation situation{.views = {view(1, 1), view(2, 1), view(3, 1), view(4, 1), view(5, 1), view(6, 60)}, .slots = 9};
    situation.views[0].hold = Hold::paused;
    situation.views[1].hold = Hold::suspended;
    situation.views[2].hold = Hold::quarantined;
    situation.views[3].is_valid = false;
    EXPECT_EQ(ids(situation.at(50).starts), Ids{5});
    for (ScheduledView &each : situation.views)
        each.next_due = 60;
    situation.views[5].hold = Hold::paused;
    situation.views[4].hold = Hold::paused;
    EXPECT_EQ(situation.at(50).wake_at, infinity) << "what is held wakes nobody";
}

TEST(Tick, NeverTwoRunsOfAView) {
    Situation situation{.views = {view(1, 5)}, .running = {{1, 1}}};
    EXPECT_TRUE(situation.at(10).starts.empty());
    EXPECT_EQ(waits(situation.at(10)), "1r ");
    EXPECT_FALSE(situation.at(10).shortage) << "a slot would not help";
    situation.running.clear();
    situation.queued = {{100, 1, 1, 7}, {101, 1, 1, 6}};
    const Decision decision = situation.at(10);
    EXPECT_EQ(decision.starts, (std::vector<Start>{{1, std::nullopt, 5}}));
    EXPECT_EQ(waits(decision), "1r 1r ");
}

TEST(Tick, QueuedRunsGoByTheTimeTheyWereQueued) {
    Situation situation{.views = {view(1, 20)}, .queued = {{100, 2, 1, 30}, {101, 3, 1, 10}}, .slots = 9};
    EXPECT_EQ(situation.at(40).starts, (std::vector<Start>{{3, 101, 10}, {1, std::nullopt, 20}, {2, 100, 30}}));
    EXPECT_EQ(situation.at(15).wake_at, 20);
}

TEST(Tick, QueuedRunsIgnorePauseAndSuspensionButNotQuarantine) {
    Situation situation{.views = {view(1, 1), view(2, 1), view(3, 1), view(4, 1)},
                        .queued = {{100, 1, 1, 5}, {101, 2, 1, 6}, {102, 3, 1, 7}, {103, 4, 1, 8}},
                        .slots = 9};
    situation.views[0].hold = Hold::paused;
    situation.views[1].hold = Hold::suspended;
    situation.views[2].hold = Hold::quarantined;
    situation.views[3].is_valid = false;
    EXPECT_EQ(situation.at(10).starts, (std::vector<Start>{{1, 100, 5}, {2, 101, 6}}));
}

TEST(Tick, QueuedBeforeTheClockWasSetBackRunsAnyway) {
    const Situation situation{.queued = {{100, 1, 1, 1'000}}};
    EXPECT_EQ(ids(situation.at(10).starts), Ids{1});
}

TEST(Tick, UpstreamGoesFirst) {
    Situation situation{.views = {view(1, 10), view(2, 10, {1}), view(3, 5, {2})}, .slots = 9};
    Decision decision = situation.at(10);
    EXPECT_EQ(ids(decision.starts), Ids{1}) << "though 3 is the oldest";
    EXPECT_EQ(waits(decision), "3u 2u ");
    EXPECT_FALSE(decision.shortage);
    // 1 runs, its next occurrence is later.
    situation.views[0].next_due = 70;
    situation.running = {{1, 1}};
    EXPECT_EQ(waits(situation.at(11)), "3u 2u ");
    // 1 has ended.
    situation.running.clear();
    situation.views[0].last_run_began = 10;
    EXPECT_EQ(ids(situation.at(12).starts), Ids{2});
    situation.views[1].next_due = 70;
    situation.views[1].last_run_began = 12;
    EXPECT_EQ(ids(situation.at(13).starts), Ids{3});
}

TEST(Tick, UpstreamThatIsHeldOrNotDueKeepsNobodyWaiting) {
    Situation situation{.views = {view(1, 10), view(2, 10, {1, 99}), view(3, 10, {4}), view(4, 60)}, .slots = 9};
    situation.views[0].hold = Hold::paused;
    EXPECT_EQ(ids(situation.at(10).starts), (Ids{2, 3}));
}

TEST(Tick, UpstreamForEverDueDoesNotStarveItsReaders) {
    // 1 is due again all the time; the run that began after 2 was due is the one that 2 waited for.
    Situation situation{.views = {view(1, 30), view(2, 10, {1})}, .slots = 9};
    situation.views[0].last_run_began = 9;
    EXPECT_EQ(waits(situation.at(30)), "2u ") << "began before 2 was due: it may not have seen what 2 should see";
    situation.views[0].last_run_began = 10;
    EXPECT_EQ(ids(situation.at(30).starts), (Ids{2, 1}));
    situation.running = {{1, 1}};
    EXPECT_EQ(ids(situation.at(30).starts), Ids{2});
}

TEST(Tick, QueuedUpstreamCountsToo) {
    const Situation situation{.views = {view(2, 10, {1})}, .queued = {{100, 1, 1, 12}}, .slots = 9};
    EXPECT_EQ(ids(situation.at(20).starts), Ids{1});
    EXPECT_EQ(waits(situation.at(20)), "2u ");
}

TEST(Tick, MembersOfACycleDoNotWaitForEachOther) {
    // 1 -> 2 -> 3 -> 1, 4 reads the cycle, 5 is read by it.
    const Situation situation{.views = {view(1, 10, {2, 5}), view(2, 10, {3}), view(3, 10, {1}), view(4, 10, {1}),
                                        view(5, 10), view(6, 10, {6})},
                              .slots = 9};
    const Decision decision = situation.at(10);
    EXPECT_EQ(ids(decision.starts), (Ids{2, 3, 5, 6}));
    EXPECT_EQ(waits(decision), "1u 4u ");
}

TEST(Tick, ShortageKeepsTheOrder) {
    const Situation situation{.views = {view(1, 30), view(2, 10), view(3, 20)}, .slots = 1};
    const Decision decision = situation.at(40);
    EXPECT_EQ(ids(decision.starts), Ids{2});
    EXPECT_EQ(waits(decision), "3s 1s ");
    EXPECT_TRUE(decision.shortage);
    EXPECT_EQ(decision.wake_at, infinity) << "the end of a run wakes, not the clock";
    Situation none = situation;
    none.slots = 0;
    EXPECT_TRUE(none.at(40).starts.empty());
    EXPECT_TRUE(none.at(40).shortage);
    none.slots = -3;
    EXPECT_TRUE(none.at(40).starts.empty());
}

TEST(Tick, ShortSlotsAreSharedAmongOwners) {
    Situation situation{.slots = 4};
    for (std::int64_t id = 1; id <= 100; ++id)
        situation.views.push_back(view(id, id, {}, 1));
    situation.views.push_back(view(200, 150, {}, 2));
    situation.views.push_back(view(201, 151, {}, 2));
    situation.views.push_back(view(300, 160, {}, 3));
    EXPECT_EQ(ids(situation.at(1'000).starts), (Ids{1, 200, 300, 2}));
    situation.running = {{900, 1}, {901, 1}, {902, 3}};
    EXPECT_EQ(ids(situation.at(1'000).starts), (Ids{200, 201, 300, 1})) << "what runs already counts";
    situation.slots = 500;
    EXPECT_EQ(situation.at(1'000).starts.size(), 103U);
    EXPECT_FALSE(situation.at(1'000).shortage);
    EXPECT_EQ(situation.at(1'000).starts.front().view_id, 1);
}

TEST(Tick, SameArgumentsSameAnswerInAnyOrder) {
    std::mt19937_64 random(8);
    for (int round = 0; round < 200; ++round) {
        Situation situation{.slots = static_cast<int>(random() % 6)};
        for (std::int64_t id = 1; id <= 30; ++id) {
            std::vector<std::int64_t> upstream;
            while (random() % 3 == 0)
                upstream.push_back(static_cast<std::int64_t>(random() % 31));
            situation.views.push_back(
                view(id, static_cast<Timestamp>(random() % 20), upstream, static_cast<std::int64_t>(random() % 4)));
        }
        for (std::int64_t run = 0; run < 5; ++run) {
            situation.queued.push_back(
                {run, static_cast<std::int64_t>(random() % 40), 1, static_cast<Timestamp>(random() % 20)});
            situation.running.push_back(
                {static_cast<std::int64_t>(random() % 40), static_cast<std::int64_t>(random() % 4)});
        }
        const Decision first = situation.at(10);
        std::shuffle(situation.views.begin(), situation.views.end(), random);
        std::shuffle(situation.queued.begin(), situation.queued.end(), random);
        std::shuffle(situation.running.begin(), situation.running.end(), random);
        const Decision again = situation.at(10);
        ASSERT_EQ(first.starts, again.starts);
        ASSERT_EQ(waits(first), waits(again));
        ASSERT_EQ(first.wake_at, again.wake_at);
        ASSERT_GT(first.wake_at, 10);
    }
}

TEST(Tick, TenThousandSchedulesAreQuick) {
    Situation idle{.slots = 2};
    for (std::int64_t id = 1; id <= 10'000; ++id)
        idle.views.push_back(view(id, 1'000 + id, {id - 1}, id % 7));
    const auto milliseconds = [](const std::function<void()> &work) {
        const auto begin = std::chrono::steady_clock::now();
        work();
        return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begin).count();
    };
    EXPECT_LT(milliseconds([&] { EXPECT_EQ(idle.at(0).wake_at, 1'001); }), 50);
    EXPECT_LT(milliseconds([&] { EXPECT_EQ(ids(idle.at(20'000).starts), Ids{1}); }), 500)
        << "a chain of 10,000, all due";
    for (ScheduledView &each : idle.views)
        each.upstream.clear();
    EXPECT_LT(milliseconds([&] { EXPECT_EQ(idle.at(20'000).starts.size(), 2U); }), 500);
}

TEST(Tick, ClockSteps) {
    EXPECT_EQ(clock_step({0, 0}, {hour, hour}), 0);
    EXPECT_EQ(clock_step({0, 500}, {hour + second, hour + 500}), 0) << "within tolerance";
    EXPECT_EQ(clock_step({0, 0}, {3 * hour, hour}), 2 * hour);
    EXPECT_EQ(clock_step({10 * hour, 0}, {8 * hour, minute}), -2 * hour - minute);
    EXPECT_EQ(rearmed(100, 90, 150), 90) << "a missed occurrence is still made up";
    EXPECT_EQ(rearmed(100, 120, 150), 120);
    EXPECT_EQ(rearmed(100, 9'000, 150), 150);
}

// A scheduler on a virtual clock: what a coordinator does around tick(), with runs that take virtual time.
class World {
public:
    struct Job {
        model::Schedule schedule;
        Timestamp takes = 0;
    };
    struct Done {
        std::int64_t view_id;
        Timestamp scheduled_for; // wall
        Timestamp began;         // wall
        Timestamp ended;
    };

    explicit World(const std::string &start, int slots) : now_(utc(start)), slots_(slots) {}

    void add(std::int64_t id, std::string_view schedule, Timestamp takes, std::vector<std::int64_t> upstream = {},
             std::int64_t owner = 1) {
        jobs_[id] = {std::get<model::Schedule>(model::parse(schedule)), takes};
        views_.push_back(view(id, next(id, now_), std::move(upstream), owner));
    }

    // Lets virtual time pass. Between two readings of the clock it goes on as far as the decision said, at most a minute,
    // like the coordinator's safety re-read.
    void run_for(Timestamp duration) {
        const std::int64_t until = monotonic_ + duration;
        while (monotonic_ < until) {
            check_clock();
            step();
            Timestamp wait = std::min<std::int64_t>(until - monotonic_, minute);
            if (decision_.wake_at != infinity)
                wait = std::min(wait, decision_.wake_at - now_);
            for (const auto &[end, run] : running_)
                wait = std::min(wait, end - monotonic_);
            ASSERT_GT(wait, 0) << "busy loop at " << show(now_);
            now_ += wait;
            monotonic_ += wait;
        }
    }

    // Somebody sets the clock; the processes notice at their next wake-up.
    void set_clock(Timestamp step) { now_ += step; }

    // The server is down; whatever ran is lost.
    void stop_for(Timestamp duration) {
        running_.clear();
        now_ += duration;
        monotonic_ += duration;
        before_ = {now_, monotonic_};
    }

    Timestamp now() const { return now_; }
    int ticks() const { return ticks_; }
    std::size_t most_running() const { return most_running_; }
    const std::vector<Done> &done() const { return done_; }
    int shortages() const { return shortages_; }

    std::vector<Done> done_by(std::int64_t id) const {
        std::vector<Done> result;
        for (const Done &run : done_) {
            if (run.view_id == id)
                result.push_back(run);
        }
        return result;
    }

private:
    struct Running {
        std::int64_t view_id;
        std::int64_t owner;
        Timestamp scheduled_for;
        Timestamp began;
    };

    Timestamp next(std::int64_t id, Timestamp after) const {
        return model::next_run(jobs_.at(id).schedule, after, 0, model::Utc()).value_or(infinity);
    }

    ScheduledView &find(std::int64_t id) {
        return *std::find_if(views_.begin(), views_.end(),
                             [&](const ScheduledView &each) { return each.view_id == id; });
    }

    void check_clock() {
        const ClockReading reading{now_, monotonic_};
        if (clock_step(before_, reading) != 0) {
            for (ScheduledView &each : views_)
                each.next_due = rearmed(now_, each.next_due, next(each.view_id, now_));
        }
        before_ = reading;
    }

    void step() {
        ++ticks_;
        while (!running_.empty() && running_.begin()->first <= monotonic_) {
            const Running run = running_.begin()->second;
            running_.erase(running_.begin());
            find(run.view_id).last_run_began = run.began;
            done_.push_back({run.view_id, run.scheduled_for, run.began, now_});
        }
        std::vector<RunningRun> running;
        for (const auto &[end, run] : running_)
            running.push_back({run.view_id, run.owner});
        decision_ = tick(now_, {views_, {}, running, slots_ - static_cast<int>(running_.size())});
        ASSERT_GT(decision_.wake_at, now_);
        shortages_ += decision_.shortage ? 1 : 0;
        for (const Start &start : decision_.starts) {
            for (const auto &[end, run] : running_)
                ASSERT_NE(run.view_id, start.view_id) << "two runs of one view";
            ScheduledView &each = find(start.view_id);
            ASSERT_LE(start.scheduled_for, now_) << "early";
            each.next_due = next(start.view_id, now_);
            running_.emplace(monotonic_ + jobs_[start.view_id].takes,
                             Running{start.view_id, each.owner, start.scheduled_for, now_});
        }
        most_running_ = std::max(most_running_, running_.size());
        ASSERT_LE(running_.size(), static_cast<std::size_t>(slots_));
    }

    Timestamp now_;
    std::int64_t monotonic_ = 0;
    int slots_;
    int ticks_ = 0;
    int shortages_ = 0;
    std::size_t most_running_ = 0;
    ClockReading before_{now_, 0};
    std::map<std::int64_t, Job> jobs_;
    std::vector<ScheduledView> views_;
    std::multimap<Timestamp, Running> running_; // by monotonic end
    std::vector<Done> done_;
    Decision decision_;
};

TEST(TickSimulation, OneSecondScheduleForAnHour) {
    World world("2026-01-01 00:00", 1);
    world.add(1, "1 second", 10'000);
    world.run_for(hour + minute);
    const auto done = world.done_by(1);
    ASSERT_GE(done.size(), 3'600U);
    for (std::size_t i = 0; i < done.size(); ++i) {
        ASSERT_EQ(done[i].scheduled_for, utc("2026-01-01 00:00") + static_cast<Timestamp>(i + 1) * second);
        ASSERT_EQ(done[i].began, done[i].scheduled_for);
    }
}

TEST(TickSimulation, RunsAreOnTimeAndTicksFew) {
    World world("2026-01-01 00:00", 3);
    world.add(1, "*/5 * * * *", 2 * second);
    world.add(2, "@hourly", 10 * second);
    world.add(3, "0 3 * * *", minute);
    world.run_for(24 * hour);
    EXPECT_EQ(world.done_by(1).size(), 287U) << "the run of midnight has only begun";
    EXPECT_EQ(world.done_by(2).size(), 23U);
    EXPECT_EQ(world.done_by(3).size(), 1U);
    for (const World::Done &run : world.done())
        ASSERT_EQ(run.began, run.scheduled_for);
    EXPECT_LT(world.ticks(), 24 * 60 + 2 * 320) << "a look a minute at most beyond beginnings and ends";
}

TEST(TickSimulation, JobLongerThanItsPeriodHasOnePendingRun) {
    World world("2026-01-01 00:00", 4);
    world.add(1, "1 minute", 150 * second);
    world.run_for(hour);
    const auto done = world.done_by(1);
    // Back to back, each making up what was missed meanwhile: 3600 / 150, the first began a minute late.
    EXPECT_EQ(done.size(), 23U);
    for (std::size_t i = 1; i < done.size(); ++i)
        ASSERT_EQ(done[i].began, done[i - 1].ended);
    EXPECT_EQ(world.most_running(), 1U);
}

TEST(TickSimulation, MissedOccurrencesCollapseIntoOne) {
    World world("2026-01-01 00:00", 2);
    world.add(1, "*/10 * * * *", second);
    world.run_for(35 * minute);
    world.stop_for(5 * hour);
    world.run_for(20 * minute);
    const auto done = world.done_by(1);
    ASSERT_EQ(done.size(), 6U);
    EXPECT_EQ(show(done[3].scheduled_for), "2026-01-01 00:40");
    EXPECT_EQ(show(done[3].began), "2026-01-01 05:35");
    EXPECT_EQ(show(done[4].began), "2026-01-01 05:40");
    EXPECT_EQ(show(done[5].began), "2026-01-01 05:50");
}

TEST(TickSimulation, StampedeAfterARestartIsBoundedByTheSlots) {
    World world("2026-01-01 00:00", 3);
    for (std::int64_t id = 1; id <= 200; ++id)
        world.add(id, "@hourly", second);
    world.stop_for(10 * hour);
    world.run_for(10 * minute);
    EXPECT_EQ(world.done().size(), 200U);
    EXPECT_EQ(world.most_running(), 3U);
}

// More due than slots: the case that makes pg_cron hang for ever.
TEST(TickSimulation, SixtyThreeJobsAndOneSlot) {
    World world("2026-01-01 00:00", 1);
    for (std::int64_t id = 1; id <= 63; ++id)
        world.add(id, "* * * * *", 30 * second);
    world.run_for(6 * hour);
    EXPECT_EQ(world.done().size(), 6U * 120U - 3U) << "the slot was never idle after the first minute";
    std::size_t least = 1'000;
    std::size_t most = 0;
    for (std::int64_t id = 1; id <= 63; ++id) {
        least = std::min(least, world.done_by(id).size());
        most = std::max(most, world.done_by(id).size());
    }
    EXPECT_LE(most - least, 1U) << "in turn, nobody starves";
    Timestamp last = model::minus_infinity;
    for (const World::Done &run : world.done()) {
        ASSERT_GE(run.scheduled_for, last) << "due order kept";
        last = run.scheduled_for;
    }
}

TEST(TickSimulation, OneOwnerCannotCrowdOutAnother) {
    World world("2026-01-01 00:00", 2);
    for (std::int64_t id = 1; id <= 500; ++id)
        world.add(id, "10 seconds", second, {}, 1);
    world.add(1'000, "1 minute", second, {}, 2);
    world.run_for(hour);
    const auto done = world.done_by(1'000);
    EXPECT_GE(done.size(), 58U);
    for (const World::Done &run : done)
        ASSERT_LE(run.began - run.scheduled_for, second) << "late by one run at most";
}

TEST(TickSimulation, ChainOfTenRunsInOrderEachOnce) {
    World world("2026-01-01 00:00", 4);
    for (std::int64_t id = 1; id <= 10; ++id)
        world.add(id, "*/10 * * * *", 5 * second,
                  id > 1 ? std::vector<std::int64_t>{id - 1} : std::vector<std::int64_t>{});
    world.run_for(70 * minute - second);
    ASSERT_EQ(world.done().size(), 60U);
    for (std::size_t i = 0; i < 60; ++i) {
        EXPECT_EQ(world.done()[i].view_id, static_cast<std::int64_t>(i % 10 + 1));
        EXPECT_EQ(world.done()[i].began - world.done()[i].scheduled_for, static_cast<Timestamp>(i % 10) * 5 * second);
    }
}

TEST(TickSimulation, TopOfADiamondSeesBothSidesOfTheSameRound) {
    World world("2026-01-01 00:00", 4);
    world.add(1, "*/5 * * * *", 3 * second);
    world.add(2, "*/5 * * * *", 20 * second, {1});
    world.add(3, "*/5 * * * *", 40 * second, {1});
    world.add(4, "*/5 * * * *", second, {2, 3});
    world.run_for(hour + minute);
    const auto top = world.done_by(4);
    ASSERT_EQ(top.size(), 12U);
    for (std::size_t i = 0; i < top.size(); ++i) {
        for (const std::int64_t side : {2, 3}) {
            const World::Done run = world.done_by(side)[i];
            ASSERT_EQ(run.scheduled_for, top[i].scheduled_for);
            ASSERT_LE(run.ended, top[i].began);
            ASSERT_GE(run.began, world.done_by(1)[i].ended);
        }
    }
}

TEST(TickSimulation, ReaderOfABusyUpstreamIsNotStarved) {
    World world("2026-01-01 00:00", 4);
    world.add(1, "10 seconds", 12 * second); // never catches up
    world.add(2, "1 minute", second, {1});
    world.run_for(hour);
    const auto done = world.done_by(2);
    ASSERT_GE(done.size(), 58U);
    for (const World::Done &run : done) {
        ASSERT_LE(run.began - run.scheduled_for, 24 * second) << "waits for the run going on and one more";
    }
}

TEST(TickSimulation, ClockSetForwardsAndBackByTenYears) {
    for (const Timestamp step :
         {10 * 365 * 24 * hour, -10 * 365 * 24 * hour, 2 * hour, -2 * hour, 24 * hour, -24 * hour, second, -second}) {
        SCOPED_TRACE(step / second);
        World world("2026-06-15 12:00:30", 2);
        world.add(1, "* * * * *", second);
        world.add(2, "5 minutes", second);
        world.add(3, "0 12 * * *", second);
        world.run_for(10 * minute);
        const std::size_t minutely = world.done_by(1).size();
        const std::size_t daily = world.done_by(3).size();
        const int ticks = world.ticks();
        world.set_clock(step);
        world.run_for(10 * minute);
        EXPECT_GE(world.done_by(1).size() - minutely, 9U) << "goes on within a minute";
        EXPECT_LE(world.done_by(1).size() - minutely, 11U) << "one extra run at most";
        EXPECT_LE(world.done_by(3).size() - daily, 1U);
        EXPECT_LT(world.ticks() - ticks, 60) << "no busy loop";
        const std::size_t five = world.done_by(2).size();
        world.run_for(20 * minute);
        EXPECT_GE(world.done_by(2).size() - five, 3U);
        EXPECT_LE(world.done_by(2).size() - five, 5U);
    }
}

TEST(TickSimulation, RandomClockSteps) {
    std::mt19937_64 random(9);
    for (int round = 0; round < 20; ++round) {
        World world("2026-06-15 12:00:30", 2);
        world.add(1, "* * * * *", second);
        world.add(2, "*/10 * * * *", second, {1});
        for (int i = 0; i < 20; ++i) {
            const std::size_t before = world.done_by(1).size();
            const int ticks = world.ticks();
            const auto years = static_cast<Timestamp>(random() % 20'000) - 10'000;
            world.set_clock(years * 365 * 24 * hour / 1'000);
            world.run_for(5 * minute);
            const std::size_t runs = world.done_by(1).size() - before;
            ASSERT_GE(runs, 3U);
            ASSERT_LE(runs, 6U) << "one extra run at most";
            ASSERT_LT(world.ticks() - ticks, 40);
        }
    }
}

TEST(TickSimulation, RandomWorkNeverBreaksTheRules) {
    std::mt19937_64 random(10);
    for (int round = 0; round < 20; ++round) {
        World world("2026-01-01 00:00", static_cast<int>(random() % 4 + 1));
        constexpr std::string_view texts[] = {"10 seconds", "1 minute",       "*/2 * * * *",
                                              "7 seconds",  "*/15 * * * * *", "90 seconds"};
        for (std::int64_t id = 1; id <= 12; ++id) {
            std::vector<std::int64_t> upstream;
            for (std::int64_t other = 1; other < id; ++other) {
                if (random() % 5 == 0)
                    upstream.push_back(other);
            }
            world.add(id, texts[random() % std::size(texts)], static_cast<Timestamp>(random() % 20 + 1) * second,
                      upstream, static_cast<std::int64_t>(random() % 3));
        }
        world.run_for(2 * hour);
        for (std::int64_t id = 1; id <= 12; ++id)
            ASSERT_GE(world.done_by(id).size(), 5U) << "round " << round << " view " << id;
    }
}

} // namespace
} // namespace mvmanager::scheduler
