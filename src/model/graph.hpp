#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <variant>
#include <vector>

namespace mvmanager::model {

struct Node {
    std::int64_t id = 0;
    std::string name = {}; // for telling a cycle
};

// `reader` reads `read`: it comes after it.
struct Edge {
    std::int64_t reader = 0;
    std::int64_t read = 0;
};

// Names in reading order: each reads the next, the last reads the first.
struct Cycle {
    std::vector<std::string> names;
};

// Every node after all that it reads; among nodes that could come next the smallest id goes first, so the order depends on
// nothing but the arguments. Edges that name an unknown node and repeated edges are ignored; an edge from a node to itself
// is a cycle of one. O((nodes + edges) log nodes), no recursion.
std::variant<std::vector<std::int64_t>, Cycle> topological_order(std::span<const Node> nodes,
                                                                 std::span<const Edge> edges);

} // namespace mvmanager::model
