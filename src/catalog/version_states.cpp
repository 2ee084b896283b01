#include "catalog/version_states.hpp"

#include <utility>

#include "catalog/scope.hpp"
#include "pg/error.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::catalog::version_states {
namespace {

using pg::Value;

#define STATE_COLUMNS                                                                                                  \
    "s.view_id, s.number, s.state, s.relation_schema, s.relation_name, s.built_at, s.fresh_at, s.rows, s.bytes, "      \
    "s.error, s.promote = 'manual', s.dependents = 'recreate', s.validate, s.family, "                                 \
    "(SELECT array_agg(r.key ORDER BY r.key) FROM jsonb_each_text(s.rename_columns) r), "                              \
    "(SELECT array_agg(r.value ORDER BY r.key) FROM jsonb_each_text(s.rename_columns) r) "                             \
    "FROM mvmanager.version_state s "

constinit pg::Statement get_statement("SELECT " STATE_COLUMNS "WHERE s.view_id = $1 AND s.number = $2");
constinit pg::Statement all_statement("SELECT " STATE_COLUMNS "WHERE s.view_id = $1 ORDER BY s.number");
constinit pg::Statement open_statement("SELECT " STATE_COLUMNS
                                       "JOIN mvmanager.view v ON v.id = s.view_id AND v.ended_at IS NULL "
                                       "WHERE s.state IN ('queued', 'building', 'ready') "
                                       "ORDER BY s.view_id, s.number");
constinit pg::Statement pending_statement("SELECT " STATE_COLUMNS
                                          "WHERE s.view_id = $1 AND s.state IN ('queued', 'building', 'ready') "
                                          "ORDER BY s.number DESC LIMIT 1");
constinit pg::Statement family_statement("SELECT " STATE_COLUMNS "WHERE s.family = $1 ORDER BY s.view_id");
// A member that was superseded is no longer one: a later version of its view tells.
constinit pg::Statement broken_statement(
    "SELECT s.view_id, s.number, m.number, v.schema_name, v.view_name FROM mvmanager.version_state s "
    "CROSS JOIN LATERAL (SELECT f.view_id, f.number FROM mvmanager.version_state f WHERE f.family = s.family "
    "    AND f.state IN ('failed', 'cancelled') AND NOT EXISTS (SELECT 1 FROM mvmanager.version_state n "
    "        WHERE n.view_id = f.view_id AND n.number > f.number) ORDER BY f.view_id LIMIT 1) m "
    "JOIN mvmanager.view v ON v.id = m.view_id "
    "WHERE s.state IN ('queued', 'building', 'ready') ORDER BY s.view_id, s.number");
constinit pg::Statement
    order_statement("UPDATE mvmanager.version_state SET promote = $3, dependents = $4, validate = $5, family = $6, "
                    "rename_columns = coalesce((SELECT jsonb_object_agg(r.k, r.v) FROM unnest($7, $8) r (k, v)), '{}') "
                    "WHERE view_id = $1 AND number = $2");
constinit pg::Statement lock_statement("SELECT s.state FROM mvmanager.version_state s "
                                       "WHERE s.view_id = $1 AND s.number = $2 FOR UPDATE");
constinit pg::Statement
    state_statement("UPDATE mvmanager.version_state SET state = $3 WHERE view_id = $1 AND number = $2");
constinit pg::Statement relation_statement("UPDATE mvmanager.version_state SET relation_schema = $3, "
                                           "relation_name = $4 WHERE view_id = $1 AND number = $2");
constinit pg::Statement built_statement("UPDATE mvmanager.version_state SET built_at = $3, fresh_at = $4, rows = $5, "
                                        "bytes = $6, error = NULL WHERE view_id = $1 AND number = $2");
constinit pg::Statement
    archived_statement("UPDATE mvmanager.version_state SET relation_schema = $3, relation_name = $4, fresh_at = $5, "
                       "bytes = $6 WHERE view_id = $1 AND number = $2");
constinit pg::Statement
    error_statement("UPDATE mvmanager.version_state SET error = $3 WHERE view_id = $1 AND number = $2");
constinit pg::Statement abandoned_statement("SELECT s.view_id, s.number, s.relation_schema, s.relation_name "
                                            "FROM mvmanager.version_state s JOIN mvmanager.view v ON v.id = s.view_id "
                                            "WHERE s.relation_name IS NOT NULL AND ($1 IS NULL OR s.view_id = $1) "
                                            "AND (s.state NOT IN ('building', 'ready', 'archived') "
                                            "     OR s.state <> 'archived' AND v.ended_at IS NOT NULL) "
                                            "ORDER BY s.view_id, s.number");

State from_row(const pg::Row &row) {
    State state{.view_id = row.get<std::int64_t>(0), .number = row.get<std::int32_t>(1)};
    auto const text = row.get<std::string>(2);
    auto const word = model::version_state_from_text(text);
    if (!word)
        throw pg::Error(pg::sqlstate::internal_error, "unexpected state \"{}\" in mvmanager.version_state", text);
    state.state = *word;
    if (auto name = row.get_optional<std::string>(4))
        state.relation = pg::QualifiedName{row.get_optional<std::string>(3).value_or(""), *name};
    state.built_at = row.get_optional<std::int64_t>(5);
    state.fresh_at = row.get_optional<std::int64_t>(6);
    state.rows = row.get_optional<std::int64_t>(7);
    state.bytes = row.get_optional<std::int64_t>(8);
    state.error = row.get_optional<std::string>(9);
    state.order.is_manual = row.get<bool>(10);
    state.order.recreates_dependents = row.get<bool>(11);
    state.order.validate = row.get_optional<std::string>(12);
    state.order.family = row.get_optional<std::int64_t>(13);
    auto const from = row.get_optional<std::vector<std::string>>(14);
    auto const to = row.get_optional<std::vector<std::string>>(15);
    for (std::size_t i = 0; from && to && i < from->size(); ++i)
        state.order.renames.push_back({(*from)[i], (*to)[i]});
    return state;
}

std::vector<State> states_of(const pg::Rows &rows) {
    std::vector<State> states;
    for (const pg::Row &row : rows)
        states.push_back(from_row(row));
    return states;
}

std::optional<State> first_of(const pg::Rows &rows) {
    if (rows.empty())
        return std::nullopt;
    return from_row(rows[0]);
}

// The state the version had, where the new one may not follow it.
std::optional<std::string> change_state(std::int64_t view_id, int number, model::VersionState state) {
    Scope scope;
    const pg::Rows rows = scope.spi().run(lock_statement, {Value::int8(view_id), Value::int4(number)});
    std::string before = rows.empty() ? "nothing" : rows[0].get<std::string>(0);
    auto const from = model::version_state_from_text(before);
    if (!from || !model::may_follow(*from, state))
        return before;
    scope.spi().run(state_statement, {Value::int8(view_id), Value::int4(number), Value::text(model::to_text(state))});
    return std::nullopt;
}

} // namespace

std::optional<State> get(std::int64_t view_id, int number) {
    Scope scope;
    return first_of(scope.spi().run(get_statement, {Value::int8(view_id), Value::int4(number)}));
}

std::optional<model::VersionState> lock(std::int64_t view_id, int number) {
    Scope scope;
    const pg::Rows rows = scope.spi().run(lock_statement, {Value::int8(view_id), Value::int4(number)});
    return rows.empty() ? std::nullopt : model::version_state_from_text(rows[0].get<std::string>(0));
}

std::vector<State> all(std::int64_t view_id) {
    Scope scope;
    return states_of(scope.spi().run(all_statement, {Value::int8(view_id)}));
}

std::vector<State> open() {
    Scope scope;
    return states_of(scope.spi().run(open_statement));
}

std::optional<State> pending(std::int64_t view_id) {
    Scope scope;
    return first_of(scope.spi().run(pending_statement, {Value::int8(view_id)}));
}

std::vector<State> family(std::int64_t family) {
    Scope scope;
    return states_of(scope.spi().run(family_statement, {Value::int8(family)}));
}

std::vector<Broken> broken_families() {
    Scope scope;
    std::vector<Broken> found;
    for (const pg::Row &row : scope.spi().run(broken_statement))
        found.push_back({row.get<std::int64_t>(0),
                         row.get<std::int32_t>(1),
                         row.get<std::int32_t>(2),
                         {row.get<std::string>(3), row.get<std::string>(4)}});
    return found;
}

void set_order(std::int64_t view_id, int number, const Order &order) {
    std::vector<std::string> from, to;
    for (const model::Rename &rename : order.renames) {
        from.push_back(rename.from);
        to.push_back(rename.to);
    }
    Scope scope;
    scope.spi().run(order_statement,
                    {Value::int8(view_id), Value::int4(number), Value::text(order.is_manual ? "manual" : "auto"),
                     Value::text(order.recreates_dependents ? "recreate" : "keep"), Value::text(order.validate),
                     Value::int8(order.family), Value::text_array(from), Value::text_array(to)});
}

void set_state(std::int64_t view_id, int number, model::VersionState state) {
    if (auto const before = change_state(view_id, number, state))
        throw pg::Error(pg::sqlstate::internal_error, "version {} cannot go from state {} to {}", number, *before,
                        model::to_text(state));
}

bool try_set_state(std::int64_t view_id, int number, model::VersionState state) {
    return !change_state(view_id, number, state);
}

void set_relation(std::int64_t view_id, int number, const std::optional<pg::QualifiedName> &relation) {
    std::optional<std::string> schema, name;
    if (relation) {
        schema = relation->schema;
        name = relation->name;
    }
    Scope scope;
    scope.spi().run(relation_statement,
                    {Value::int8(view_id), Value::int4(number), Value::text(schema), Value::text(name)});
}

void note_built(std::int64_t view_id, int number, const Built &built) {
    Scope scope;
    scope.spi().run(built_statement,
                    {Value::int8(view_id), Value::int4(number), Value::timestamptz(built.built_at),
                     Value::timestamptz(built.fresh_at), Value::int8(built.rows), Value::int8(built.bytes)});
}

void archive(std::int64_t view_id, int number, const pg::QualifiedName &relation, std::optional<std::int64_t> fresh_at,
             std::optional<std::int64_t> bytes) {
    set_state(view_id, number, model::VersionState::archived);
    Scope scope;
    scope.spi().run(archived_statement, {Value::int8(view_id), Value::int4(number), Value::text(relation.schema),
                                         Value::text(relation.name), Value::timestamptz(fresh_at), Value::int8(bytes)});
}

void note_error(std::int64_t view_id, int number, const std::optional<std::string> &error) {
    Scope scope;
    scope.spi().run(error_statement, {Value::int8(view_id), Value::int4(number), Value::text(error)});
}

std::vector<Abandoned> abandoned(std::optional<std::int64_t> view_id) {
    Scope scope;
    std::vector<Abandoned> found;
    for (const pg::Row &row : scope.spi().run(abandoned_statement, {Value::int8(view_id)}))
        found.push_back({row.get<std::int64_t>(0),
                         row.get<std::int32_t>(1),
                         {row.get_optional<std::string>(2).value_or(""), row.get<std::string>(3)}});
    return found;
}

} // namespace mvmanager::catalog::version_states
