#include "model/column_change.hpp"

#include <gtest/gtest.h>

#include <numeric>
#include <random>

namespace mvmanager::model {
namespace {

using Kind = ColumnChangeKind;
using Texts = std::vector<std::string>;
using Columns = std::vector<Column>;

const Columns usage{
    {"user_id", "bigint"}, {"day", "date"}, {"usage_count", "bigint"}, {"plan", "text", "pg_catalog.\"default\""}};

ColumnChange change(const Columns &before, const Columns &after, const std::vector<Rename> &renames = {}) {
    auto result = compare_columns(before, after, renames);
    EXPECT_TRUE(std::holds_alternative<ColumnChange>(result));
    return std::holds_alternative<ColumnChange>(result) ? std::get<ColumnChange>(result) : ColumnChange{};
}

std::string refusal(const Columns &before, const Columns &after, const std::vector<Rename> &renames) {
    auto result = compare_columns(before, after, renames);
    EXPECT_TRUE(std::holds_alternative<RenameRefusal>(result));
    if (!std::holds_alternative<RenameRefusal>(result))
        return {};
    EXPECT_FALSE(std::get<RenameRefusal>(result).hint.empty());
    return std::get<RenameRefusal>(result).message;
}

Columns with(Columns columns, std::size_t i, Column column) {
    columns[i] = std::move(column);
    return columns;
}

TEST(ColumnChange, TheSame) {
    auto const c = change(usage, usage);
    EXPECT_EQ(c.kind, Kind::same);
    EXPECT_EQ(c.from, (std::vector{1, 2, 3, 4}));
    EXPECT_TRUE(c.differences.empty());
    EXPECT_TRUE(c.incompatible.empty());
    EXPECT_EQ(change({}, {}).kind, Kind::same);
}

TEST(ColumnChange, Appended) {
    Columns after = usage;
    after.push_back({"seats", "integer"});
    after.push_back({"price", "numeric(10,2)"});
    auto const c = change(usage, after);
    EXPECT_EQ(c.kind, Kind::appended);
    EXPECT_EQ(c.from, (std::vector{1, 2, 3, 4, 0, 0}));
    EXPECT_EQ(c.differences, (Texts{"column \"seats\" is added", "column \"price\" is added"}));
    EXPECT_TRUE(c.incompatible.empty());
    auto const back = change(after, usage);
    EXPECT_EQ(back.kind, Kind::trimmed);
    EXPECT_EQ(back.from, (std::vector{1, 2, 3, 4}));
    EXPECT_EQ(back.incompatible, (Texts{"column \"seats\" is dropped", "column \"price\" is dropped"}));
}

TEST(ColumnChange, Renamed) {
    Columns after = with(usage, 2, {"uses", "bigint"});
    auto const c = change(usage, after, {{"usage_count", "uses"}});
    EXPECT_EQ(c.kind, Kind::same);
    EXPECT_EQ(c.renames, (std::vector<Rename>{{"usage_count", "uses"}}));
    EXPECT_EQ(c.differences, Texts{"column \"usage_count\" is renamed to \"uses\""});
    EXPECT_TRUE(c.incompatible.empty());
    after.push_back({"usage_count", "bigint"});
    auto const again = change(usage, after, {{"usage_count", "uses"}});
    EXPECT_EQ(again.kind, Kind::appended) << "the old name is free for a new column";
    EXPECT_EQ(again.from, (std::vector{1, 2, 3, 4, 0}));
    EXPECT_EQ(change(usage, {{"user_id", "bigint"}, {"at", "date"}}, {{"day", "at"}}).kind, Kind::trimmed);
    auto const swapped =
        change({{"a", "text"}, {"b", "text"}}, {{"b", "text"}, {"a", "text"}}, {{"a", "b"}, {"b", "a"}});
    EXPECT_EQ(swapped.kind, Kind::same) << "names change places, columns do not";
    EXPECT_EQ(swapped.renames.size(), 2U);
    EXPECT_TRUE(change(usage, usage, {{"day", "day"}}).differences.empty()) << "to the same name";
}

TEST(ColumnChange, RenameNotTold) {
    auto const c = change(usage, with(usage, 2, {"uses", "bigint"}));
    EXPECT_EQ(c.kind, Kind::reshaped);
    EXPECT_EQ(c.differences,
              (Texts{"column \"usage_count\" is dropped (if \"uses\" is its new name, pass rename_columns => "
                     "'{\"usage_count\": \"uses\"}')",
                     "column \"uses\" is added"}));
    auto const quoted = change({{"it's \"a\\b\"", "text"}}, {{"b", "text"}});
    EXPECT_NE(quoted.differences[0].find(R"('{"it''s \"a\\b\"": "b"}')"), std::string::npos) << quoted.differences[0];
    EXPECT_EQ(change(usage, with(usage, 2, {"uses", "numeric"})).differences[0], "column \"usage_count\" is dropped")
        << "of another type it is hardly the same one";
}

TEST(ColumnChange, Reshaped) {
    auto const retyped = change(usage, with(usage, 2, {"usage_count", "numeric"}));
    EXPECT_EQ(retyped.kind, Kind::reshaped);
    EXPECT_EQ(retyped.from, (std::vector{1, 2, 3, 4}));
    EXPECT_EQ(retyped.incompatible, Texts{"column \"usage_count\" changes from bigint to numeric"});
    auto const both = change(usage, with(usage, 2, {"uses", "numeric"}), {{"usage_count", "uses"}});
    EXPECT_EQ(both.differences, (Texts{"column \"usage_count\" is renamed to \"uses\"",
                                       "column \"uses\" changes from bigint to numeric"}));
    auto const collated = change(usage, with(usage, 3, {"plan", "text", "pg_catalog.\"C\""}));
    EXPECT_EQ(collated.kind, Kind::reshaped);
    EXPECT_EQ(collated.incompatible,
              Texts{"column \"plan\" changes its collation from pg_catalog.\"default\" to pg_catalog.\"C\""});
    auto const dropped = change(usage, {usage[0], usage[2], usage[3]});
    EXPECT_EQ(dropped.kind, Kind::reshaped);
    EXPECT_EQ(dropped.from, (std::vector{1, 3, 4}));
    EXPECT_EQ(dropped.incompatible,
              (Texts{"column \"day\" is dropped", "column \"usage_count\" moves from position 3 to 2",
                     "column \"plan\" moves from position 4 to 3"}));
    auto const inserted = change(usage, {{"tenant", "text"}, usage[0], usage[1], usage[2], usage[3]});
    EXPECT_EQ(inserted.incompatible, Texts{"columns \"user_id\" to \"plan\" move from positions 1-4 to 2-5"});
    EXPECT_EQ(inserted.differences.back(), "column \"tenant\" is added");
}

TEST(ColumnChange, RefusedRenames) {
    EXPECT_EQ(refusal(usage, usage, {{"nope", "day"}}),
              "rename_columns names column \"nope\", which the view does not have");
    EXPECT_EQ(refusal(usage, usage, {{"day", "nope"}}),
              "rename_columns renames \"day\" to \"nope\", which the new definition does not have");
    EXPECT_EQ(refusal(usage, usage, {{"day", "plan"}, {"day", "user_id"}}),
              "rename_columns names column \"day\" twice");
    EXPECT_EQ(refusal(usage, usage, {{"day", "plan"}, {"user_id", "plan"}}),
              "rename_columns renames both \"day\" and \"user_id\" to \"plan\"");
}

// Whatever changes: each new column continues at most one old one, that of its name or rename, and the kind says what the
// positions and types say.
TEST(ColumnChange, AnyChange) {
    std::mt19937 random(4711);
    auto const below = [&](int n) {
        return std::uniform_int_distribution(0, n - 1)(random);
    };
    for (int round = 0; round < 20000; ++round) {
        Columns before, after;
        for (int i = 0, n = below(6); i < n; ++i)
            before.push_back({"c" + std::to_string(i), below(2) ? "text" : "bigint"});
        std::vector<int> order(8);
        std::iota(order.begin(), order.end(), 0);
        if (below(2))
            std::shuffle(order.begin(), order.end(), random);
        for (int i = 0, n = below(7); i < n; ++i) {
            auto const k = static_cast<std::size_t>(order[static_cast<std::size_t>(i)]);
            after.push_back({"c" + std::to_string(k), k < before.size() && below(4) ? before[k].type : "text"});
        }
        auto const c = change(before, after);
        ASSERT_EQ(c.from.size(), after.size());
        bool prefix = true;
        for (std::size_t i = 0; i < after.size(); ++i) {
            auto const old = static_cast<std::size_t>(c.from[i]);
            if (old > 0) {
                ASSERT_EQ(before.at(old - 1).name, after[i].name);
            }
            if (i < before.size())
                prefix = prefix && old == i + 1 && before[i].type == after[i].type;
        }
        Kind const expected = !prefix                        ? Kind::reshaped
                              : after.size() > before.size() ? Kind::appended
                              : after.size() < before.size() ? Kind::trimmed
                                                             : Kind::same;
        ASSERT_EQ(c.kind, expected);
        ASSERT_EQ(c.differences.empty(), expected == Kind::same);
        ASSERT_EQ(c.incompatible.empty(), expected == Kind::same || expected == Kind::appended);
    }
}

} // namespace
} // namespace mvmanager::model
