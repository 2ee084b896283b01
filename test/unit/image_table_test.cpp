#include "model/image_table.hpp"

#include <algorithm>
#include <cstdint>
#include <map>
#include <random>
#include <set>
#include <stdexcept>
#include <vector>

#include <gtest/gtest.h>

namespace mvmanager::model {
namespace {

struct Table {
    std::vector<ImageTable::Entry> rows;
    std::vector<std::uint32_t> directory;
    ImageTable table;

    explicit Table(const std::vector<std::uint64_t> &hashes) : rows(hashes.size() + 1) {
        table.attach(rows.data(), rows.size());
        for (std::size_t i = 0; i < hashes.size(); ++i)
            table.append(hashes[i], i + 1);
        directory.resize(ImageTable::directory_size(table.size()));
        table.index(directory.data(), [] {});
    }

    std::vector<ImageTable::Place> unmatched() {
        std::size_t const count = table.size() - table.matched();
        ImageTable::Place *places = table.take_unmatched([] {});
        std::vector<ImageTable::Place> out(places, places + count);
        std::sort(out.begin(), out.end());
        return out;
    }
};

bool match_one(ImageTable &table, std::uint64_t hash) {
    ImageTable::Run const run = table.find(hash);
    if (run.empty())
        return false;
    table.match(run, run.first);
    return true;
}

TEST(ImageTable, IsEmptyWithoutRows) {
    Table t({});
    EXPECT_TRUE(t.table.find(0).empty());
    EXPECT_TRUE(t.table.find(~std::uint64_t{0}).empty());
    EXPECT_TRUE(t.unmatched().empty());
}

TEST(ImageTable, FindsBothEndsOfTheRangeOfHashes) {
    Table t({0, ~std::uint64_t{0}, 1, std::uint64_t{1} << 63});
    for (std::uint64_t const hash : {std::uint64_t{0}, ~std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{1} << 63}) {
        ImageTable::Run const run = t.table.find(hash);
        ASSERT_EQ(run.last - run.first, 1);
        EXPECT_EQ(run.first->hash(), hash);
    }
    EXPECT_TRUE(t.table.find(2).empty());
}

TEST(ImageTable, IsFullAtItsCapacityAndGoesOnInALargerPlace) {
    std::vector<ImageTable::Entry> small(2), large(3);
    ImageTable table;
    table.attach(small.data(), small.size());
    table.append(7, 1);
    EXPECT_FALSE(table.is_full());
    table.append(8, 2);
    EXPECT_TRUE(table.is_full());
    std::copy(small.begin(), small.end(), large.begin());
    table.attach(large.data(), large.size());
    EXPECT_FALSE(table.is_full());
    table.append(7, 3);
    std::vector<std::uint32_t> directory(ImageTable::directory_size(table.size()));
    table.index(directory.data(), [] {});
    EXPECT_EQ(table.find(7).last - table.find(7).first, 2);
}

TEST(ImageTable, GivesEachOfEqualRowsOnce) {
    Table t({5, 5, 5, 6});
    std::set<ImageTable::Place> given;
    for (int i = 0; i < 3; ++i) {
        ImageTable::Run const run = t.table.find(5);
        ASSERT_EQ(run.last - run.first, 3 - i);
        given.insert(run.first->place());
        t.table.match(run, run.first);
    }
    EXPECT_TRUE(t.table.find(5).empty());
    EXPECT_EQ(given, (std::set<ImageTable::Place>{1, 2, 3}));
    EXPECT_EQ(t.unmatched(), std::vector<ImageTable::Place>{4});
}

TEST(ImageTable, MatchesAnyRowOfARun) {
    Table t({5, 5, 5});
    ImageTable::Run const run = t.table.find(5);
    ImageTable::Entry *const last = run.last - 1;
    ImageTable::Place const place = last->place();
    t.table.match(run, last);
    for (const ImageTable::Entry &left : t.table.find(5))
        EXPECT_NE(left.place(), place);
    EXPECT_EQ(t.unmatched().size(), 2u);
}

TEST(ImageTable, TakesAMatchBack) {
    Table t({5, 5, 5, 9});
    for (int i = 0; i < 3; ++i)
        ASSERT_TRUE(match_one(t.table, 5));
    t.table.release(5, 2);
    EXPECT_EQ(t.table.matched(), 2u);
    ImageTable::Run const run = t.table.find(5);
    ASSERT_EQ(run.last - run.first, 1);
    EXPECT_EQ(run.first->place(), 2u);
    EXPECT_EQ(t.unmatched(), (std::vector<ImageTable::Place>{2, 4}));
}

TEST(ImageTable, KeepsPlacesOf48Bits) {
    std::vector<ImageTable::Entry> rows(1);
    std::vector<std::uint32_t> directory(ImageTable::directory_size(1));
    ImageTable table;
    table.attach(rows.data(), 1);
    ImageTable::Place const widest = (ImageTable::Place{1} << 48) - 1;
    table.append(3, widest);
    table.index(directory.data(), [] {});
    ASSERT_TRUE(match_one(table, 3));
    EXPECT_EQ(table.begin()->place(), widest);
    EXPECT_TRUE(table.begin()->is_matched());
}

// Against a multimap: hashes from a narrow range, from the whole range, and all but one the same.
TEST(ImageTable, AgreesWithAMultimap) {
    std::mt19937_64 random(20260101);
    for (std::uint64_t const range : {std::uint64_t{1}, std::uint64_t{10}, std::uint64_t{1000}, ~std::uint64_t{0}}) {
        for (std::size_t const count : {1, 7, 8, 25, 1000, 20000}) {
            std::vector<std::uint64_t> hashes(count);
            for (std::uint64_t &hash : hashes)
                hash = range == ~std::uint64_t{0} ? random() : random() % range << (random() % 2 * 60);
            Table t(hashes);
            std::multiset<std::uint64_t> expected(hashes.begin(), hashes.end());
            for (std::size_t i = 0; i < 2 * count; ++i) {
                std::uint64_t const hash = random() % 2 ? hashes[random() % count] : random() % range;
                auto const found = expected.find(hash);
                ASSERT_EQ(match_one(t.table, hash), found != expected.end());
                if (found != expected.end())
                    expected.erase(found);
            }
            ASSERT_EQ(t.table.size() - t.table.matched(), expected.size());
            std::multiset<std::uint64_t> left;
            for (ImageTable::Place const place : t.unmatched())
                left.insert(hashes[place - 1]);
            ASSERT_EQ(left, expected);
        }
    }
}

TEST(ImageTable, PausesOftenAndCanBeLeftThere) {
    std::vector<std::uint64_t> hashes(1 << 20);
    std::mt19937_64 random(7);
    for (std::uint64_t &hash : hashes)
        hash = random();
    std::vector<ImageTable::Entry> rows(hashes.size());
    ImageTable table;
    table.attach(rows.data(), rows.size());
    for (std::size_t i = 0; i < hashes.size(); ++i)
        table.append(hashes[i], i);
    std::vector<std::uint32_t> directory(ImageTable::directory_size(table.size()));
    int pauses = 0;
    auto leave = [&] {
        if (++pauses == 20)
            throw std::runtime_error("cancelled");
    };
    EXPECT_THROW(table.index(directory.data(), leave), std::runtime_error);
    std::uint64_t sum = 0;
    for (const ImageTable::Entry &entry : table)
        sum += entry.place();
    EXPECT_EQ(sum, hashes.size() * (hashes.size() - 1) / 2);
}

TEST(RadixSort, SortsNumbersOfFewBytes) {
    std::mt19937_64 random(3);
    for (std::size_t const count : {0, 1, 2, 24, 25, 100, 70000}) {
        for (int const bits : {8, 16, 48, 64}) {
            std::vector<std::uint64_t> numbers(count);
            for (std::uint64_t &number : numbers)
                number = random() >> (64 - bits);
            std::vector<std::uint64_t> expected = numbers;
            std::sort(expected.begin(), expected.end());
            radix_sort(
                numbers.data(), numbers.size(), bits, [](std::uint64_t number) { return number; }, [] {});
            ASSERT_EQ(numbers, expected);
        }
    }
}

} // namespace
} // namespace mvmanager::model
