#include <gtest/gtest.h>

#include <chrono>
#include <random>
#include <string>
#include <vector>

#include "model/text_diff.hpp"

namespace mvmanager::model {
namespace {

using Lines = std::vector<std::string_view>;

std::vector<std::string> headings(const Lines &before, const Lines &after) {
    std::vector<std::string> out;
    for (const Hunk &hunk : diff(before, after))
        out.push_back(heading(hunk));
    return out;
}
using Headings = std::vector<std::string>;

// `before` with every hunk put in place.
Lines patched(const Lines &before, const Lines &after, const std::vector<Hunk> &hunks) {
    Lines out;
    std::size_t at = 0;
    for (const Hunk &h : hunks) {
        std::size_t const begin = h.before_count ? h.before_line - 1 : h.before_line;
        EXPECT_GE(begin, at);
        out.insert(out.end(), before.begin() + static_cast<std::ptrdiff_t>(at),
                   before.begin() + static_cast<std::ptrdiff_t>(begin));
        std::size_t const from = h.after_count ? h.after_line - 1 : h.after_line;
        EXPECT_EQ(from, out.size()) << "the place in `after` is where it ends up";
        out.insert(out.end(), after.begin() + static_cast<std::ptrdiff_t>(from),
                   after.begin() + static_cast<std::ptrdiff_t>(from + h.after_count));
        at = begin + h.before_count;
    }
    out.insert(out.end(), before.begin() + static_cast<std::ptrdiff_t>(at), before.end());
    return out;
}

TEST(TextDiff, SmallOnes) {
    EXPECT_EQ(headings({}, {}), Headings{});
    EXPECT_EQ(headings({"a", "b"}, {"a", "b"}), Headings{});
    EXPECT_EQ(headings({"a", "b", "c"}, {"a", "x", "c"}), (Headings{"@@ -2 +2 @@"}));
    EXPECT_EQ(headings({"a", "c"}, {"a", "b", "c"}), (Headings{"@@ -1,0 +2 @@"}));
    EXPECT_EQ(headings({"a", "b", "c"}, {"a", "c"}), (Headings{"@@ -2 +1,0 @@"}));
    EXPECT_EQ(headings({}, {"a", "b"}), (Headings{"@@ -0,0 +1,2 @@"}));
    EXPECT_EQ(headings({"a", "b", "c", "d", "e"}, {"x", "b", "c", "d", "y", "z"}),
              (Headings{"@@ -1 +1 @@", "@@ -5 +5,2 @@"}));
}

TEST(TextDiff, AnyPatchLeadsFromOneToTheOther) {
    std::mt19937 random(7);
    const std::vector<std::string> alphabet{"a", "b", "c", "d", "e"};
    auto make = [&](std::size_t letters) {
        Lines lines(random() % 40);
        for (auto &line : lines)
            line = alphabet[random() % letters];
        return lines;
    };
    for (int i = 0; i < 5000; ++i) {
        Lines const before = make(1 + random() % 5), after = make(1 + random() % 5);
        auto const hunks = diff(before, after);
        ASSERT_EQ(patched(before, after, hunks), after);
        ASSERT_EQ(before == after, hunks.empty());
    }
}

// As many lines as the definitions of dynamic programming say.
TEST(TextDiff, FewestLines) {
    std::mt19937 random(11);
    const std::vector<std::string> alphabet{"a", "b", "c"};
    for (int i = 0; i < 1000; ++i) {
        Lines before(random() % 12), after(random() % 12);
        for (auto &line : before)
            line = alphabet[random() % 3];
        for (auto &line : after)
            line = alphabet[random() % 3];
        std::vector<std::vector<std::size_t>> common(before.size() + 1, std::vector<std::size_t>(after.size() + 1, 0));
        for (std::size_t x = 1; x <= before.size(); ++x)
            for (std::size_t y = 1; y <= after.size(); ++y)
                common[x][y] = before[x - 1] == after[y - 1] ? common[x - 1][y - 1] + 1
                                                             : std::max(common[x - 1][y], common[x][y - 1]);
        std::size_t changed = 0;
        for (const Hunk &h : diff(before, after))
            changed += h.before_count + h.after_count;
        ASSERT_EQ(changed, before.size() + after.size() - 2 * common[before.size()][after.size()]);
    }
}

TEST(TextDiff, ManyDifferencesAreBounded) {
    std::vector<std::string> texts;
    for (int i = 0; i < 60'000; ++i)
        texts.push_back("line " + std::to_string(i));
    Lines before, after;
    for (std::size_t i = 0; i < 20'000; ++i) {
        before.push_back(texts[i]);
        before.push_back("same");
        after.push_back(i % 100 == 0 ? texts[i] : texts[i + 30'000]);
        after.push_back("same");
    }
    auto const begin = std::chrono::steady_clock::now();
    auto const hunks = diff(before, after);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(20));
    EXPECT_EQ(patched(before, after, hunks), after);
    EXPECT_GE(hunks.size(), 199U) << "lines that are there once hold the rest together";
}

TEST(TextDiff, LinesOfAQuery) {
    EXPECT_EQ(query_lines(""), Lines{});
    EXPECT_EQ(query_lines("SELECT a, b\n  FROM t\r\n"), (Lines{"SELECT a, b", "  FROM t"})) << "short lines stay";
    std::string const wide = "SELECT a.first_column, left(a.second, 3) AS b FROM one a LEFT JOIN two b ON a.id = b.id "
                             "WHERE a.x = 'FROM, WHERE' AND b.y IS NULL ORDER BY 1";
    EXPECT_EQ(query_lines(wide),
              (Lines{"SELECT a.first_column,", "left(a.second,", "3) AS b", "FROM one a", "LEFT JOIN two b",
                     "ON a.id = b.id", "WHERE a.x = 'FROM, WHERE'", "AND b.y IS NULL", "ORDER BY 1"}));
}

TEST(TextDiff, OneLiteralOfManyOnAGiantLine) {
    std::string list;
    for (int i = 0; i < 20'000; ++i)
        list += (i ? ", '" : "'") + std::to_string(i) + "'";
    std::string const before = "SELECT * FROM t WHERE a IN (" + list + ")";
    std::string after = before;
    after.replace(after.find("'12345'"), 7, "'other'");
    auto const old_lines = query_lines(before), new_lines = query_lines(after);
    auto const hunks = diff(old_lines, new_lines);
    ASSERT_EQ(hunks.size(), 1U);
    EXPECT_EQ(hunks[0].before_count, 1U);
    EXPECT_EQ(old_lines[hunks[0].before_line - 1], "'12345',");
    EXPECT_EQ(new_lines[hunks[0].after_line - 1], "'other',");
}

} // namespace
} // namespace mvmanager::model
