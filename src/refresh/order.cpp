#include "refresh/order.hpp"

#include <unordered_map>
#include <unordered_set>
#include <variant>

#include "format.hpp"
#include "model/graph.hpp"
#include "pg/dependency.hpp"
#include "pg/error.hpp"
#include "pg/memory.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::refresh {
namespace {

using IdByRelation = std::unordered_map<Oid, std::int64_t>;

// Walks down from the member's query through whatever is no member itself.
std::vector<std::int64_t> members_read_by(Oid relation, const IdByRelation &members) {
    std::vector<std::int64_t> found;
    std::unordered_set<Oid> seen{relation};
    std::vector<Oid> open{relation};
    while (!open.empty()) {
        pg::check_for_interrupts();
        Oid const reader = open.back();
        open.pop_back();
        for (Oid const read : pg::relations_read_by(reader)) {
            if (!seen.insert(read).second)
                continue;
            if (auto const member = members.find(read); member != members.end())
                found.push_back(member->second);
            else
                open.push_back(read);
        }
    }
    return found;
}

} // namespace

std::vector<OrderedMember> in_dependency_order(const std::vector<Member> &members) {
    IdByRelation id_by_relation;
    std::unordered_map<std::int64_t, OrderedMember> by_id;
    std::vector<model::Node> nodes;
    for (const Member &member : members) {
        if (OidIsValid(member.relation))
            id_by_relation.emplace(member.relation, member.view.id);
        nodes.push_back({.id = member.view.id, .name = member.view.name.quoted()});
        by_id.emplace(member.view.id, OrderedMember{member, {}});
    }

    std::vector<model::Edge> edges;
    pg::MemoryScope memory("mvmanager dependency order");
    for (const Member &member : members) {
        if (!OidIsValid(member.relation))
            continue;
        auto &reads = by_id.at(member.view.id).reads;
        reads = members_read_by(member.relation, id_by_relation);
        for (std::int64_t const read : reads)
            edges.push_back({.reader = member.view.id, .read = read});
        memory.reset();
    }

    auto const order = model::topological_order(nodes, edges);
    if (auto const *cycle = std::get_if<model::Cycle>(&order))
        throw pg::Error(pg::sqlstate::invalid_recursion, "managed materialized views read each other: {}",
                        join(cycle->names, ", "));
    std::vector<OrderedMember> out;
    out.reserve(members.size());
    for (std::int64_t const id : std::get<std::vector<std::int64_t>>(order))
        out.push_back(std::move(by_id.at(id)));
    return out;
}

} // namespace mvmanager::refresh
