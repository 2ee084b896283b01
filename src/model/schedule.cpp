#include "model/schedule.hpp"

#include <algorithm>
#include <array>
#include <type_traits>
#include <utility>

#include "model/word.hpp"

namespace mvmanager::model {
namespace {

constexpr std::size_t longest_text = 1'000;
constexpr std::string_view example_hint = "Write '10 minutes', or a cron schedule such as '0 3 * * *'.";

ParseError error_at(std::string_view text, std::size_t at, std::string message, std::string_view hint) {
    return {character_position(text, at), std::move(message), std::string(hint)};
}

// A text that begins with a number is cron where another field follows or it has what only cron has; else an interval.
bool looks_like_interval(std::string_view text, std::size_t at) {
    if (text.find_first_of("*?,/$", at) != std::string_view::npos)
        return false;
    if (text[at] == '-' || text[at] == '+')
        return true;
    while (at < text.size() && (is_digit(text[at]) || text[at] == '.'))
        ++at;
    while (at < text.size() && is_blank(text[at]))
        ++at;
    return at == text.size() || !(is_digit(text[at]) || text[at] == '-');
}

template <typename To, typename From> std::variant<Schedule, ParseError> widen(std::variant<From, ParseError> parsed) {
    if (auto *const error = std::get_if<ParseError>(&parsed))
        return std::move(*error);
    if constexpr (std::is_same_v<To, From>) {
        return Schedule(std::move(std::get<From>(parsed)));
    } else {
        return Schedule(To{std::move(std::get<From>(parsed))});
    }
}

std::variant<Schedule, ParseError> parse_on(std::string_view text, const std::vector<Word> &words) {
    constexpr std::string_view hint = "Write 'on change', or 'on change every 30 seconds'.";
    const Word &on = words[0];
    if (words.size() < 2)
        return error_at(text, on.at + on.text.size(), "missing word after \"on\"", hint);
    if (to_lower(words[1].text) != "change") {
        return error_at(text, words[1].at, "expected \"change\" after \"on\"", hint);
    }
    if (words.size() == 2)
        return Schedule(OnChange{});
    if (to_lower(words[2].text) != "every") {
        return error_at(text, words[2].at, "expected \"every\" after \"on change\"", hint);
    }
    return widen<OnChange>(parse_interval(text, words[2].at + words[2].text.size(), LoneUnit::yes));
}

std::variant<Schedule, ParseError> parse_words(std::string_view text, const std::vector<Word> &words) {
    const Word &first = words[0];
    const std::string word = to_lower(first.text);
    const std::size_t rest = first.at + first.text.size();
    if (word == "every")
        return widen<Every>(parse_interval(text, rest, LoneUnit::yes));
    if (word == "after")
        return widen<After>(parse_interval(text, rest, LoneUnit::no));
    if (word == "lag")
        return widen<Lag>(parse_interval(text, rest, LoneUnit::no));
    if (word == "on")
        return parse_on(text, words);
    if (word == "downstream") {
        if (words.size() == 1)
            return Schedule(Downstream{});
        return error_at(text, words[1].at, "unexpected text after \"downstream\"", "Write 'downstream' alone.");
    }
    constexpr std::array<std::string_view, 7> macros = {"hourly",  "daily",  "midnight", "weekly",
                                                        "monthly", "yearly", "annually"};
    if (std::find(macros.begin(), macros.end(), word) != macros.end()) {
        return error_at(text, first.at, "unknown schedule" + quoted(first.text), "Write '@" + word + "'.");
    }
    if (words.size() >= 5)
        return widen<Cron>(parse_cron(text));
    return error_at(text, first.at, "unknown schedule" + quoted(first.text), example_hint);
}

} // namespace

std::variant<Schedule, ParseError> parse(std::string_view text) {
    if (text.size() > longest_text) {
        return error_at(text, longest_text, "schedule is longer than 1000 bytes", example_hint);
    }
    const std::vector<Word> words = split_words(text);
    if (words.empty())
        return error_at(text, 0, "schedule is empty", example_hint);
    const char first = words[0].text.front();
    if (first == '@' || first == '*' || first == '?')
        return widen<Cron>(parse_cron(text));
    if (is_digit(first) || first == '.' || first == '-' || first == '+') {
        if (looks_like_interval(text, words[0].at))
            return widen<Every>(parse_interval(text, words[0].at, LoneUnit::no));
        return widen<Cron>(parse_cron(text));
    }
    return parse_words(text, words);
}

bool has_due_times(const Schedule &schedule) {
    return std::holds_alternative<Cron>(schedule) || std::holds_alternative<Every>(schedule);
}

std::string_view kind_name(const Schedule &schedule) {
    constexpr std::array<std::string_view, 6> names = {"cron", "every", "after", "lag", "on change", "downstream"};
    static_assert(std::variant_size_v<Schedule> == names.size());
    return names[schedule.index()];
}

std::optional<Timestamp> next_run(const Schedule &schedule, Timestamp after, Timestamp anchor, const Zone &zone) {
    if (const auto *const cron = std::get_if<Cron>(&schedule))
        return next_run(*cron, after, zone);
    if (const auto *const every = std::get_if<Every>(&schedule))
        return next_step(every->interval, after, anchor, zone);
    return std::nullopt;
}

std::string describe(const Schedule &schedule) {
    struct Describe {
        std::string operator()(const Cron &cron) const { return cron.text; }
        std::string operator()(const Every &every) const { return to_text(every.interval); }
        std::string operator()(const After &after) const { return "after " + to_text(after.interval); }
        std::string operator()(const Lag &lag) const { return "lag " + to_text(lag.interval); }
        std::string operator()(const OnChange &change) const {
            return change.at_most_every ? "on change every " + to_text(*change.at_most_every) : "on change";
        }
        std::string operator()(const Downstream &) const { return "downstream"; }
    };
    return std::visit(Describe{}, schedule);
}

} // namespace mvmanager::model
