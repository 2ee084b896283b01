#include "versioning/proposal.hpp"

#include <algorithm>

#include "catalog/version_states.hpp"
#include "format.hpp"
#include "pg/dependency.hpp"
#include "pg/security.hpp"
#include "pg/transaction.hpp"
#include "versioning/staging.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::versioning {
namespace {

using catalog::version_states::State;
using catalog::versions::Version;

bool same_columns(const std::vector<model::Column> &a, const std::vector<model::Column> &b) {
    return std::ranges::equal(a, b, [](const model::Column &x, const model::Column &y) {
        return x.name == y.name && x.type == y.type && x.collation == y.collation;
    });
}

bool same_definition(const pg::AnalysedQuery &a, const pg::AnalysedQuery &b) {
    return a.canonical == b.canonical && same_columns(a.columns, b.columns);
}

[[noreturn]] void throw_cycle(const pg::QualifiedName &view, const std::vector<std::string> &path) {
    throw pg::Error(pg::sqlstate::invalid_recursion, "materialized view \"{}\" would read itself", view.quoted())
        .detail("{} reads {}.", view.quoted(), join(path, ", which reads "))
        .hint("Take {} out of the definition.", path.front());
}

// A version of another view that is not live yet may read this one: once both are live they read each other.
void refuse_cycle_through_queue(const pg::Relation &relation, const std::vector<Oid> &read) {
    for (const State &state : catalog::version_states::open()) {
        auto const other = catalog::views::get(state.view_id);
        auto const of_other = other ? pg::find_relation(other->name) : std::nullopt;
        if (!of_other || of_other->oid == relation.oid)
            continue;
        auto path = pg::reading_path(read, of_other->oid);
        if (path.empty())
            continue;
        auto const version = catalog::versions::get(state.view_id, state.number);
        std::vector<std::string> rest;
        auto const error = pg::try_in_subtransaction([&] {
            rest = pg::reading_path(pg::relations_read(analyse_as_owner(*of_other, version->canonical).query),
                                    relation.oid);
        });
        if (error || rest.empty())
            continue;
        path.insert(path.end(), rest.begin(), rest.end());
        throw_cycle(relation.name, path);
    }
}

model::ColumnChange compare(const pg::AnalysedQuery &live, const pg::AnalysedQuery &query, const Wish &wish) {
    auto result = model::compare_columns(live.columns, query.columns, wish.renames);
    if (auto *change = std::get_if<model::ColumnChange>(&result))
        return std::move(*change);
    const auto &refusal = std::get<model::RenameRefusal>(result);
    throw pg::Error(pg::sqlstate::invalid_argument, "{}", refusal.message).hint("{}", refusal.hint);
}

} // namespace

bool Proposal::is_redefined() const { return !same_definition(query, live); }

void refuse_cycle(const pg::Relation &relation, const pg::AnalysedQuery &query) {
    auto const read = pg::relations_read(query.query);
    if (auto const path = pg::reading_path(read, relation.oid); !path.empty())
        throw_cycle(relation.name, path);
    refuse_cycle_through_queue(relation, read);
}

Proposal propose(const catalog::views::View &view, const pg::Relation &relation, const Wish &wish,
                 const pg::AnalysedQuery &query) {
    Proposal plan{
        .view = view, .relation = relation, .wish = wish, .query = query, .live = pg::live_definition(relation.oid)};
    bool const is_same = same_definition(query, plan.live);
    if (is_same && wish.renames.empty())
        plan.columns.from.resize(query.columns.size());
    for (std::size_t i = 0; i < plan.columns.from.size(); ++i)
        plan.columns.from[i] = static_cast<int>(i + 1);
    if (!is_same || !wish.renames.empty())
        plan.columns = compare(plan.live, query, wish);
    plan.alterations = plan_alterations(view, relation, {query, plan.columns}, wish);
    return plan;
}

catalog::versions::NewVersion new_version(const Proposal &plan) {
    auto const before = plan.view.live_version ? catalog::versions::get(plan.view.id, *plan.view.live_version)
                                               : std::optional<Version>();
    catalog::versions::NewVersion version{
        .definition = plan.wish.text,
        .canonical = plan.query.canonical,
        .columns = plan.query.columns,
        .indexes = plan.alterations.indexes.registered(),
        .options = before ? before->options : catalog::versions::Options(),
        .comment = before ? before->comment : std::nullopt,
        .parents = parents_of(plan.query),
        .owner_name = pg::role_name(plan.relation.owner),
        .author = pg::session_user_name(),
        .origin = plan.is_redefined() ? "replaced" : "altered",
    };
    version.options.reloptions =
        changed_options(std::move(version.options.reloptions), {plan.alterations.set, plan.alterations.reset});
    if (plan.alterations.comment)
        version.comment = plan.alterations.comment;
    if (version.comment && version.comment->empty())
        version.comment.reset();
    return version;
}

bool is_same_version(const Version &version, const catalog::versions::NewVersion &wish) {
    return version.server_major == PG_VERSION_NUM / 10000 &&
           version.data_hash == catalog::versions::data_hash(wish.canonical, wish.columns) &&
           version.metadata_hash == catalog::versions::metadata_hash(wish.indexes, wish.options, wish.comment);
}

} // namespace mvmanager::versioning
