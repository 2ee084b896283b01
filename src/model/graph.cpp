#include "model/graph.hpp"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <queue>
#include <utility>

namespace mvmanager::model {
namespace {

// Nodes by position in id order, edges both ways.
struct Indexed {
    std::vector<const Node *> nodes;
    std::vector<std::vector<std::size_t>> readers;
    std::vector<std::vector<std::size_t>> reads;
};

Indexed index(std::span<const Node> nodes, std::span<const Edge> edges) {
    Indexed graph;
    for (const Node &node : nodes)
        graph.nodes.push_back(&node);
    std::sort(graph.nodes.begin(), graph.nodes.end(), [](const Node *a, const Node *b) { return a->id < b->id; });
    const auto same = [](const Node *a, const Node *b) {
        return a->id == b->id;
    };
    graph.nodes.erase(std::unique(graph.nodes.begin(), graph.nodes.end(), same), graph.nodes.end());
    graph.readers.resize(graph.nodes.size());
    graph.reads.resize(graph.nodes.size());

    const auto position = [&](std::int64_t id) {
        const auto found = std::lower_bound(graph.nodes.begin(), graph.nodes.end(), id,
                                            [](const Node *node, std::int64_t key) { return node->id < key; });
        const bool known = found != graph.nodes.end() && (*found)->id == id;
        return known ? static_cast<std::size_t>(found - graph.nodes.begin()) : graph.nodes.size();
    };
    std::vector<std::pair<std::size_t, std::size_t>> known;
    for (const Edge &edge : edges) {
        const std::size_t reader = position(edge.reader);
        const std::size_t read = position(edge.read);
        if (reader < graph.nodes.size() && read < graph.nodes.size())
            known.emplace_back(reader, read);
    }
    std::sort(known.begin(), known.end());
    known.erase(std::unique(known.begin(), known.end()), known.end());
    for (const auto &[reader, read] : known) {
        graph.readers[read].push_back(reader);
        graph.reads[reader].push_back(read);
    }
    return graph;
}

// REQUIRES: something is left over. Each node left over reads another one left over, so going on along the first of
// these must come round.
Cycle find_cycle(const Indexed &graph, const std::vector<bool> &done) {
    std::vector<std::size_t> path;
    std::vector<std::size_t> place(graph.nodes.size(), graph.nodes.size());
    auto at = static_cast<std::size_t>(std::find(done.begin(), done.end(), false) - done.begin());
    while (place[at] == graph.nodes.size()) {
        place[at] = path.size();
        path.push_back(at);
        at = *std::find_if(graph.reads[at].begin(), graph.reads[at].end(),
                           [&](std::size_t read) { return !done[read]; });
    }
    path.erase(path.begin(), path.begin() + static_cast<std::ptrdiff_t>(place[at]));
    // Told from its smallest id on, so that one cycle always reads the same.
    std::rotate(path.begin(), std::min_element(path.begin(), path.end()), path.end());
    Cycle cycle;
    for (const std::size_t node : path)
        cycle.names.push_back(graph.nodes[node]->name);
    return cycle;
}

} // namespace

std::variant<std::vector<std::int64_t>, Cycle> topological_order(std::span<const Node> nodes,
                                                                 std::span<const Edge> edges) {
    const Indexed graph = index(nodes, edges);
    std::vector<std::size_t> unread(graph.nodes.size());
    std::priority_queue<std::size_t, std::vector<std::size_t>, std::greater<>> free;
    for (std::size_t node = 0; node < graph.nodes.size(); ++node) {
        unread[node] = graph.reads[node].size();
        if (unread[node] == 0)
            free.push(node);
    }
    std::vector<std::int64_t> order;
    std::vector<bool> done(graph.nodes.size(), false);
    while (!free.empty()) {
        const std::size_t node = free.top();
        free.pop();
        done[node] = true;
        order.push_back(graph.nodes[node]->id);
        for (const std::size_t reader : graph.readers[node]) {
            if (--unread[reader] == 0)
                free.push(reader);
        }
    }
    if (order.size() < graph.nodes.size())
        return find_cycle(graph, done);
    return order;
}

} // namespace mvmanager::model
