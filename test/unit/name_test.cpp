#include <gtest/gtest.h>

#include <limits>
#include <random>
#include <set>
#include <string>

#include "model/name.hpp"

namespace mvmanager::model {
namespace {

bool is_utf8(std::string_view text) {
    for (std::size_t i = 0; i < text.size();) {
        const auto lead = static_cast<unsigned char>(text[i]);
        const std::size_t length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
        if (lead >= 0x80 && lead < 0xC2)
            return false;
        if (i + length > text.size())
            return false;
        for (std::size_t k = 1; k < length; ++k) {
            if ((static_cast<unsigned char>(text[i + k]) & 0xC0) != 0x80)
                return false;
        }
        i += length;
    }
    return true;
}

TEST(Name, ShortOnesAreWhole) {
    EXPECT_EQ(relation_name("daily_usage", 3, 17), "daily_usage__v3_17");
    EXPECT_EQ(relation_name("a.b \"c\"\n", 1, 1), "a.b \"c\"\n__v1_1");
    EXPECT_EQ(relation_name(std::string(56, 'x'), 1, 1).size(), 62U);
    EXPECT_EQ(relation_name(std::string(57, 'x'), 1, 1), std::string(57, 'x') + "__v1_1");
}

TEST(Name, LongOnesAreCutAndMarked) {
    const std::string name = relation_name(std::string(58, 'x'), 1, 1);
    EXPECT_EQ(name.size(), 63U);
    EXPECT_TRUE(name.starts_with(std::string(48, 'x') + '_')) << name;
    EXPECT_TRUE(name.ends_with("__v1_1")) << name;
    EXPECT_NE(relation_name(std::string(60, 'x') + "aaa", 1, 1), relation_name(std::string(60, 'x') + "bbb", 1, 1));
    const std::string longest = relation_name(std::string(63, 'y'), std::numeric_limits<std::int32_t>::max(),
                                              std::numeric_limits<std::int64_t>::max());
    EXPECT_EQ(longest.size(), 63U);
    EXPECT_TRUE(longest.ends_with("__v2147483647_9223372036854775807")) << longest;
}

TEST(Name, CutsOnlyBetweenCharacters) {
    const std::string units[] = {"a", "\xC3\xA9", "\xE6\x97\xA5", "\xF0\x9F\x90\x98"};
    std::mt19937_64 random(6);
    for (int round = 0; round < 20'000; ++round) {
        std::string view;
        while (true) {
            const std::string &unit = units[random() % std::size(units)];
            if (view.size() + unit.size() > 63)
                break;
            view += unit;
        }
        const std::string name = relation_name(view, static_cast<std::int32_t>(random() % 100'000),
                                               static_cast<std::int64_t>(random() % 1'000'000'000));
        ASSERT_LE(name.size(), 63U);
        ASSERT_GE(name.size(), 60U) << "cuts no more than the character that straddles";
        ASSERT_TRUE(is_utf8(name)) << name;
        for (std::size_t bytes = 0; bytes <= view.size(); ++bytes) {
            const std::string_view cut = cut_utf8(view, bytes);
            ASSERT_LE(cut.size(), bytes);
            ASSERT_LT(bytes - cut.size(), 4U);
            ASSERT_TRUE(is_utf8(cut));
        }
    }
}

TEST(Name, BytesThatAreNoUtf8AreCutPlainly) {
    const std::string bytes(63, '\x80');
    EXPECT_EQ(cut_utf8(bytes, 10).size(), 10U);
    EXPECT_EQ(relation_name(bytes, 1, 1).size(), 63U);
    EXPECT_EQ(cut_utf8(std::string(20, '\xFF'), 7).size(), 7U);
    EXPECT_EQ(cut_utf8("", 0), "");
    EXPECT_EQ(cut_utf8("\xC3\xA9", 1), "");
    EXPECT_EQ(cut_utf8("\xC3\xA9", 0), "");
}

TEST(Name, VersionsAndViewsNeverCollide) {
    std::set<std::string> names;
    const std::string view(63, 'v');
    for (int version = 1; version <= 100; ++version) {
        for (int id = 1; id <= 100; ++id)
            names.insert(relation_name(view, version, id));
    }
    EXPECT_EQ(names.size(), 10'000U);
}

TEST(Name, RefreshesHaveNamesOfTheirOwn) {
    EXPECT_EQ(refresh_name("daily_usage", 7123, 4), "daily_usage__r7123_4");
    const std::string longest =
        refresh_name(std::string(63, 'v'), 18'446'744'073'709'551'615U, 9'223'372'036'854'775'807);
    EXPECT_EQ(longest.size(), 63U);
    EXPECT_TRUE(longest.ends_with("__r18446744073709551615_9223372036854775807"));
    EXPECT_NE(refresh_name(std::string(63, 'v'), 1, 1), relation_name(std::string(63, 'v'), 1, 1));
}

} // namespace
} // namespace mvmanager::model
