#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

#include "model/graph.hpp"

namespace mvmanager::model {
namespace {

using Ids = std::vector<std::int64_t>;
using Names = std::vector<std::string>;

std::vector<Node> nodes(std::initializer_list<std::int64_t> ids) {
    std::vector<Node> result;
    for (const std::int64_t id : ids)
        result.push_back({id, "v" + std::to_string(id)});
    return result;
}

Ids order(const std::vector<Node> &views, const std::vector<Edge> &edges) {
    const auto result = topological_order(views, edges);
    EXPECT_TRUE(std::holds_alternative<Ids>(result));
    return std::holds_alternative<Ids>(result) ? std::get<Ids>(result) : Ids{};
}

Names cycle(const std::vector<Node> &views, const std::vector<Edge> &edges) {
    const auto result = topological_order(views, edges);
    EXPECT_TRUE(std::holds_alternative<Cycle>(result));
    return std::holds_alternative<Cycle>(result) ? std::get<Cycle>(result).names : Names{};
}

TEST(Graph, SmallOnes) {
    EXPECT_EQ(order({}, {}), Ids{});
    EXPECT_EQ(order(nodes({3, 1, 2}), {}), (Ids{1, 2, 3}));
    EXPECT_EQ(order(nodes({1, 2}), {{1, 2}}), (Ids{2, 1}));
    EXPECT_EQ(order(nodes({1, 2, 3, 4}), {{4, 2}, {4, 3}, {2, 1}, {3, 1}}), (Ids{1, 2, 3, 4})) << "diamond";
    EXPECT_EQ(order(nodes({1, 2, 3, 4}), {{1, 2}, {1, 3}, {2, 4}, {3, 4}}), (Ids{4, 2, 3, 1})) << "diamond upside down";
}

TEST(Graph, UnknownAndRepeatedEdgesAreIgnored) {
    EXPECT_EQ(order(nodes({1, 2}), {{1, 2}, {1, 2}, {1, 9}, {9, 2}, {8, 9}}), (Ids{2, 1}));
    EXPECT_EQ(order(nodes({1, 1, 2}), {{1, 2}}), (Ids{2, 1}));
}

TEST(Graph, CyclesAreToldInReadingOrder) {
    EXPECT_EQ(cycle(nodes({1}), {{1, 1}}), Names{"v1"});
    EXPECT_EQ(cycle(nodes({1, 2}), {{1, 2}, {2, 1}}), (Names{"v1", "v2"}));
    EXPECT_EQ(cycle(nodes({1, 2, 3, 4, 5}), {{1, 2}, {2, 4}, {4, 3}, {3, 2}, {5, 5}}), (Names{"v2", "v4", "v3"}));
    EXPECT_EQ(cycle(nodes({5, 6, 7}), {{5, 6}, {6, 7}, {7, 6}}), (Names{"v6", "v7"}))
        << "what merely reads a cycle is not on it";
}

TEST(Graph, LongChainNeedsNoStack) {
    std::vector<Node> views;
    std::vector<Edge> edges;
    for (std::int64_t id = 0; id < 200'000; ++id) {
        views.push_back({id, ""});
        if (id > 0)
            edges.push_back({id - 1, id});
    }
    const Ids chain = order(views, edges);
    ASSERT_EQ(chain.size(), 200'000U);
    EXPECT_EQ(chain.front(), 199'999);
    edges.push_back({199'999, 0});
    EXPECT_EQ(cycle(views, edges).size(), 200'000U);
}

TEST(Graph, RandomOnesAreInOrderWhateverTheOrderOfTheArguments) {
    std::mt19937_64 random(7);
    for (int round = 0; round < 500; ++round) {
        std::vector<Node> views;
        std::vector<Edge> edges;
        const auto count = static_cast<std::int64_t>(random() % 40 + 1);
        for (std::int64_t id = 0; id < count; ++id)
            views.push_back({id, std::to_string(id)});
        Ids rank(static_cast<std::size_t>(count));
        for (std::size_t i = 0; i < rank.size(); ++i)
            rank[i] = static_cast<std::int64_t>(i);
        std::shuffle(rank.begin(), rank.end(), random);
        for (int edge = 0; edge < 60; ++edge) {
            const auto a = random() % static_cast<std::uint64_t>(count);
            const auto b = random() % static_cast<std::uint64_t>(count);
            if (rank[a] > rank[b])
                edges.push_back({static_cast<std::int64_t>(a), static_cast<std::int64_t>(b)});
        }
        const Ids result = order(views, edges);
        std::map<std::int64_t, std::size_t> place;
        for (std::size_t i = 0; i < result.size(); ++i)
            place[result[i]] = i;
        ASSERT_EQ(place.size(), views.size());
        for (const Edge &edge : edges)
            ASSERT_GT(place[edge.reader], place[edge.read]);
        std::shuffle(views.begin(), views.end(), random);
        std::shuffle(edges.begin(), edges.end(), random);
        ASSERT_EQ(order(views, edges), result);
    }
}

} // namespace
} // namespace mvmanager::model
