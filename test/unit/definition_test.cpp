// The bytes that are hashed: fixed for ever, and never the same for two different things.

#include <gtest/gtest.h>

#include <random>
#include <set>
#include <string>
#include <vector>

#include "model/definition.hpp"

namespace mvmanager::model {
namespace {

std::string hex(std::string_view bytes) {
    std::string text;
    for (const char c : bytes) {
        text.push_back("0123456789abcdef"[static_cast<unsigned char>(c) >> 4]);
        text.push_back("0123456789abcdef"[static_cast<unsigned char>(c) & 0xF]);
    }
    return text;
}

TEST(Definition, FormatIsFixed) {
    EXPECT_EQ(hex(Preimage("k").text("ab").integer(-2).instant(258).null().bytes({"\0\xFF", 2}).count(3).take()),
              "7400000000000000016b"
              "7400000000000000026162"
              "69fffffffffffffffe"
              "750000000000000102"
              "6e"
              "62000000000000000200ff"
              "630000000000000003");
    EXPECT_EQ(hex(data_preimage("SELECT 1", std::vector<Column>{{"a", "integer", ""}})),
              "7400000000000000106d766d616e6167657220646174612031"
              "74000000000000000853454c4543542031"
              "630000000000000001"
              "74000000000000000161"
              "740000000000000007696e7465676572"
              "740000000000000000");
}

TEST(Definition, NeighbouringTextsDoNotRunTogether) {
    const std::vector<Column> none;
    EXPECT_NE(data_preimage("ab", std::vector<Column>{{"c", "d", ""}}),
              data_preimage("a", std::vector<Column>{{"bc", "d", ""}}));
    EXPECT_NE(data_preimage("a", std::vector<Column>{{"b", "cd", ""}}),
              data_preimage("a", std::vector<Column>{{"bc", "d", ""}}));
    EXPECT_NE(data_preimage("a", none), data_preimage("a", std::vector<Column>{{"", "", ""}}));
    EXPECT_NE(chain_preimage("", {std::int64_t{1}, std::int64_t{2}}), chain_preimage("", {std::int64_t{12}}));
    EXPECT_NE(chain_preimage("", {std::string_view("")}), chain_preimage("", {std::monostate{}}));
    EXPECT_NE(chain_preimage("", {std::string_view("x")}), chain_preimage("", {Bytes{"x"}}));
    EXPECT_NE(chain_preimage("", {std::int64_t{7}}), chain_preimage("", {Instant{7}}));
    EXPECT_NE(chain_preimage("a", {}), chain_preimage("", {Bytes{"a"}}));
}

TEST(Definition, KindsAreApart) {
    const std::vector<std::string> no_texts;
    const std::set<std::string> all = {data_preimage("", {}), metadata_preimage({}, {}, std::nullopt),
                                       parents_preimage({}), chain_preimage("", {})};
    EXPECT_EQ(all.size(), 4U);
}

TEST(Definition, OrderMattersWhereItMeansSomething) {
    const std::vector<Column> ab = {{"a", "integer", ""}, {"b", "integer", ""}};
    const std::vector<Column> ba = {{"b", "integer", ""}, {"a", "integer", ""}};
    EXPECT_NE(data_preimage("q", ab), data_preimage("q", ba));

    const std::vector<std::string> indexes = {"i1", "i2"};
    const std::vector<std::string> turned = {"i2", "i1"};
    const std::vector<Option> options = {{"fillfactor", "70"}, {"autovacuum_enabled", "false"}};
    const std::vector<Option> turned_options = {options[1], options[0]};
    EXPECT_EQ(metadata_preimage(indexes, options, "c"), metadata_preimage(turned, turned_options, "c"));
    EXPECT_NE(metadata_preimage(indexes, options, "c"), metadata_preimage(indexes, options, std::nullopt));
    EXPECT_NE(metadata_preimage(indexes, options, ""), metadata_preimage(indexes, options, std::nullopt));
    EXPECT_NE(metadata_preimage(indexes, {}, std::nullopt), metadata_preimage({}, options, std::nullopt));

    const std::vector<Parent> parents = {{2, "h2"}, {1, "h1"}};
    const std::vector<Parent> turned_parents = {{1, "h1"}, {2, "h2"}};
    const std::vector<Parent> crossed = {{1, "h2"}, {2, "h1"}};
    EXPECT_EQ(parents_preimage(parents), parents_preimage(turned_parents));
    EXPECT_NE(parents_preimage(parents), parents_preimage(crossed));
}

// Random lists of fields over a tiny alphabet: equal bytes only for equal lists.
TEST(Definition, NoTwoFieldListsCollide) {
    std::mt19937_64 random(5);
    std::set<std::string> lists;
    std::set<std::string> images;
    const std::string texts[] = {"", "a", "aa", std::string("\0", 1), "t", "n", std::string("t\0\0\0\0\0\0\0\0", 9)};
    for (int round = 0; round < 20'000; ++round) {
        std::vector<Field> fields;
        std::string list;
        for (auto length = random() % 5; length > 0; --length) {
            const auto kind = random() % 5;
            const std::string &text = texts[random() % std::size(texts)];
            const auto number = static_cast<std::int64_t>(random() % 3) - 1;
            list += std::to_string(kind) + ':';
            switch (kind) {
            case 0:
                fields.emplace_back(std::monostate{});
                break;
            case 1:
                fields.emplace_back(number);
                list += std::to_string(number);
                break;
            case 2:
                fields.emplace_back(std::string_view(text));
                list += hex(text);
                break;
            case 3:
                fields.emplace_back(Bytes{text});
                list += hex(text);
                break;
            default:
                fields.emplace_back(Instant{number});
                list += std::to_string(number);
                break;
            }
            list += ';';
        }
        lists.insert(list);
        images.insert(chain_preimage("", fields));
    }
    EXPECT_EQ(images.size(), lists.size());
    EXPECT_GT(lists.size(), 5'000U);
}

} // namespace
} // namespace mvmanager::model
