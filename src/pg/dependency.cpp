#include "pg/dependency.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "pg/query.hpp"
#include "pg/spi.hpp"

#include "pg/postgres.hpp"

extern "C" {
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "utils/lsyscache.h"
}

namespace mvmanager::pg {
namespace {

constinit Statement
    read_statement("SELECT DISTINCT d.refobjid FROM pg_catalog.pg_rewrite r "
                   "JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_rewrite'::regclass AND d.objid = r.oid "
                   "AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid <> r.ev_class "
                   "WHERE r.ev_class = $1 AND r.rulename = '_RETURN' ORDER BY d.refobjid");

// The rule of a view stands for the view (any other rule for itself), a row type for its relation's users; what belongs to the object itself (deptype i or a)
// is not a dependent.
constinit Statement dependents_statement(
    "SELECT CASE WHEN r.oid IS NULL THEN d.classid ELSE 'pg_catalog.pg_class'::regclass::oid END, "
    "coalesce(r.ev_class, d.objid), CASE WHEN r.oid IS NULL THEN d.objsubid ELSE 0 END, d.refobjsubid, "
    "d.refclassid = 'pg_catalog.pg_type'::regclass, a.attname "
    "FROM pg_catalog.pg_depend d "
    "LEFT JOIN pg_catalog.pg_rewrite r ON d.classid = 'pg_catalog.pg_rewrite'::regclass AND r.oid = d.objid "
    "AND r.rulename = '_RETURN' "
    "LEFT JOIN pg_catalog.pg_attribute a ON d.refclassid = 'pg_catalog.pg_class'::regclass AND a.attrelid = d.refobjid "
    "AND a.attnum = d.refobjsubid AND d.refobjsubid > 0 "
    "WHERE d.deptype IN ('n', 'e', 'x') AND "
    "((d.refclassid = $1 AND d.refobjid = $2 AND ($3 = 0 OR d.refobjsubid = $3)) OR "
    "($1 = 'pg_catalog.pg_class'::regclass AND $3 = 0 AND d.refclassid = 'pg_catalog.pg_type'::regclass AND d.refobjid "
    "IN "
    "(SELECT t.oid FROM pg_catalog.pg_type t JOIN pg_catalog.pg_class c ON c.oid = $2 "
    "AND (t.oid = c.reltype OR t.oid = (SELECT w.typarray FROM pg_catalog.pg_type w WHERE w.oid = c.reltype)))) OR "
    "($1 = 'pg_catalog.pg_type'::regclass AND d.refclassid = 'pg_catalog.pg_type'::regclass AND d.refobjid = "
    "(SELECT t.typarray FROM pg_catalog.pg_type t WHERE t.oid = $2))) "
    "AND coalesce(r.ev_class, 0) <> $2 "
    "AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend o WHERE o.classid = d.classid AND o.objid = d.objid "
    "AND o.refclassid = $1 AND o.refobjid = $2 AND o.deptype IN ('i', 'a'))");
constinit Statement identify_statement("SELECT o.type, o.identity FROM pg_catalog.pg_identify_object($1, $2, $3) o");

char kind_of(Oid relation) {
    return call([&] { return get_rel_relkind(relation); });
}

using Address = std::tuple<Oid, Oid, std::int32_t>;

} // namespace

std::vector<Oid> relations_read_by(Oid view) {
    EmptySearchPath path;
    Spi spi;
    std::vector<Oid> out;
    for (const Row &row : spi.run(read_statement, {Value::oid(view)}))
        out.push_back(row.get<Oid>(0));
    return out;
}

std::vector<Oid> stored_relations(const std::vector<Oid> &relations) {
    std::set<Oid> seen(relations.begin(), relations.end()), stored;
    std::vector<Oid> open(relations);
    while (!open.empty()) {
        check_for_interrupts();
        Oid const oid = open.back();
        open.pop_back();
        if (kind_of(oid) != RELKIND_VIEW) {
            stored.insert(oid);
            continue;
        }
        for (Oid const next : relations_read_by(oid))
            if (seen.insert(next).second)
                open.push_back(next);
    }
    return {stored.begin(), stored.end()};
}

std::vector<std::string> reading_path(const std::vector<Oid> &from, Oid to) {
    std::map<Oid, Oid> reader; // of each relation, one that reads it; InvalidOid for those we start from
    std::vector<Oid> open;
    for (Oid const oid : from)
        if (reader.emplace(oid, InvalidOid).second)
            open.push_back(oid);
    for (std::size_t i = 0; i < open.size() && !reader.contains(to); ++i) {
        check_for_interrupts();
        char const kind = kind_of(open[i]);
        if (kind != RELKIND_VIEW && kind != RELKIND_MATVIEW)
            continue;
        for (Oid const next : relations_read_by(open[i]))
            if (reader.emplace(next, open[i]).second)
                open.push_back(next);
    }
    std::vector<std::string> names;
    if (reader.contains(to))
        for (Oid oid = to; OidIsValid(oid); oid = reader[oid])
            if (auto relation = describe_relation(oid))
                names.push_back(relation->name.quoted());
    std::ranges::reverse(names);
    return names;
}

std::vector<Dependent> dependents(Oid relation) {
    struct Found {
        int depth;
        bool on_row_type;
        std::set<std::string> columns;
        bool on_whole;
    };
    EmptySearchPath path;
    Spi spi;
    std::map<Address, Found> found;
    std::vector<Address> open{{RelationRelationId, relation, 0}};
    const Address root = open.front();
    for (std::size_t i = 0; i < open.size(); ++i) {
        check_for_interrupts();
        const auto [class_id, object, column] = open[i];
        int const depth = i == 0 ? 1 : found.at(open[i]).depth + 1;
        for (const Row &row :
             spi.run(dependents_statement, {Value::oid(class_id), Value::oid(object), Value::int4(column)})) {
            Address const address{row.get<Oid>(0), row.get<Oid>(1), row.get<std::int32_t>(2)};
            if (address == root || address == open[i])
                continue;
            auto const [entry, is_new] = found.try_emplace(address, Found{depth, false, {}, false});
            if (is_new)
                open.push_back(address);
            if (entry->second.depth != depth)
                continue;
            if (auto name = row.get_optional<std::string>(5))
                entry->second.columns.insert(*name);
            else if (row.get<bool>(4))
                entry->second.on_row_type = true;
            else
                entry->second.on_whole = true;
        }
    }
    std::vector<Dependent> out;
    for (const auto &[address, f] : found) {
        const auto [class_id, object, column] = address;
        const Rows rows = spi.run(identify_statement, {Value::oid(class_id), Value::oid(object), Value::int4(column)});
        if (rows.empty() || rows[0].is_null(0))
            continue;
        Dependent d;
        d.depth = f.depth;
        d.kind = rows[0].get<std::string>(0);
        d.object = rows[0].get_optional<std::string>(1).value_or("");
        d.on_row_type = f.on_row_type;
        if (class_id == RelationRelationId && column == 0)
            d.relation = object;
        d.columns.assign(f.columns.begin(), f.columns.end());
        out.push_back(std::move(d));
    }
    std::ranges::sort(out, [](const Dependent &a, const Dependent &b) {
        return std::tie(a.depth, a.kind, a.object) < std::tie(b.depth, b.kind, b.object);
    });
    return out;
}

} // namespace mvmanager::pg
