// mv_lint: what is dangerous in a migration.

#include "model/lint.hpp"
#include "catalog/views.hpp"
#include "pg/relation.hpp"
#include "pg/script.hpp"
#include "pg/unique_index.hpp"
#include "pg/values.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::api {
namespace {

using model::lint::Known;
using model::lint::Name;

// Asks for no right and raises nothing: a script may name anything.
Known look_up(const Name &name) {
    Known known;
    auto const relation = name.schema.empty() ? pg::find_relation(pg::WrittenName{std::nullopt, name.name})
                                              : pg::find_relation(pg::QualifiedName{name.schema, name.name});
    if (!relation || !relation->is_materialized_view())
        return known;
    known.materialized_view = true;
    known.managed = catalog::views::find(relation->name).has_value();
    known.has_unique_index = pg::has_identifying_index(relation->oid);
    return known;
}

std::vector<std::string> managed_in(const std::string &schema) {
    std::vector<std::string> names;
    for (const auto &view : catalog::views::all(std::vector<std::string>{schema}))
        names.push_back(view.name.quoted());
    return names;
}

} // namespace
} // namespace mvmanager::api

using namespace mvmanager;

MV_FUNCTION(mvm_lint) {
    pg::Arguments const arguments(fcinfo);
    auto const sql = arguments.require<std::string>(0, "sql");
    pg::RowSink out(fcinfo);
    auto const statements = pg::read_script(sql);
    for (const auto &finding : model::lint::check(statements, {api::look_up, api::managed_in})) {
        pg::check_for_interrupts();
        out.add({pg::Value::int4(static_cast<std::int32_t>(finding.line)), pg::Value::text(finding.rule),
                 pg::Value::text(model::lint::to_text(finding.severity)), pg::Value::text_or_null(finding.object),
                 pg::Value::text(finding.message), pg::Value::text(finding.hint)});
    }
    return static_cast<Datum>(0);
}
