// mv_plan.

#include "versioning/plan.hpp"
#include "api/execution.hpp"
#include "api/managed_view.hpp"
#include "format.hpp"
#include "pg/error.hpp"
#include "pg/query.hpp"
#include "pg/transaction.hpp"
#include "pg/values.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::api {
namespace {

using versioning::Builder;
using versioning::Step;

// The view as mv_apply and mv_replace find it.
std::vector<Step> plan_definition(const std::string &name, const versioning::Wish &wish, Builder builder) {
    auto const written = pg::parse_name(name);
    if (!wish.text.empty() && !pg::find_relation(written))
        return versioning::plan_creation(pg::creation_name(written), wish, builder);
    auto const managed = require_managed_view(name, pg::Right::own);
    return versioning::plan_replacement(managed.view, managed.relation, wish, builder);
}

// Locks on what the definition reads, and the table on which index texts are tried, are given back with the subtransaction.
template <typename F> std::vector<Step> undone(F &&plan) {
    std::vector<Step> steps;
    bool is_done = false;
    auto error = pg::try_in_subtransaction([&] {
        steps = plan();
        is_done = true;
        // An error is the way to undo a subtransaction.
        throw pg::Error(pg::sqlstate::wrong_state, "rolled back");
    });
    if (!is_done)
        throw std::move(*error);
    return steps;
}

} // namespace
} // namespace mvmanager::api

using namespace mvmanager;

MV_FUNCTION(mvm_plan) {
    pg::Arguments const arguments(fcinfo);
    auto const name = arguments.require<std::string>(0, "name");
    auto const definition = arguments.get<std::string>(1);
    versioning::Wish const wish{.text = definition.value_or(""), .indexes = arguments.get<std::vector<std::string>>(2)};
    auto const to_version = arguments.get<std::int32_t>(3);
    bool const is_rollback = !definition && !wish.indexes;
    if (to_version && !is_rollback)
        throw pg::Error(pg::sqlstate::invalid_argument,
                        "mv_plan takes a definition and indexes, or to_version, not both")
            .hint("Leave one of them out.");
    if (definition && definition->empty())
        throw pg::Error(pg::sqlstate::syntax_error, "definition must not be empty")
            .hint("Pass one query, or leave it out for the definition that is live.");
    auto const builder = api::is_executing() ? versioning::Builder::worker : versioning::Builder::session;
    auto const steps = api::undone([&] {
        if (!is_rollback)
            return api::plan_definition(name, wish, builder);
        auto const managed = api::require_managed_view(name, pg::Right::own);
        return versioning::plan_rollback(managed.view, managed.relation, to_version, builder);
    });
    pg::RowSink out(fcinfo);
    for (std::size_t i = 0; i < steps.size(); ++i) {
        auto const &step = steps[i];
        out.add({pg::Value::int4(static_cast<std::int32_t>(i + 1)), pg::Value::text(step.action),
                 pg::Value::text(step.object), pg::Value::text(step.sql), pg::Value::text(step.lock),
                 pg::Value::boolean(step.blocks_readers),
                 pg::Value::text_or_null(format("{}", join(step.hazards, "; ")))});
    }
    return static_cast<Datum>(0);
}
