#include <gtest/gtest.h>

#include "model/plan.hpp"

namespace mvmanager::model {
namespace {

constexpr Strategy all[] = {Strategy::automatic, Strategy::native,  Strategy::concurrently, Strategy::diff,
                            Strategy::swap,      Strategy::partial, Strategy::incremental};

ViewFacts populated(std::vector<UniqueIndex> indexes) { return {"public.daily_usage", true, std::move(indexes)}; }

TEST(Plan, Words) {
    for (const Strategy strategy : all)
        EXPECT_EQ(strategy_from_text(to_text(strategy)), strategy);
    EXPECT_EQ(to_text(Strategy::automatic), "auto");
    for (const char *word : {"", "automatic", "AUTO", "native ", "full"})
        EXPECT_EQ(strategy_from_text(word), std::nullopt) << word;
}

TEST(Plan, UnpopulatedIsFilledBySwapWhateverWasAsked) {
    for (const Strategy requested : all) {
        const auto choice = choose({"v", false, {{"v_key"}}}, requested);
        ASSERT_TRUE(std::holds_alternative<Plan>(choice)) << to_text(requested);
        EXPECT_EQ(std::get<Plan>(choice).strategy, requested == Strategy::native ? Strategy::native : Strategy::swap);
        EXPECT_EQ(std::get<Plan>(choice).reason, "the view is not populated: first fill");
    }
}

TEST(Plan, WhatIsAskedForIsTaken) {
    for (const Strategy requested :
         {Strategy::automatic, Strategy::native, Strategy::diff, Strategy::swap, Strategy::partial}) {
        const auto choice = choose(populated({}), requested);
        ASSERT_TRUE(std::holds_alternative<Plan>(choice)) << to_text(requested);
        EXPECT_EQ(std::get<Plan>(choice).strategy, requested);
        EXPECT_EQ(std::get<Plan>(choice).reason, "as requested");
    }
}

TEST(Plan, ConcurrentlyNeedsAnIndexThatServes) {
    EXPECT_EQ(std::get<Plan>(choose(populated({{"k"}}), Strategy::concurrently)).reason,
              "as requested, with unique index k");
    EXPECT_EQ(
        std::get<Plan>(choose(populated({{.name = "p", .has_predicate = true}, {"k"}}), Strategy::concurrently)).reason,
        "as requested, with unique index k");
    const auto why = [](std::vector<UniqueIndex> indexes) {
        const Refusal refusal = std::get<Refusal>(choose(populated(std::move(indexes)), Strategy::concurrently));
        EXPECT_EQ(refusal.sqlstate, "55000");
        const std::string start = "cannot refresh materialized view \"public.daily_usage\" concurrently: ";
        EXPECT_TRUE(refusal.message.starts_with(start)) << refusal.message;
        return refusal.message.substr(start.size());
    };
    EXPECT_EQ(why({}), "the view has no unique index");
    EXPECT_EQ(why({{.name = "k", .is_valid = false}}), "unique index k is not valid");
    EXPECT_EQ(why({{.name = "k", .has_predicate = true}}), "unique index k has a WHERE clause");
    EXPECT_EQ(why({{.name = "k", .has_expression = true}}), "unique index k is on an expression");
    EXPECT_EQ(why({{.name = "k", .is_immediate = false}}), "unique index k is deferrable");
    EXPECT_EQ(why({{.name = "k", .is_btree = false}}), "unique index k is not a btree");
    EXPECT_EQ(why({{.name = "k", .has_predicate = true}, {.name = "l", .is_valid = false}}),
              "unique index k has a WHERE clause, and no other can serve");
}

TEST(Plan, IncrementalIsNotSupported) {
    const Refusal refusal = std::get<Refusal>(choose(populated({{"k"}}), Strategy::incremental));
    EXPECT_EQ(refusal.sqlstate, "0A000");
    EXPECT_NE(refusal.message.find("incremental"), std::string::npos);
}

} // namespace
} // namespace mvmanager::model
