#include "model/version.hpp"

#include <array>
#include <cstddef>
#include <span>

namespace mvmanager::model {
namespace {

template <typename State> struct Rule {
    State state;
    std::string_view name;
    unsigned followers; // a bit for each state that may follow
};

template <typename State, typename... States>
constexpr Rule<State> rule(State state, std::string_view name, States... followers) {
    return {state, name, (0U | ... | (1U << static_cast<unsigned>(followers)))};
}

using enum VersionState;
constexpr std::array<Rule<VersionState>, 9> version_rules = {
    rule(queued, "queued", building, skipped, failed, cancelled),
    rule(building, "building", ready, failed, cancelled, queued),
    rule(ready, "ready", live, skipped, failed, cancelled),
    rule(live, "live", archived, pruned),
    rule(archived, "archived", live, pruned),
    rule(pruned, "pruned", queued, building),
    rule(skipped, "skipped", queued, building),
    rule(failed, "failed", queued, building),
    rule(cancelled, "cancelled", queued, building),
};

constexpr std::array<Rule<RunState>, 8> run_rules = {
    rule(RunState::queued, "queued", RunState::running, RunState::skipped, RunState::cancelled, RunState::failed),
    rule(RunState::running, "running", RunState::succeeded, RunState::failed, RunState::skipped, RunState::cancelled,
         RunState::crashed, RunState::lost),
    rule(RunState::succeeded, "succeeded"),
    rule(RunState::failed, "failed"),
    rule(RunState::skipped, "skipped"),
    rule(RunState::cancelled, "cancelled"),
    rule(RunState::crashed, "crashed"),
    rule(RunState::lost, "lost"),
};

// The tables are indexed by state.
template <typename State, std::size_t N> constexpr bool in_order(const std::array<Rule<State>, N> &rules) {
    for (std::size_t i = 0; i < N; ++i) {
        if (static_cast<std::size_t>(rules[i].state) != i)
            return false;
    }
    return true;
}
static_assert(in_order(version_rules) && in_order(run_rules));

template <typename State, std::size_t N>
constexpr const Rule<State> &rule_of(const std::array<Rule<State>, N> &rules, State state) {
    return rules[static_cast<std::size_t>(state)];
}

template <typename State, std::size_t N>
constexpr bool follows(const std::array<Rule<State>, N> &rules, State from, State to) {
    return (rule_of(rules, from).followers >> static_cast<unsigned>(to) & 1U) != 0;
}

template <typename State, std::size_t N>
std::optional<State> named(const std::array<Rule<State>, N> &rules, std::string_view text) {
    for (const Rule<State> &rule : rules) {
        if (rule.name == text)
            return rule.state;
    }
    return std::nullopt;
}

} // namespace

bool may_follow(VersionState from, VersionState to) { return follows(version_rules, from, to); }
bool may_follow(RunState from, RunState to) { return follows(run_rules, from, to); }

bool is_final(RunState state) { return rule_of(run_rules, state).followers == 0; }

std::string_view to_text(VersionState state) { return rule_of(version_rules, state).name; }
std::string_view to_text(RunState state) { return rule_of(run_rules, state).name; }

std::optional<VersionState> version_state_from_text(std::string_view text) { return named(version_rules, text); }
std::optional<RunState> run_state_from_text(std::string_view text) { return named(run_rules, text); }

} // namespace mvmanager::model
