#include "versioning/verify.hpp"

#include <algorithm>

#include "catalog/data_schema.hpp"
#include "catalog/guards.hpp"
#include "catalog/runs.hpp"
#include "catalog/versions.hpp"
#include "format.hpp"
#include "pg/ddl.hpp"
#include "pg/lock.hpp"
#include "pg/transaction.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::versioning {
namespace {

using catalog::versions::Version;

Finding check_relation(const std::string &name, const std::optional<pg::Relation> &relation) {
    if (!relation)
        return {name, "relation", false, "it was dropped or renamed outside mvmanager"};
    if (!relation->is_materialized_view())
        return {name, "relation", false, "something else has the name now"};
    return {name, "relation", true, relation->populated ? "populated" : "not populated"};
}

Finding check_definition(const std::string &name, const pg::Relation &relation, const Version &version) {
    if (version.server_major != PG_VERSION_NUM / 10000)
        return {name, "definition", true,
                format("version {} was registered on PostgreSQL {}, whose texts are not compared", version.number,
                       version.server_major)};
    auto const live = pg::live_definition(relation.oid);
    if (catalog::versions::data_hash(live.canonical, live.columns) == version.data_hash)
        return {name, "definition", true, format("version {} is live", version.number)};
    return {name, "definition", false,
            format("what is live differs from version {}: it was replaced outside mvmanager, or a table or column it "
                   "reads was renamed",
                   version.number)};
}

Finding check_restorable(const std::string &name, const Version &version) {
    if (auto const reason = why_not_restorable(version.canonical))
        return {name, "restorable", false, format("version {} could not be built again: {}", version.number, *reason)};
    return {name, "restorable", true, format("version {} could be built again", version.number)};
}

Finding check_indexes(const std::string &name, const pg::Relation &relation, const Version &version) {
    auto const existing = pg::indexes_of(relation.oid);
    std::vector<std::string> problems;
    for (const auto &index : version.indexes) {
        auto const it = std::ranges::find(existing, index.name, &pg::IndexDescription::name);
        if (it == existing.end())
            problems.push_back(format("index \"{}\" is missing", index.name));
        else if (!it->valid)
            problems.push_back(format("index \"{}\" is invalid", index.name));
        else if (version.server_major == PG_VERSION_NUM / 10000 && it->canonical != index.canonical)
            problems.push_back(format("index \"{}\" has another definition", index.name));
    }
    if (!problems.empty())
        return {name, "indexes", false, format("{}", join(problems, "; "))};
    auto const more = existing.size() - version.indexes.size();
    return {name, "indexes", true,
            more ? format("{} present and valid, {} more created by hand", version.indexes.size(), more)
                 : format("{} present and valid", version.indexes.size())};
}

Finding check_chain(const std::string &name, const catalog::views::View &view, const std::vector<Version> &versions) {
    if (versions.empty() || !view.live_version || *view.live_version > versions.back().number)
        return {name, "chain", false, "versions are missing"};
    if (auto const broken = catalog::versions::verify_chain(versions))
        return {name, "chain", false, format("version {}: {}", broken->number, broken->reason)};
    return {name, "chain", true,
            format("{} version{}, head {}", versions.size(), versions.size() == 1 ? "" : "s",
                   hexadecimal(versions.back().chain_hash))};
}

} // namespace

std::string hexadecimal(const std::string &bytes) {
    std::string out;
    for (unsigned char const byte : bytes)
        out += format("{:02x}", byte);
    return out;
}

std::optional<std::string> why_not_restorable(const std::string &canonical) {
    auto const error = pg::try_in_subtransaction([&] {
        pg::EmptySearchPath const path;
        pg::analyse_definition(canonical);
    });
    if (!error)
        return std::nullopt;
    return error->message();
}

std::vector<Finding> verify_guards() {
    std::vector<Finding> findings;
    for (const auto &guard : catalog::guards::all())
        findings.push_back(
            {std::nullopt, "guard", guard.always,
             guard.always ? format("trigger {} on {} is enabled always", guard.trigger, guard.table)
                          : format("trigger {} on {} is missing or not enabled always", guard.trigger, guard.table)});
    return findings;
}

std::vector<Finding> verify(const catalog::views::View &view) {
    auto const name = view.name.quoted();
    auto const relation = pg::find_relation(view.name);
    auto const versions = catalog::versions::all(view.id);
    auto const live = std::ranges::find(versions, view.live_version.value_or(0), &Version::number);

    std::vector<Finding> findings{check_relation(name, relation)};
    if (live != versions.end()) {
        if (findings.front().ok)
            findings.push_back(check_definition(name, *relation, *live));
        findings.push_back(check_restorable(name, *live));
        if (findings.front().ok)
            findings.push_back(check_indexes(name, *relation, *live));
    }
    findings.push_back(check_chain(name, view, versions));
    // What is being filled right now is nobody's fault.
    if (pg::is_free(pg::LockSpace::view, static_cast<std::uint64_t>(view.id))) {
        for (auto const &left : catalog::runs::staged(view.id))
            findings.push_back({name, "leftover", false,
                                format("run {} left {}.{} behind: the next refresh of the view drops it", left.run_id,
                                       catalog::data_schema_name, left.name)});
    }
    return findings;
}

} // namespace mvmanager::versioning
