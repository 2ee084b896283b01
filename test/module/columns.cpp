// Columns and rule of a view changed in place, without the promotion of a version around it.
#include "pg/columns.hpp"
#include "model/column_change.hpp"
#include "pg/relation_lock.hpp"
#include "pg/rule.hpp"
#include "pg/values.hpp"
#include "versioning/redefinition.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::test {
namespace {

std::vector<model::Rename> renames_of(const std::vector<std::string> &names) {
    std::vector<model::Rename> renames;
    for (std::size_t i = 0; i + 1 < names.size(); i += 2)
        renames.push_back({names[i], names[i + 1]});
    return renames;
}

model::ColumnChange compare(Oid view, const pg::AnalysedQuery &query, const std::vector<model::Rename> &renames) {
    auto const live = pg::live_definition(view);
    auto compared = model::compare_columns(live.columns, query.columns, renames);
    if (auto *refusal = std::get_if<model::RenameRefusal>(&compared))
        throw pg::Error(pg::sqlstate::invalid_argument, "{}", refusal->message).hint("{}", refusal->hint);
    return std::get<model::ColumnChange>(std::move(compared));
}

const char *name_of(model::ColumnChangeKind kind) {
    switch (kind) {
    case model::ColumnChangeKind::same:
        return "same";
    case model::ColumnChangeKind::appended:
        return "appended";
    case model::ColumnChangeKind::trimmed:
        return "trimmed";
    case model::ColumnChangeKind::reshaped:
        return "reshaped";
    }
    return "?";
}

versioning::Redefined redefine(const pg::Relation &view, const pg::AnalysedQuery &query,
                               const model::ColumnChange &change, versioning::Dependents dependents,
                               const std::vector<std::string> &replaceable) {
    std::vector<Oid> indexes;
    for (const std::string &name : replaceable)
        if (auto const index = pg::find_relation(pg::parse_name(name)))
            indexes.push_back(index->oid);
    pg::lock_relation(view.oid, pg::LockMode::access_exclusive, pg::Wait::yes);
    versioning::Redefinition redefinition(view, query, change.from, indexes);
    redefinition.require(dependents, change.incompatible);
    return redefinition.apply();
}

} // namespace

MV_FUNCTION(mvm_test_change_columns) {
    pg::Arguments const in(fcinfo);
    auto const view = in.require<Oid>(0, "view");
    auto const query = pg::analyse_definition(in.require<std::string>(1, "definition"));
    auto const change = compare(view, query, renames_of(in.require<std::vector<std::string>>(2, "renames")));
    pg::lock_relation(view, pg::LockMode::access_exclusive, pg::Wait::yes);
    pg::set_columns(view, pg::columns_of(query, change.from));
    pg::replace_rule(view, query);
    if (pg::describe_relation(view)->is_materialized_view())
        pg::add_toast_table(view);
    return pg::Value::text(name_of(change.kind)).datum;
}

MV_FUNCTION(mvm_test_redefine) {
    pg::Arguments const in(fcinfo);
    auto const view = *pg::describe_relation(in.require<Oid>(0, "view"));
    auto const query = pg::analyse_definition(in.require<std::string>(1, "definition"));
    auto const change = compare(view.oid, query, renames_of(in.require<std::vector<std::string>>(2, "renames")));
    auto const dependents = in.require<std::string>(3, "dependents") == "recreate" ? versioning::Dependents::recreate
                                                                                   : versioning::Dependents::keep;
    auto const done = redefine(view, query, change, dependents, in.require<std::vector<std::string>>(4, "replaceable"));
    pg::RowSink out(fcinfo);
    out.add({pg::Value::regclass(view.oid), pg::Value::boolean(!change.differences.empty()), pg::Value::boolean(true),
             pg::Value::boolean(true)});
    for (const versioning::Recreated &recreated : done.dependents)
        out.add({pg::Value::regclass(recreated.relation.oid), pg::Value::boolean(recreated.columns_changed),
                 pg::Value::boolean(recreated.needs_refill), pg::Value::boolean(recreated.before != recreated.after)});
    return static_cast<Datum>(0);
}

MV_FUNCTION(mvm_test_dropped_indexes) {
    pg::Arguments const in(fcinfo);
    auto const view = *pg::describe_relation(in.require<Oid>(0, "view"));
    auto const query = pg::analyse_definition(in.require<std::string>(1, "definition"));
    auto const done = redefine(view, query, compare(view.oid, query, {}), versioning::Dependents::recreate,
                               in.require<std::vector<std::string>>(2, "replaceable"));
    pg::RowSink out(fcinfo);
    for (const versioning::DroppedIndex &index : done.dropped_indexes) {
        out.add({pg::Value::text(index.name)});
        for (const std::string &detail : index.details)
            out.add({pg::Value::text(detail)});
    }
    return static_cast<Datum>(0);
}

MV_FUNCTION(mvm_test_why_not_reversible) {
    pg::Arguments const in(fcinfo);
    auto const view = *pg::describe_relation(in.require<Oid>(0, "view"));
    return pg::Value::text(versioning::why_not_reversible(view, in.require<std::int32_t>(1, "count")).value_or(""))
        .datum;
}

} // namespace mvmanager::test
