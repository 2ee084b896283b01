#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "model/version.hpp"

namespace mvmanager::model {
namespace {

constexpr VersionState version_states[] = {VersionState::queued,  VersionState::building, VersionState::ready,
                                           VersionState::live,    VersionState::archived, VersionState::pruned,
                                           VersionState::skipped, VersionState::failed,   VersionState::cancelled};
constexpr RunState run_states[] = {RunState::queued,  RunState::running,   RunState::succeeded, RunState::failed,
                                   RunState::skipped, RunState::cancelled, RunState::crashed,   RunState::lost};

TEST(Version, WordsRoundTrip) {
    std::set<std::string_view> words;
    for (const VersionState state : version_states) {
        EXPECT_EQ(version_state_from_text(to_text(state)), state);
        words.insert(to_text(state));
    }
    EXPECT_EQ(words.size(), std::size(version_states));
    words.clear();
    for (const RunState state : run_states) {
        EXPECT_EQ(run_state_from_text(to_text(state)), state);
        words.insert(to_text(state));
    }
    EXPECT_EQ(words.size(), std::size(run_states));
    for (const char *word : {"", "Live", "live ", "running", "queue"})
        EXPECT_EQ(version_state_from_text(word), std::nullopt) << word;
    for (const char *word : {"", "live", "Queued", "succeede"})
        EXPECT_EQ(run_state_from_text(word), std::nullopt) << word;
}

std::string followers(VersionState from) {
    std::string text;
    for (const VersionState to : version_states) {
        if (may_follow(from, to))
            text += std::string(to_text(to)) + ' ';
    }
    return text;
}

TEST(Version, States) {
    EXPECT_EQ(followers(VersionState::queued), "building skipped failed cancelled ");
    EXPECT_EQ(followers(VersionState::building), "queued ready failed cancelled ");
    EXPECT_EQ(followers(VersionState::ready), "live skipped failed cancelled ");
    EXPECT_EQ(followers(VersionState::live), "archived pruned ");
    EXPECT_EQ(followers(VersionState::archived), "live pruned ");
    for (const VersionState state :
         {VersionState::pruned, VersionState::skipped, VersionState::failed, VersionState::cancelled}) {
        EXPECT_EQ(followers(state), "queued building ") << to_text(state);
    }
}

TEST(Version, EveryStateIsReachedAndNoneIsADeadEnd) {
    std::set<VersionState> reached = {VersionState::queued};
    for (std::size_t before = 0; before != reached.size();) {
        before = reached.size();
        for (const VersionState from : version_states) {
            for (const VersionState to : version_states) {
                if (reached.contains(from) && may_follow(from, to))
                    reached.insert(to);
            }
        }
    }
    EXPECT_EQ(reached.size(), std::size(version_states));
    for (const VersionState state : version_states) {
        EXPECT_FALSE(followers(state).empty()) << to_text(state);
        EXPECT_FALSE(may_follow(state, state));
    }
}

TEST(Version, ARunEndsOnce) {
    for (const RunState from : run_states) {
        EXPECT_EQ(is_final(from), from != RunState::queued && from != RunState::running) << to_text(from);
        EXPECT_FALSE(may_follow(from, from));
        for (const RunState to : run_states) {
            if (is_final(from)) {
                EXPECT_FALSE(may_follow(from, to)) << to_text(from) << " -> " << to_text(to);
            }
            EXPECT_FALSE(may_follow(from, RunState::queued));
        }
    }
    EXPECT_TRUE(may_follow(RunState::queued, RunState::running));
    for (const RunState end : {RunState::succeeded, RunState::failed, RunState::skipped, RunState::cancelled,
                               RunState::crashed, RunState::lost}) {
        EXPECT_TRUE(may_follow(RunState::running, end)) << to_text(end);
    }
    EXPECT_FALSE(may_follow(RunState::queued, RunState::succeeded));
    EXPECT_FALSE(may_follow(RunState::queued, RunState::crashed));
}

} // namespace
} // namespace mvmanager::model
