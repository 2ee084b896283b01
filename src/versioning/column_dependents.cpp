#include "versioning/column_dependents.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

#include "pg/query.hpp"
#include "pg/row_type.hpp"
#include "pg/spi.hpp"
#include "pg/stored_command.hpp"

#include "pg/postgres.hpp"

extern "C" {
#include "catalog/pg_cast.h"
#include "catalog/pg_class.h"
#include "catalog/pg_opclass.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_rewrite.h"
#include "catalog/pg_type.h"
}

namespace mvmanager::versioning {
namespace {

// Without what belongs to the relation: its own query, indexes, TOAST table, row type, statistics, defaults and triggers.
constinit pg::Statement dependents_statement(
    "WITH own AS (SELECT c.oid, c.reltype, t.typarray FROM pg_catalog.pg_class c "
    "LEFT JOIN pg_catalog.pg_type t ON t.oid = c.reltype WHERE c.oid = $1), "
    "uses AS (SELECT d.classid, d.objid, CASE WHEN d.classid = 'pg_catalog.pg_class'::regclass THEN d.objsubid ELSE 0 "
    "END "
    "AS number, pg_catalog.bool_and(d.refclassid = 'pg_catalog.pg_type'::regclass) AS only_type "
    "FROM (SELECT * FROM pg_catalog.pg_depend c WHERE c.refclassid = 'pg_catalog.pg_class'::regclass AND c.refobjid = "
    "$1 "
    "UNION ALL SELECT t.* FROM own, pg_catalog.pg_depend t WHERE t.refclassid = 'pg_catalog.pg_type'::regclass "
    "AND t.refobjid = ANY (ARRAY[own.reltype, own.typarray])) d "
    "WHERE d.deptype IN ('n', 'a') GROUP BY 1, 2, 3), "
    "parts AS (SELECT 'pg_catalog.pg_class'::regclass AS classid, i.indexrelid AS objid FROM pg_catalog.pg_index i "
    "WHERE i.indrelid = $1 UNION ALL SELECT 'pg_catalog.pg_statistic_ext'::regclass, s.oid "
    "FROM pg_catalog.pg_statistic_ext s WHERE s.stxrelid = $1 "
    "UNION ALL SELECT 'pg_catalog.pg_attrdef'::regclass, f.oid FROM pg_catalog.pg_attrdef f WHERE f.adrelid = $1 "
    "UNION ALL SELECT 'pg_catalog.pg_trigger'::regclass, g.oid FROM pg_catalog.pg_trigger g WHERE g.tgrelid = $1 "
    "UNION ALL SELECT 'pg_catalog.pg_rewrite'::regclass, r.oid FROM pg_catalog.pg_rewrite r WHERE r.ev_class = $1 "
    "AND r.rulename = '_RETURN') "
    "SELECT u.classid, u.objid, u.number, u.only_type, "
    "CASE WHEN r.rulename = '_RETURN' THEN r.ev_class END, "
    "coalesce(CASE WHEN r.rulename <> '_RETURN' THEN r.ev_class END, o.polrelid), "
    "p.prosqlbody IS NOT NULL OR o.oid IS NOT NULL OR r.rulename <> '_RETURN', "
    "coalesce(c.relowner, p.proowner, y.typowner, 0), c.relkind "
    "FROM uses u LEFT JOIN pg_catalog.pg_rewrite r ON u.classid = 'pg_catalog.pg_rewrite'::regclass AND r.oid = "
    "u.objid "
    "LEFT JOIN pg_catalog.pg_policy o ON u.classid = 'pg_catalog.pg_policy'::regclass AND o.oid = u.objid "
    "LEFT JOIN pg_catalog.pg_proc p ON u.classid = 'pg_catalog.pg_proc'::regclass AND p.oid = u.objid "
    "LEFT JOIN pg_catalog.pg_type y ON u.classid = 'pg_catalog.pg_type'::regclass AND y.oid = u.objid "
    "LEFT JOIN pg_catalog.pg_class c ON c.oid = coalesce(r.ev_class, o.polrelid, "
    "CASE WHEN u.classid = 'pg_catalog.pg_class'::regclass THEN u.objid END) "
    "WHERE NOT EXISTS (SELECT FROM parts x WHERE x.classid = u.classid AND x.objid = u.objid) "
    "ORDER BY r.rulename IS NOT DISTINCT FROM '_RETURN' DESC, 1, 2, 3");

// What names the type alone; the rest of those without a text of their own (constraints, defaults, indexes) keep expressions.
bool keeps_no_expression(Oid class_id) {
    return class_id == ProcedureRelationId || class_id == TypeRelationId || class_id == CastRelationId ||
           class_id == OperatorRelationId || class_id == OperatorClassRelationId;
}

ColumnDependent read_dependent(const pg::Row &row, Oid relation) {
    ColumnDependent out;
    out.class_id = row.get<Oid>(0);
    out.oid = row.get<Oid>(1);
    out.view = row.get_optional<Oid>(4).value_or(InvalidOid);
    out.relation = row.get_optional<Oid>(5).value_or(InvalidOid);
    out.has_text = row.get_optional<bool>(6).value_or(false);
    out.on_row_type = row.get<bool>(3) && !out.has_text && keeps_no_expression(out.class_id);
    out.owner = row.get<Oid>(7);
    out.description = OidIsValid(out.view) ? pg::description_of(RelationRelationId, out.view)
                                           : pg::description_of(out.class_id, out.oid, row.get<std::int32_t>(2));
    out.uses = pg::column_uses(out.class_id, out.oid, relation);
    return out;
}

} // namespace

Reshape::Reshape(const std::vector<pg::NewColumn> &before, const std::vector<pg::NewColumn> &after) {
    for (std::size_t i = 0; i < before.size(); ++i) {
        names.push_back(before[i].name);
        int const number = static_cast<int>(i) + 1;
        auto const now = std::ranges::find(after, number, &pg::NewColumn::from);
        if (now == after.end()) {
            gone.insert(number);
            continue;
        }
        if (now - after.begin() != static_cast<std::ptrdiff_t>(i))
            moved.insert(number);
        if (std::tie(now->type, now->typmod, now->collation) !=
            std::tie(before[i].type, before[i].typmod, before[i].collation))
            retyped.insert(number);
    }
    has_gone_last = gone.empty() || *gone.begin() + static_cast<int>(gone.size()) > static_cast<int>(before.size());
}

std::vector<ColumnDependent> column_dependents(Oid relation) {
    std::vector<ColumnDependent> out;
    for (const pg::RowColumn &stored : pg::columns_storing_rows(relation)) {
        ColumnDependent column;
        column.class_id = RelationRelationId;
        column.oid = stored.relation;
        column.owner = stored.owner;
        column.stores_rows = column.uses.whole_row = true;
        column.description = pg::description_of(RelationRelationId, stored.relation, stored.column);
        out.push_back(std::move(column));
    }
    pg::EmptySearchPath path;
    pg::Spi spi;
    for (const pg::Row &row : spi.run(dependents_statement, {pg::Value::oid(relation)})) {
        // Columns of the row type: the stored ones are known, those of a view are what its query says.
        if (row.get<std::int32_t>(2) == 0)
            out.push_back(read_dependent(row, relation));
    }
    std::ranges::stable_partition(out, [](const ColumnDependent &d) { return OidIsValid(d.view); });
    return out;
}

Effect effect_on(const ColumnDependent &dependent, const Reshape &reshape) {
    auto const is_changed = [&](int column) {
        return reshape.is_changed(column);
    };
    bool const rows_change = dependent.uses.whole_row && reshape.changes_rows();
    if (std::ranges::any_of(dependent.uses.used, is_changed) ||
        (rows_change && (dependent.stores_rows || !reshape.only_trims())))
        return Effect::change;
    return rows_change || std::ranges::any_of(dependent.uses.listed, is_changed) ? Effect::restore : Effect::none;
}

} // namespace mvmanager::versioning
