// mv_create, mv_apply, mv_replace and mv_apply_all.

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "api/change_row.hpp"
#include "api/execution.hpp"
#include "api/managed_view.hpp"
#include "api/view_options.hpp"
#include "api/word.hpp"
#include "catalog/runs.hpp"
#include "catalog/version_states.hpp"
#include "format.hpp"
#include "model/graph.hpp"
#include "pg/dependency.hpp"
#include "pg/json.hpp"
#include "pg/lock.hpp"
#include "pg/query.hpp"
#include "pg/search_path.hpp"
#include "pg/security.hpp"
#include "pg/staged_relation.hpp"
#include "pg/transaction.hpp"
#include "refresh/refresh.hpp"
#include "versioning/create.hpp"
#include "versioning/replace.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::api {
namespace {

enum class Build { automatic, now, background };

Build read_build(const std::string &word) {
    check_word("build", word, {"auto", "now", "background"});
    return word == "background" ? Build::background : word == "now" ? Build::now : Build::automatic;
}

// Whether the worker is to build a changed definition; asked when there is something to build.
std::function<bool(versioning::Wish::Task)> background(Build wish) {
    return [wish](versioning::Wish::Task task) {
        if (wish == Build::now)
            return false;
        if (wish == Build::automatic && !is_executing()) {
            if (task == versioning::Wish::Task::build)
                pg::notice(
                    "building in this transaction: no worker runs in this database",
                    "Pass build => 'now' to choose this, or call mv_resume() to let the worker do it after commit.");
            return false;
        }
        require_execution();
        return true;
    };
}

std::vector<model::Rename> read_renames(Datum jsonb) {
    std::vector<model::Rename> renames;
    for (const pg::JsonField &field : pg::json_fields(jsonb, "argument \"rename_columns\"")) {
        if (field.kind != pg::JsonKind::string)
            throw pg::Error(pg::sqlstate::invalid_argument, "new name of column \"{}\" must be a string", field.name)
                .hint("Pass for example '{{\"old_name\": \"new_name\"}}'.");
        renames.push_back({field.name, field.text});
    }
    return renames;
}

// Who fills a new view. The worker is told before the catalog changes.
Build decide(Build wish, bool with_data) {
    if (!with_data || wish == Build::now || (wish == Build::automatic && !is_executing()))
        return wish;
    require_execution();
    return Build::background;
}

// The rows of a view that was just created.
void fill(versioning::Change &change, Build build, bool with_data) {
    auto const literal = pg::quote_literal(change.name.quoted());
    if (!with_data) {
        change.message = format("created without rows; call mv_refresh({}) to fill it", literal);
        return;
    }
    if (build == Build::background) {
        auto const run =
            catalog::runs::add_queued({.view_id = change.view_id,
                                       .version = change.version,
                                       .reason = catalog::runs::Reason::async,
                                       .requested_by = pg::role_name(pg::call([] { return GetSessionUserId(); }))});
        change.message = format("created without rows; run {} fills it after commit", run);
        return;
    }
    if (build == Build::automatic)
        pg::notice("filling the view in this transaction: no worker runs in this database",
                   "Pass build => 'now' to choose this, or call mv_resume() to let the worker do it after commit.");
    auto const result = refresh::run({.view_id = change.view_id, .relation = change.relation});
    catalog::version_states::note_built(
        change.view_id, *change.version,
        {.built_at = result.work.started_at, .rows = result.work.rows_total, .bytes = std::nullopt});
    change.message = result.work.rows_total ? format("created with {} row{}", *result.work.rows_total,
                                                     *result.work.rows_total == 1 ? "" : "s")
                                            : std::string("created and filled");
}

versioning::Definition definition_of(const versioning::Wish &wish) {
    return {.text = wish.text,
            .indexes = wish.indexes.value_or(std::vector<std::string>()),
            .label = wish.label,
            .comment = wish.comment,
            .storage = {wish.options.set, wish.options.tablespace, wish.options.access_method}};
}

versioning::Change create(const pg::WrittenName &name, const versioning::Wish &wish, Build build, bool with_data) {
    Build const decided = decide(build, with_data);
    auto change = versioning::create(name, definition_of(wish));
    fill(change, decided, with_data);
    return change;
}

// The arguments that mv_apply and mv_replace have in common, in their order.
struct Call {
    std::string name;
    versioning::Wish wish;
    Build build = Build::automatic;
    bool with_data = true;
};

Call read_call(const pg::Arguments &arguments, FunctionCallInfo fcinfo) {
    Call call{.name = arguments.require<std::string>(0, "name"),
              .wish = {.text = arguments.require<std::string>(1, "definition"),
                       .indexes = arguments.get<std::vector<std::string>>(2),
                       .label = arguments.get<std::string>(3),
                       .comment = arguments.get<std::string>(9),
                       .drop_indexes = arguments.get_or<bool>(11, false),
                       .validate = arguments.get<std::string>(8)},
              .build = read_build(arguments.get_or<std::string>(4, "auto"))};
    auto const promote = arguments.get_or<std::string>(5, "auto");
    auto const dependents = arguments.get_or<std::string>(6, "keep");
    check_word("promote", promote, {"auto", "manual"});
    check_word("dependents", dependents, {"keep", "recreate"});
    call.wish.is_manual = promote == "manual";
    call.wish.recreates_dependents = dependents == "recreate";
    if (!arguments.is_null(7))
        call.wish.renames = read_renames(fcinfo->args[7].value);
    if (!arguments.is_null(10))
        call.wish.options = read_options(fcinfo->args[10].value);
    call.wish.is_background = background(call.build);
    return call;
}

versioning::Change apply(const Call &call) {
    auto const written = pg::parse_name(call.name);
    if (!pg::find_relation(written))
        versioning::lock_name(pg::creation_name(written)); // somebody may be creating it: look again when they have
    if (!pg::find_relation(written))
        return create(written, call.wish, call.build, call.with_data);
    auto const managed = require_managed_view(call.name, pg::Right::own);
    return versioning::replace(managed.view, managed.relation, call.wish);
}

// ---- many at once -----------------------------------------------------------------------------------------------------

constexpr const char *example_spec =
    "Pass for example '[{{\"name\": \"daily_usage\", \"definition\": \"SELECT ...\"}}]'.";

std::string text_of(const pg::JsonField &field, const std::string &of) {
    if (field.kind != pg::JsonKind::string)
        throw pg::Error(pg::sqlstate::invalid_argument, "\"{}\" of {} must be a string", field.name, of)
            .hint(example_spec);
    return field.text;
}

bool flag_of(const pg::JsonField &field, const std::string &of) {
    if (field.kind != pg::JsonKind::boolean)
        throw pg::Error(pg::sqlstate::invalid_argument, "\"{}\" of {} must be true or false", field.name, of)
            .hint(example_spec);
    return field.text == "true";
}

Datum object_of(const pg::JsonField &field, const std::string &of) {
    if (field.kind != pg::JsonKind::object)
        throw pg::Error(pg::sqlstate::invalid_argument, "\"{}\" of {} must be a JSON object", field.name, of)
            .hint(example_spec);
    return field.value;
}

void set_promote(Call &call, const std::string &word) {
    check_word("promote", word, {"auto", "manual"});
    call.wish.is_manual = word == "manual";
}

void set_dependents(Call &call, const std::string &word) {
    check_word("dependents", word, {"keep", "recreate"});
    call.wish.recreates_dependents = word == "recreate";
}

// One object: the arguments of mv_apply by their names. null is as good as not there.
Call read_spec(const pg::JsonField &spec, std::size_t position) {
    if (spec.kind != pg::JsonKind::object)
        throw pg::Error(pg::sqlstate::invalid_argument, "element {} of argument \"specs\" is not an object", position)
            .hint(example_spec);
    auto const fields = pg::json_fields(spec.value, "an element of argument \"specs\"");
    Call call;
    bool has_definition = false;
    std::string of = format("element {}", position);
    for (const pg::JsonField &field : fields)
        if (field.name == "name")
            of = call.name = text_of(field, of);
    for (const pg::JsonField &field : fields) {
        if (field.name == "name" || field.kind == pg::JsonKind::null)
            continue;
        if (field.name == "definition") {
            call.wish.text = text_of(field, of);
            has_definition = true;
        } else if (field.name == "indexes") {
            call.wish.indexes = pg::json_texts(field, format("\"indexes\" of {}", of));
        } else if (field.name == "label") {
            call.wish.label = text_of(field, of);
        } else if (field.name == "build") {
            call.build = read_build(text_of(field, of));
        } else if (field.name == "promote") {
            set_promote(call, text_of(field, of));
        } else if (field.name == "dependents") {
            set_dependents(call, text_of(field, of));
        } else if (field.name == "rename_columns") {
            call.wish.renames = read_renames(object_of(field, of));
        } else if (field.name == "validate") {
            call.wish.validate = text_of(field, of);
        } else if (field.name == "comment") {
            call.wish.comment = text_of(field, of);
        } else if (field.name == "options") {
            call.wish.options = read_options(object_of(field, of));
        } else if (field.name == "drop_indexes") {
            call.wish.drop_indexes = flag_of(field, of);
        } else if (field.name == "with_data") {
            call.with_data = flag_of(field, of);
        } else {
            throw pg::Error(pg::sqlstate::invalid_argument, "unrecognized argument \"{}\" of {}", field.name, of)
                .hint("The arguments are those of mv_apply.");
        }
    }
    if (call.name.empty() || !has_definition)
        throw pg::Error(pg::sqlstate::invalid_argument, "{} has no {}", of, call.name.empty() ? "name" : "definition")
            .hint(example_spec);
    call.wish.is_background = background(call.build);
    return call;
}

// What a plain view leads to. Nothing where the name is of something else, or not there yet.
std::vector<pg::QualifiedName> read_through_view(const pg::WrittenName &name) {
    auto const relation = pg::find_relation(name);
    if (!relation || relation->kind != 'v')
        return {};
    std::vector<pg::QualifiedName> names;
    for (Oid const stored : pg::stored_relations({relation->oid}))
        if (auto const found = pg::describe_relation(stored))
            names.push_back(found->name);
    return names;
}

// Those that are read first.
std::vector<std::int64_t> in_reading_order(const std::vector<Call> &calls) {
    std::vector<pg::QualifiedName> names;
    std::vector<model::Node> nodes;
    std::vector<model::Edge> edges;
    for (const Call &call : calls) {
        auto const written = pg::parse_name(call.name);
        auto const relation = pg::find_relation(written);
        names.push_back(relation ? relation->name : pg::creation_name(written));
        if (std::ranges::find(names.begin(), names.end() - 1, names.back()) != names.end() - 1)
            throw pg::Error(pg::sqlstate::duplicate_object, "materialized view \"{}\" is given twice",
                            names.back().quoted())
                .hint("Give one definition for each view.");
        nodes.push_back({static_cast<std::int64_t>(nodes.size()), names.back().quoted()});
    }
    auto const path = pg::schemas_in_search_path();
    for (std::size_t reader = 0; reader < calls.size(); ++reader) {
        auto const add = [&](std::size_t read) {
            edges.push_back({static_cast<std::int64_t>(reader), static_cast<std::int64_t>(read)});
        };
        for (const pg::WrittenName &read : pg::names_read(calls[reader].wish.text)) {
            for (std::size_t i = 0; i < names.size(); ++i) {
                bool const is_it = read.name == names[i].name &&
                                   (read.schema ? *read.schema == names[i].schema
                                                : std::ranges::find(path, names[i].schema) != path.end());
                if (is_it)
                    add(i);
            }
            for (const pg::QualifiedName &stored : read_through_view(read))
                if (auto const it = std::ranges::find(names, stored); it != names.end())
                    add(static_cast<std::size_t>(it - names.begin()));
        }
    }
    auto order = model::topological_order(nodes, edges);
    if (auto const *cycle = std::get_if<model::Cycle>(&order))
        throw pg::Error(pg::sqlstate::invalid_recursion, "materialized views would read each other in a circle")
            .detail("{} reads {}.", join(cycle->names, " reads "), cycle->names.front());
    return std::get<std::vector<std::int64_t>>(std::move(order));
}

// What a definition reads may be queued by this very call, its new columns not there yet.
[[noreturn]] void explain(pg::Error error, const std::vector<std::string> &queued) {
    if (!queued.empty() && error.fields().hint.empty() && error.sqlstate() == pg::make_sqlstate("42703"))
        error.fields().hint = format("If it comes with the new definition of {}, which is queued: pass "
                                     "\"build\": \"now\" for both, so that it is there in time.",
                                     join(queued, ", "));
    throw std::move(error);
}

// All that is built in this transaction stays locked to its end. Said before anything is done rather than in the middle.
void require_room_for_locks(const std::vector<Call> &calls) {
    constexpr std::int64_t locks_of_a_build = 12; // the view, its version and archive, with TOAST tables and an index
    bool const has_worker = is_executing();
    auto const here = std::ranges::count_if(calls, [&](const Call &call) {
        return call.build == Build::now || (call.build == Build::automatic && !has_worker);
    });
    std::int64_t const room = pg::lock_table_size();
    if (here * locks_of_a_build <= room)
        return;
    throw pg::Error(pg::sqlstate::configuration_limit_exceeded,
                    "too many views to build in one transaction: {} need about {} locks", here, here * locks_of_a_build)
        .detail("The server has room for about {}.", room)
        .hint("Pass \"build\": \"background\", give fewer at a time, or raise max_locks_per_transaction.");
}

std::vector<versioning::Change> apply_all(std::vector<Call> calls, bool together) {
    require_room_for_locks(calls);
    std::vector<versioning::Change> changes;
    std::vector<std::string> queued;
    for (std::int64_t const i : in_reading_order(calls)) {
        pg::check_for_interrupts();
        Call &call = calls[static_cast<std::size_t>(i)];
        if (together)
            call.wish.family = static_cast<std::int64_t>(pg::transaction_number());
        try {
            changes.push_back(apply(call));
        } catch (pg::Error &error) {
            explain(std::move(error), queued);
        }
        if (changes.back().action == "queued")
            queued.push_back(changes.back().name.quoted());
    }
    return changes;
}

} // namespace
} // namespace mvmanager::api

using namespace mvmanager;

MV_FUNCTION(mvm_create) {
    pg::Arguments const arguments(fcinfo);
    auto const name = arguments.require<std::string>(0, "name");
    versioning::Wish wish{.text = arguments.require<std::string>(1, "definition"),
                          .indexes = arguments.get<std::vector<std::string>>(2),
                          .label = arguments.get<std::string>(3),
                          .comment = arguments.get<std::string>(6)};
    auto const build = api::read_build(arguments.get_or<std::string>(4, "auto"));
    bool const with_data = arguments.get_or<bool>(5, true);
    if (!arguments.is_null(7))
        wish.options = api::read_options(fcinfo->args[7].value);
    pg::require_writable("mv_create()");
    return pg::make_row(fcinfo, api::columns_of(api::create(pg::parse_name(name), wish, build, with_data)));
}

MV_FUNCTION(mvm_apply) {
    pg::Arguments const arguments(fcinfo);
    auto call = api::read_call(arguments, fcinfo);
    call.with_data = arguments.get_or<bool>(12, true);
    pg::require_writable("mv_apply()");
    return pg::make_row(fcinfo, api::columns_of(api::apply(call)));
}

MV_FUNCTION(mvm_replace) {
    pg::Arguments const arguments(fcinfo);
    auto const call = api::read_call(arguments, fcinfo);
    pg::require_writable("mv_replace()");
    auto const managed = api::require_managed_view(call.name, pg::Right::own);
    return pg::make_row(fcinfo, api::columns_of(versioning::replace(managed.view, managed.relation, call.wish)));
}

MV_FUNCTION(mvm_apply_all) {
    pg::Arguments const arguments(fcinfo);
    if (arguments.is_null(0))
        throw pg::Error(pg::sqlstate::null_not_allowed, "argument \"specs\" must not be null");
    bool const together = arguments.get_or<bool>(1, false);
    pg::require_writable("mv_apply_all()");
    std::vector<api::Call> calls;
    for (const pg::JsonField &spec : pg::json_elements(fcinfo->args[0].value, "argument \"specs\""))
        calls.push_back(api::read_spec(spec, calls.size() + 1));
    pg::RowSink out(fcinfo);
    for (const auto &change : api::apply_all(std::move(calls), together))
        out.add(api::columns_of(change));
    return static_cast<Datum>(0);
}
