#include "versioning/staging.hpp"

#include <algorithm>

#include "catalog/data_schema.hpp"
#include "format.hpp"
#include "model/name.hpp"
#include "pg/analyze.hpp"
#include "pg/ddl.hpp"
#include "pg/file_swap.hpp"
#include "pg/index_build.hpp"
#include "pg/progress.hpp"
#include "pg/substituted_query.hpp"
#include "pg/version_relation.hpp"
#include "pg/wait_point.hpp"
#include "versioning/alter.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::versioning {
namespace {

using catalog::versions::Version;
using model::ColumnChangeKind;

// Columns keep their numbers: an index is the same one on both relations.
bool keeps_numbers(const model::ColumnChange &change) {
    return change.kind == ColumnChangeKind::same || change.kind == ColumnChangeKind::appended;
}

// All renames recorded on the way from the live version to the target, the way back taken backwards.
std::vector<model::Rename> renames_on_the_way(const Subject &subject, const std::vector<model::Column> &before,
                                              const std::vector<model::Column> &after) {
    int const from = subject.view.live_version.value_or(subject.version.number);
    int const to = subject.version.number;
    std::vector<std::string> names;
    for (const model::Column &column : before)
        names.push_back(column.name);
    auto apply = [&](int number, bool backwards) {
        auto const state = catalog::version_states::get(subject.view.id, number);
        if (!state)
            return;
        for (std::string &name : names) {
            for (const model::Rename &rename : state->order.renames) {
                if (name != (backwards ? rename.to : rename.from))
                    continue;
                name = backwards ? rename.from : rename.to;
                break;
            }
        }
    };
    for (int number = from; number > to; --number)
        apply(number, true);
    for (int number = from + 1; number <= to; ++number)
        apply(number, false);
    std::vector<model::Rename> renames;
    auto has = [](const std::vector<model::Column> &columns, const std::string &name) {
        return std::ranges::find(columns, name, &model::Column::name) != columns.end();
    };
    for (std::size_t i = 0; i < names.size(); ++i)
        if (names[i] != before[i].name && has(after, names[i]) && !has(after, before[i].name))
            renames.push_back({before[i].name, names[i]});
    return renames;
}

// The text it was registered with knows the tablespace, which the server does not print.
std::optional<std::string> written_tablespace(const catalog::versions::Index &index) {
    if (!index.written)
        return std::nullopt;
    return pg::IndexText(*index.written).tablespace();
}

bool is_registered(const std::optional<Version> &version, const std::string &name) {
    return version &&
           std::ranges::find(version->indexes, name, &catalog::versions::Index::name) != version->indexes.end();
}

StagedVersion::Index make_index(Oid relation, const std::string &prefix, const WantedIndex &wanted) {
    auto const name = pg::free_index_name(relation, prefix);
    if (wanted.is_clone)
        return {pg::clone_index(wanted.live, relation, name), wanted.name};
    return {wanted.text.create_empty(relation, name, wanted.tablespace), wanted.name};
}

} // namespace

std::optional<Version> Subject::live_version() const {
    return view.live_version ? catalog::versions::get(view.id, *view.live_version) : std::nullopt;
}

pg::RunAs Subject::run_as() const {
    return pg::core_keeps_search_path && catalog::versions::was_adopted(view.id, version.number)
               ? pg::RunAs::view_owner_keeping_path
               : pg::RunAs::view_owner;
}

pg::AnalysedQuery analyse_as_owner(const pg::Relation &live, const std::string &text) {
    pg::SecurityScope const as_owner(live.owner, pg::RunAs::view_owner);
    return pg::analyse_definition(text);
}

model::ColumnChange column_change(const Subject &subject, const std::vector<model::Column> &columns) {
    auto const now = pg::live_definition(subject.live.oid).columns;
    auto result = model::compare_columns(now, columns, renames_on_the_way(subject, now, columns));
    if (auto *change = std::get_if<model::ColumnChange>(&result))
        return std::move(*change);
    const auto &refusal = std::get<model::RenameRefusal>(result);
    throw pg::Error(pg::sqlstate::invalid_argument, "{}", refusal.message).hint("{}", refusal.hint);
}

std::vector<WantedIndex> wanted_indexes(const Subject &subject, const model::ColumnChange &change) {
    auto const live = subject.live_version();
    std::vector<WantedIndex> wanted;
    for (const auto &index : pg::indexes_of(subject.live.oid)) {
        auto const registered = std::ranges::find(subject.version.indexes, index.name, &catalog::versions::Index::name);
        bool const belongs = registered != subject.version.indexes.end();
        // Given up with the version that is live.
        if (!belongs && is_registered(live, index.name))
            continue;
        pg::IndexText text(index.canonical);
        text.rename_columns(change.renames);
        auto const tablespace = pg::storage_of(index.oid).tablespace;
        if (belongs && !text.same_index_any_name(pg::IndexText(registered->canonical))) {
            wanted.push_back({.name = index.name,
                              .text = pg::IndexText(registered->canonical),
                              .tablespace = written_tablespace(*registered)});
            continue;
        }
        wanted.push_back({.name = index.name,
                          .text = std::move(text),
                          .tablespace = tablespace,
                          .live = index.oid,
                          .is_clone = keeps_numbers(change)});
    }
    for (const auto &index : subject.version.indexes)
        if (std::ranges::find(wanted, index.name, &WantedIndex::name) == wanted.end())
            wanted.push_back(
                {.name = index.name, .text = pg::IndexText(index.canonical), .tablespace = written_tablespace(index)});
    return wanted;
}

StagedVersion create_staged_version(const Subject &subject) {
    Oid const schema = catalog::require_data_schema();
    StagedVersion staged;
    staged.name = model::relation_name(subject.view.name.name, subject.version.number, subject.view.id);
    auto const frozen = analyse_as_owner(subject.live, subject.version.canonical);
    auto const change = column_change(subject, frozen.columns);
    auto const wanted = wanted_indexes(subject, change);
    pg::Storage storage = pg::storage_of(subject.live.oid);
    auto const before = subject.live_version();
    storage.reloptions = changed_options(
        std::move(storage.reloptions), option_change(before ? before->options.reloptions : std::vector<model::Option>(),
                                                     subject.version.options.reloptions));

    pg::SecurityScope const as_owner(subject.live.owner, pg::RunAs::view_owner);
    staged.oid = pg::create_version_relation({.live = subject.live.oid,
                                              .schema = schema,
                                              .name = staged.name,
                                              .query = frozen,
                                              .continues = change.from,
                                              .storage = storage});
    for (const WantedIndex &index : wanted)
        staged.indexes.push_back(make_index(staged.oid, staged.name, index));
    return staged;
}

void complete(const Subject &subject, const StagedVersion &staged) {
    pg::wait_point("build-before-index");
    pg::LiveNames names(subject.live.name, staged.name);
    for (const StagedVersion::Index &index : staged.indexes)
        names.add(pg::describe_relation(index.oid)->name.name, index.live_name);
    {
        pg::SecurityScope const as_owner(subject.live.owner, subject.run_as());
        pg::progress_phase(pg::Phase::building_indexes);
        int const total = static_cast<int>(staged.indexes.size());
        for (int done = 0; done < total; ++done) {
            pg::progress_indexes(done, total);
            pg::build_staged_index(staged.oid, staged.indexes[static_cast<std::size_t>(done)].oid, names);
        }
        pg::progress_phase(pg::Phase::analyzing);
        pg::analyze(staged.oid);
    }
    pg::mark_populated(staged.oid);
    pg::copy_grants(subject.live.oid, staged.oid);
}

void complete_indexes(const Subject &subject, Oid staged, const model::ColumnChange &change) {
    auto existing = pg::indexes_of(staged);
    auto const relation = pg::describe_relation(staged);
    pg::LiveNames names(subject.live.name, relation->name.name);
    pg::SecurityScope const as_owner(subject.live.owner, subject.run_as());
    for (const WantedIndex &wanted : wanted_indexes(subject, change)) {
        auto const it = std::ranges::find_if(existing, [&](const pg::IndexDescription &index) {
            return index.valid && wanted.text.same_index_any_name(pg::IndexText(index.canonical));
        });
        if (it != existing.end()) {
            existing.erase(it);
            continue;
        }
        auto const index = make_index(staged, relation->name.name, wanted);
        names.add(pg::describe_relation(index.oid)->name.name, index.live_name);
        pg::build_staged_index(staged, index.oid, names);
    }
}

void check_validation(const std::string &text) { pg::SubstitutedQuery const query(text); }

void validate(const Subject &subject, Oid staged, const std::string &text) {
    auto const relation = pg::describe_relation(staged);
    pg::SecurityScope const as_owner(subject.live.owner, pg::RunAs::view_owner);
    pg::SubstitutedQuery query(text);
    query.substitute(subject.live.name, relation->name);
    auto const answer = query.ask();
    if (answer == std::optional<bool>(true))
        return;
    throw pg::Error(pg::sqlstate::check_violation, "version {} of materialized view \"{}\" did not pass its validation",
                    subject.version.number, subject.live.name.quoted())
        .detail("The query given as validate returned {}.", answer ? "false" : "nothing, null or more than one row")
        .hint("The version that is live stays so. Correct the definition or the query, then call mv_apply again.");
}

} // namespace mvmanager::versioning
