#include "versioning/verify.hpp"

#include <algorithm>

#include "catalog/data_schema.hpp"
#include "catalog/guards.hpp"
#include "catalog/runs.hpp"
#include "catalog/versions.hpp"
#include "format.hpp"
#include "pg/ddl.hpp"
#include "pg/index_text.hpp"
#include "pg/lock.hpp"
#include "pg/query.hpp"
#include "pg/renames.hpp"
#include "pg/transaction.hpp"
#include "pg/values.hpp"

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

// Where nothing but names of columns differs: an ALTER that no event trigger told of.
std::vector<std::string> renamed_columns(const std::vector<model::Column> &before,
                                         const std::vector<model::Column> &now) {
    std::vector<std::string> renamed;
    if (before.size() != now.size())
        return renamed;
    for (std::size_t i = 0; i < now.size(); ++i) {
        if (before[i].type != now[i].type || before[i].collation != now[i].collation)
            return {};
        if (before[i].name != now[i].name)
            renamed.push_back(format("column \"{}\" renamed to \"{}\"", before[i].name, now[i].name));
    }
    return renamed;
}

// What was renamed below the view, where that alone explains the difference: a rule follows a rename, a text does not.
std::optional<std::vector<std::string>> renames_upstream(const Version &version, const pg::AnalysedQuery &live) {
    bool const same_columns = std::ranges::equal(version.columns, live.columns, [](const auto &a, const auto &b) {
        return a.name == b.name && a.collation == b.collation; // a type may be renamed too
    });
    if (!same_columns)
        return std::nullopt;
    std::optional<std::vector<std::string>> renames;
    pg::try_in_subtransaction([&] { renames = pg::renames_between(version.canonical, live.canonical); });
    return renames;
}

Finding check_definition(const std::string &name, const pg::Relation &relation, const Version &version) {
    if (version.server_major != PG_VERSION_NUM / 10000)
        return {name, "definition", true,
                format("version {} was registered on PostgreSQL {}, whose texts are not compared", version.number,
                       version.server_major)};
    auto const live = pg::live_definition(relation.oid);
    if (catalog::versions::data_hash(live.canonical, live.columns) == version.data_hash)
        return {name, "definition", true, format("version {} is live", version.number)};
    if (auto const renamed = renamed_columns(version.columns, live.columns); !renamed.empty())
        return {name, "definition", false,
                format("what is live differs from version {}: {}", version.number, join(renamed, ", "))};
    if (auto const renames = renames_upstream(version, live))
        return {
            name, "definition", false,
            format("renamed upstream: {}; else it is version {}. Call mv_release, then mv_adopt, to register it as it "
                   "is now.",
                   join(*renames, ", "), version.number)};
    return {name, "definition", false,
            format("what is live differs from version {}: it was replaced outside mvmanager", version.number)};
}

Finding check_restorable(const std::string &name, const Version &version) {
    if (auto const reason = why_not_restorable(version.canonical))
        return {name, "restorable", false, format("version {} could not be built again: {}", version.number, *reason)};
    return {name, "restorable", true, format("version {} could be built again", version.number)};
}

// The live version and those with rows one by one, the others, of which the definition is kept, together.
void check_all_restorable(const std::string &name, const std::vector<Version> &versions,
                          std::vector<Finding> &findings) {
    constexpr std::size_t told = 5;
    std::size_t others = 0;
    std::vector<std::string> reasons;
    std::vector<std::string> failing;
    for (const Version &version : versions) {
        pg::check_for_interrupts();
        if (version.state == "live" || version.state == "ready" || version.state == "archived") {
            findings.push_back(check_restorable(name, version));
            continue;
        }
        ++others;
        if (auto const reason = why_not_restorable(version.canonical)) {
            failing.push_back(std::to_string(version.number));
            if (reasons.size() < told)
                reasons.push_back(format("{}: {}", version.number, *reason));
        }
    }
    if (!failing.empty())
        findings.push_back({name, "restorable", false,
                            format("version{} {} could not be built again ({})", failing.size() == 1 ? "" : "s",
                                   join(failing, ", "), join(reasons, "; "))});
    else if (others > 0)
        findings.push_back({name, "restorable", true,
                            format("{} earlier version{} could be built again", others, others == 1 ? "" : "s")});
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
        else if (version.server_major == PG_VERSION_NUM / 10000 &&
                 !pg::IndexText(it->canonical).same_index(pg::IndexText(index.canonical)))
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
    for (const auto &trigger : catalog::guards::event_triggers())
        findings.push_back({std::nullopt, "guard", trigger.enabled,
                            trigger.enabled
                                ? format("event trigger {} is enabled", trigger.name)
                                : format("event trigger {} is missing or not enabled: what is done to views "
                                         "by hand is not noticed",
                                         trigger.name)});
    return findings;
}

std::vector<Finding> verify_orphans(const std::vector<catalog::data_relations::Orphan> &orphans) {
    std::vector<Finding> findings;
    for (const auto &orphan : orphans)
        if (auto const view = catalog::views::get(orphan.view_id); !view || view->ended)
            findings.push_back({std::nullopt, "orphan", false,
                                format("{}.{} belongs to no managed view; drop it when its rows are not wanted",
                                       catalog::data_schema_name, pg::quote_identifier(orphan.name))});
    return findings;
}

std::vector<Finding> verify(const catalog::views::View &view,
                            const std::vector<catalog::data_relations::Orphan> &orphans) {
    auto const name = view.name.quoted();
    auto const relation = pg::find_relation(view.name);
    auto const versions = catalog::versions::all(view.id);
    auto const live = std::ranges::find(versions, view.live_version.value_or(0), &Version::number);

    std::vector<Finding> findings{check_relation(name, relation)};
    if (live != versions.end()) {
        if (findings.front().ok)
            findings.push_back(check_definition(name, *relation, *live));
        check_all_restorable(name, versions, findings);
        if (findings.front().ok)
            findings.push_back(check_indexes(name, *relation, *live));
    }
    findings.push_back(check_chain(name, view, versions));
    for (auto const &missing : catalog::data_relations::missing(view.id))
        findings.push_back(
            {name, "missing", false,
             format("the rows of version {} ({}) should be in {}, which does not exist: it can only be built "
                    "again",
                    missing.number, missing.state, pg::QualifiedName{missing.schema, missing.name}.quoted())});
    for (auto const &orphan : orphans)
        if (orphan.view_id == view.id)
            findings.push_back({name, "orphan", false,
                                format("{}.{} belongs to no version; drop it when its rows are not wanted",
                                       catalog::data_schema_name, pg::quote_identifier(orphan.name))});
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
