#include <gtest/gtest.h>

#include "model/plan.hpp"

namespace mvmanager::model {
namespace {

constexpr Strategy all[] = {Strategy::automatic, Strategy::native,  Strategy::concurrently, Strategy::diff,
                            Strategy::swap,      Strategy::partial, Strategy::incremental};

ViewFacts populated(std::vector<UniqueIndex> indexes) {
    return {"public.daily_usage", true, std::move(indexes), 8'192};
}

TEST(Plan, Words) {
    for (const Strategy strategy : all)
        EXPECT_EQ(strategy_from_text(to_text(strategy)), strategy);
    EXPECT_EQ(to_text(Strategy::automatic), "auto");
    for (const char *word : {"", "automatic", "AUTO", "native ", "full"})
        EXPECT_EQ(strategy_from_text(word), std::nullopt) << word;
}

TEST(Plan, UnpopulatedIsFilledWhateverWasAsked) {
    for (const Strategy requested : all) {
        const auto choice = choose({"v", false, {{"v_key"}}, 0}, requested);
        ASSERT_TRUE(std::holds_alternative<Plan>(choice)) << to_text(requested);
        EXPECT_EQ(std::get<Plan>(choice).strategy, Strategy::native);
        EXPECT_EQ(std::get<Plan>(choice).reason, "the view is not populated: first fill");
    }
}

TEST(Plan, AutomaticTakesConcurrentlyWithTheFirstUsableIndex) {
    const auto choice =
        choose(populated({{.name = "partial_key", .has_predicate = true}, {.name = "day_key"}}), Strategy::automatic);
    EXPECT_EQ(std::get<Plan>(choice).strategy, Strategy::concurrently);
    EXPECT_EQ(std::get<Plan>(choice).reason, "the view has rows and unique index day_key: readers do not wait");
}

TEST(Plan, AutomaticNeedsTheRightToTemporaryTables) {
    ViewFacts facts = populated({{"k"}});
    facts.owner_may_create_temporary = false;
    const auto choice = choose(facts, Strategy::automatic);
    EXPECT_EQ(std::get<Plan>(choice).strategy, Strategy::native);
    EXPECT_EQ(std::get<Plan>(choice).reason,
              "readers wait: the owner of the view may not create temporary tables in this database");
    EXPECT_EQ(std::get<Plan>(choose(facts, Strategy::concurrently)).strategy, Strategy::concurrently);
}

TEST(Plan, AutomaticFallsBackToNativeAndSaysWhy) {
    const auto reason = [](std::vector<UniqueIndex> indexes) {
        const auto choice = choose(populated(std::move(indexes)), Strategy::automatic);
        EXPECT_EQ(std::get<Plan>(choice).strategy, Strategy::native);
        return std::get<Plan>(choice).reason;
    };
    EXPECT_EQ(reason({}), "readers wait: the view has no unique index");
    EXPECT_EQ(reason({{.name = "k", .is_valid = false}}), "readers wait: unique index k is not valid");
    EXPECT_EQ(reason({{.name = "k", .has_predicate = true}}), "readers wait: unique index k has a WHERE clause");
    EXPECT_EQ(reason({{.name = "k", .has_expression = true}}), "readers wait: unique index k is on an expression");
    EXPECT_EQ(reason({{.name = "k", .is_immediate = false}}), "readers wait: unique index k is deferrable");
    EXPECT_EQ(reason({{.name = "k", .is_btree = false}}), "readers wait: unique index k is not a btree");
    EXPECT_EQ(reason({{.name = "k", .has_predicate = true}, {.name = "l", .is_valid = false}}),
              "readers wait: unique index k has a WHERE clause, and no other can serve");
}

TEST(Plan, ExplicitOnesAreObeyedOrRefused) {
    EXPECT_EQ(std::get<Plan>(choose(populated({{"k"}}), Strategy::native)).strategy, Strategy::native);
    EXPECT_EQ(std::get<Plan>(choose(populated({}), Strategy::native)).strategy, Strategy::native);
    EXPECT_EQ(std::get<Plan>(choose(populated({{"k"}}), Strategy::concurrently)).reason,
              "as requested, with unique index k");
    const Refusal refusal = std::get<Refusal>(choose(populated({}), Strategy::concurrently));
    EXPECT_EQ(refusal.sqlstate, "55000");
    EXPECT_EQ(refusal.message,
              "cannot refresh materialized view \"public.daily_usage\" concurrently: the view has no unique index");
    EXPECT_EQ(refusal.hint,
              "Create a unique index without WHERE on columns of the view, or ask for strategy 'native'.");
}

TEST(Plan, TheOthersAreNotSupported) {
    for (const Strategy requested : {Strategy::diff, Strategy::swap, Strategy::partial, Strategy::incremental}) {
        const auto choice = choose(populated({{"k"}}), requested);
        ASSERT_TRUE(std::holds_alternative<Refusal>(choice)) << to_text(requested);
        EXPECT_EQ(std::get<Refusal>(choice).sqlstate, "0A000");
        EXPECT_NE(std::get<Refusal>(choice).message.find(to_text(requested)), std::string::npos);
    }
}

} // namespace
} // namespace mvmanager::model
