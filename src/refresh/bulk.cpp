#include "refresh/bulk.hpp"

#include <unordered_map>
#include <utility>

#include "format.hpp"
#include "pg/snapshot.hpp"
#include "pg/transaction.hpp"

namespace mvmanager::refresh {
namespace {

using catalog::views::Outcome;

BulkResult not_refreshed(Fate fate, const Member &member, std::string reason) {
    BulkResult out{.fate = fate};
    out.result.name = member.view.name.quoted();
    out.result.version = member.view.live_version.value_or(0);
    out.result.executed = false;
    out.result.work.strategy_used = fate == Fate::failed ? "failed" : "skipped";
    out.result.work.strategy_reason = std::move(reason);
    return out;
}

BulkResult refresh_member(const Member &member) {
    BulkResult out;
    auto error =
        pg::try_in_subtransaction([&] { out.result = run({.view_id = member.view.id, .relation = member.relation}); });
    if (!error)
        return out;
    if (error->sqlstate() == pg::sqlstate::serialization_failure && pg::one_snapshot_per_transaction())
        throw std::move(*error);
    return not_refreshed(Fate::failed, member,
                         format("{} (SQLSTATE {})", error->message(), pg::sqlstate_text(error->sqlstate())));
}

} // namespace

std::vector<BulkResult> run_all(const std::vector<Member> &members) {
    std::vector<BulkResult> out;
    // Members without fresh rows below them, with the failed view at the root of it.
    std::unordered_map<std::int64_t, std::string> stale;
    std::vector<std::pair<std::int64_t, Outcome>> to_count;

    for (const OrderedMember &ordered : in_dependency_order(members)) {
        pg::check_for_interrupts();
        const Member &member = ordered.member;
        std::string root;
        for (std::int64_t const read : ordered.reads) {
            if (auto const found = stale.find(read); found != stale.end()) {
                root = found->second;
                break;
            }
        }
        if (!root.empty()) {
            out.push_back(not_refreshed(Fate::skipped, member, format("it reads {}, which failed", root)));
            stale.emplace(member.view.id, root);
            to_count.emplace_back(member.view.id, Outcome::skipped);
            continue;
        }
        out.push_back(refresh_member(member));
        if (out.back().fate == Fate::failed) {
            stale.emplace(member.view.id, out.back().result.name);
            to_count.emplace_back(member.view.id, Outcome::failed);
        }
    }

    for (const auto &[id, outcome] : to_count)
        catalog::views::count(id, outcome);
    return out;
}

} // namespace mvmanager::refresh
