#include "model/plan.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

namespace mvmanager::model {
namespace {

// Indexed by Strategy.
constexpr std::array<std::string_view, 7> names = {"auto", "native",  "concurrently", "diff",
                                                   "swap", "partial", "incremental"};

// What keeps an index from being usable, as the end of a sentence.
std::string_view fault(const UniqueIndex &index) {
    if (!index.is_valid)
        return "is not valid";
    if (index.has_predicate)
        return "has a WHERE clause";
    if (index.has_expression)
        return "is on an expression";
    if (!index.is_immediate)
        return "is deferrable";
    return "is not a btree";
}

std::string why_not_concurrently(const ViewFacts &facts) {
    if (facts.unique_indexes.empty())
        return "the view has no unique index";
    const UniqueIndex &first = facts.unique_indexes.front();
    std::string reason = "unique index " + first.name + ' ' + std::string(fault(first));
    if (facts.unique_indexes.size() > 1)
        reason += ", and no other can serve";
    return reason;
}

} // namespace

std::string_view to_text(Strategy strategy) { return names[static_cast<std::size_t>(strategy)]; }

std::optional<Strategy> strategy_from_text(std::string_view text) {
    const auto *const found = std::find(names.begin(), names.end(), text);
    if (found == names.end())
        return std::nullopt;
    return static_cast<Strategy>(found - names.begin());
}

bool is_usable(const UniqueIndex &index) {
    return index.is_valid && index.is_immediate && index.is_btree && !index.has_predicate && !index.has_expression;
}

std::variant<Plan, Refusal> choose(const ViewFacts &facts, Strategy requested) {
    if (!facts.populated)
        return Plan{requested == Strategy::native ? Strategy::native : Strategy::swap,
                    "the view is not populated: first fill"};

    switch (requested) {
    case Strategy::automatic:
    case Strategy::native:
    case Strategy::diff:
    case Strategy::swap:
    case Strategy::partial:
        return Plan{requested, "as requested"};
    case Strategy::concurrently: {
        const auto usable = std::find_if(facts.unique_indexes.begin(), facts.unique_indexes.end(), is_usable);
        if (usable != facts.unique_indexes.end())
            return Plan{Strategy::concurrently, "as requested, with unique index " + usable->name};
        return Refusal{
            "55000",
            "cannot refresh materialized view \"" + facts.name + "\" concurrently: " + why_not_concurrently(facts),
            "Ask for strategy 'diff', which needs no index, or create a unique index without WHERE on columns "
            "of the view."};
    }
    case Strategy::incremental:
        break;
    }
    return Refusal{"0A000", "refresh strategy \"" + std::string(to_text(requested)) + "\" is not supported yet",
                   "Ask for strategy 'auto', 'diff', 'swap', 'partial', 'native' or 'concurrently'."};
}

} // namespace mvmanager::model
