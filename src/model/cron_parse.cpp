#include <algorithm>
#include <array>
#include <span>

#include "model/cron.hpp"
#include "model/word.hpp"

namespace mvmanager::model {
namespace {

struct FieldRule {
    std::string_view name;
    int low;
    int high;
    std::string_view unit; // for the hint that a fixed rate is what was meant; empty where it is not
    std::span<const std::string_view> names;
    int first_name; // the value of names[0]
    std::string_view hint;
};

constexpr std::array<std::string_view, 12> month_names = {"january",   "february", "march",    "april",
                                                          "may",       "june",     "july",     "august",
                                                          "september", "october",  "november", "december"};
constexpr std::array<std::string_view, 7> weekday_names = {"sunday",   "monday", "tuesday", "wednesday",
                                                           "thursday", "friday", "saturday"};

constexpr FieldRule second_rule = {
    "second", 0, 59, "seconds", {}, 0, "Write seconds from 0 to 59, as in 0, 10-40, */15 or *."};
constexpr FieldRule minute_rule = {
    "minute", 0, 59, "minutes", {}, 0, "Write minutes from 0 to 59, as in 0, 10-40, */15 or *."};
constexpr FieldRule hour_rule = {"hour", 0, 23, "hours", {}, 0, "Write hours from 0 to 23, as in 3, 8-18, */6 or *."};
constexpr FieldRule day_rule = {
    "day", 1, 31, "days", {}, 0, "Write days of the month from 1 to 31, as in 1, 10-20, L for the last day, or *."};
constexpr FieldRule month_rule = {
    "month", 1, 12, "months", month_names, 1, "Write months from 1 to 12 or jan to dec, as in 1, mar-oct, */3 or *."};
constexpr FieldRule weekday_rule = {"weekday",
                                    0,
                                    7,
                                    {},
                                    weekday_names,
                                    0,
                                    "Write weekdays from 0 (Sunday) to 7 (Sunday) or sun to sat, as in mon-fri or *."};

struct Field {
    std::uint64_t values = 0;
    bool begins_with_star = false;
    bool has_star_or_step = false;
    bool last_day = false;
    std::string text;
};

struct Value {
    int number = 0;
    bool is_name = false;
};

// Reads one field of a cron text. Every member function returns false after noting the first error.
class FieldParser {
public:
    FieldParser(std::string_view text, const Word &word, const FieldRule &rule)
        : text_(text), rule_(rule), at_(word.at), end_(word.at + word.text.size()) {}

    bool parse(Field &field) {
        field.begins_with_star = is_star(peek());
        for (;;) {
            if (!parse_item(field))
                return false;
            if (at_ == end_)
                return true;
            if (peek() != ',')
                return fail(at_, "unexpected character in the " + name() + " field", rule_.hint);
            ++at_;
            field.text.push_back(',');
        }
    }

    ParseError take_error() { return std::move(error_); }

private:
    char peek() const { return at_ < end_ ? text_[at_] : '\0'; }
    std::string name() const { return std::string(rule_.name); }
    bool is_day_field() const { return &rule_ == &day_rule || &rule_ == &weekday_rule; }
    bool is_star(char c) const { return c == '*' || (c == '?' && is_day_field()); }

    bool fail(std::size_t at, std::string message, std::string_view hint) {
        error_ = {character_position(text_, at), std::move(message), std::string(hint)};
        return false;
    }

    bool parse_item(Field &field) {
        const std::size_t begin = at_;
        if (at_ == end_ || peek() == ',')
            return fail(at_, "missing value in the " + name() + " field", rule_.hint);
        if (&rule_ == &day_rule && (to_lower(peek()) == 'l' || peek() == '$')) {
            ++at_;
            field.last_day = true;
            field.text.push_back('L');
            return true;
        }
        int low = rule_.low;
        int high = rule_.high;
        if (is_star(peek())) {
            ++at_;
            field.has_star_or_step = true;
            field.text.push_back('*');
        } else {
            Value first;
            if (!parse_value(first))
                return false;
            low = first.number;
            field.text += std::to_string(low);
            if (peek() == '-') {
                ++at_;
                Value last;
                if (!parse_value(last))
                    return false;
                // A week that ends on a Sunday by name: fri-sun. As a number that Sunday is 7.
                const bool ends_on_sunday = &rule_ == &weekday_rule && last.is_name && last.number == 0 && low > 0;
                high = ends_on_sunday ? 7 : last.number;
                if (high < low)
                    return fail_backwards(begin, low, high);
                field.text += '-' + std::to_string(high);
            } else if (peek() != '/') {
                high = low;
            }
        }
        int step = 1;
        if (peek() == '/') {
            if (!parse_step(step))
                return false;
            field.has_star_or_step = true;
            field.text += '/' + std::to_string(step);
        }
        for (int value = low; value <= high; value += step) {
            field.values |= std::uint64_t{1} << (&rule_ == &weekday_rule ? value % 7 : value);
        }
        return true;
    }

    // Digits as a number, saturated where no field reaches. REQUIRES: peek() is a digit.
    int parse_digits() {
        constexpr int beyond = 1'000'000;
        int number = 0;
        while (is_digit(peek())) {
            number = std::min(beyond, number * 10 + (peek() - '0'));
            ++at_;
        }
        return number;
    }

    bool parse_value(Value &value) {
        const std::size_t begin = at_;
        if (is_digit(peek())) {
            value.number = parse_digits();
            if (value.number >= rule_.low && value.number <= rule_.high)
                return true;
            const std::string_view digits = text_.substr(begin, at_ - begin);
            const std::string shown = digits.size() <= 10 ? " " + std::string(digits) : std::string();
            return fail(begin, name() + shown + " is out of range", rule_.hint);
        }
        while (is_letter(peek()))
            ++at_;
        if (at_ == begin) {
            if (at_ == end_)
                return fail(at_, "missing value in the " + name() + " field", rule_.hint);
            return fail(at_, "unexpected character in the " + name() + " field", rule_.hint);
        }
        const std::string word = to_lower(text_.substr(begin, at_ - begin));
        for (std::size_t i = 0; i < rule_.names.size(); ++i) {
            if (word == rule_.names[i] || word == rule_.names[i].substr(0, 3)) {
                value.number = rule_.first_name + static_cast<int>(i);
                value.is_name = true;
                return true;
            }
        }
        return fail(begin, "invalid value" + quoted(text_.substr(begin, at_ - begin)) + " in the " + name() + " field",
                    rule_.hint);
    }

    // REQUIRES: peek() is the slash.
    bool parse_step(int &step) {
        ++at_;
        const std::size_t begin = at_;
        if (!is_digit(peek()))
            return fail(at_, "missing step in the " + name() + " field", rule_.hint);
        step = parse_digits();
        if (step == 0)
            return fail(begin, "step of the " + name() + " field must be at least 1", rule_.hint);
        if (step <= rule_.high - rule_.low + 1)
            return true;
        // */90 in the minute field would start at minute 0 of every hour, which nobody means.
        const std::string digits(text_.substr(begin, at_ - begin));
        std::string hint(rule_.hint);
        if (!rule_.unit.empty() && digits.size() <= 5) {
            hint = "Write '" + digits + " " + std::string(rule_.unit) + "' for a fixed rate.";
        }
        return fail(begin, "step is longer than the " + name() + " field", hint);
    }

    bool fail_backwards(std::size_t at, int low, int high) {
        const int top = &rule_ == &weekday_rule ? 6 : rule_.high;
        std::string hint = "Write " + std::to_string(low);
        if (low < top)
            hint += '-' + std::to_string(top);
        hint += ',' + std::to_string(rule_.low);
        if (high > rule_.low)
            hint += '-' + std::to_string(high);
        return fail(at, "range in the " + name() + " field runs backwards", hint + ".");
    }

    std::string_view text_;
    const FieldRule &rule_;
    std::size_t at_;
    std::size_t end_;
    ParseError error_;
};

struct Macro {
    std::string_view name;
    std::string_view text;
};

constexpr std::array<Macro, 7> macros = {{{"@hourly", "0 * * * *"},
                                          {"@daily", "0 0 * * *"},
                                          {"@midnight", "0 0 * * *"},
                                          {"@weekly", "0 0 * * 0"},
                                          {"@monthly", "0 0 1 * *"},
                                          {"@yearly", "0 0 1 1 *"},
                                          {"@annually", "0 0 1 1 *"}}};

std::variant<Cron, ParseError> parse_fields(std::string_view text, const std::vector<Word> &words) {
    const bool has_seconds = words.size() == 6;
    std::array<Field, 6> fields;
    if (!has_seconds)
        fields[0].values = 1;
    constexpr std::array<const FieldRule *, 6> rules = {&second_rule, &minute_rule, &hour_rule,
                                                        &day_rule,    &month_rule,  &weekday_rule};
    const std::size_t first = has_seconds ? 0 : 1;
    Cron cron;
    for (std::size_t i = first; i < rules.size(); ++i) {
        FieldParser parser(text, words[i - first], *rules[i]);
        if (!parser.parse(fields[i]))
            return parser.take_error();
        if (i > first)
            cron.text.push_back(' ');
        cron.text += fields[i].text;
    }
    cron.seconds = fields[0].values;
    cron.minutes = fields[1].values;
    cron.hours = static_cast<std::uint32_t>(fields[2].values);
    cron.days = static_cast<std::uint32_t>(fields[3].values);
    cron.months = static_cast<std::uint32_t>(fields[4].values);
    cron.weekdays = static_cast<std::uint32_t>(fields[5].values);
    cron.last_day = fields[3].last_day;
    cron.any_day = fields[3].begins_with_star;
    cron.any_weekday = fields[5].begins_with_star;
    cron.wildcard = fields[1].has_star_or_step || fields[2].has_star_or_step;
    if (never_fires(cron)) {
        return ParseError{character_position(text, words[3 - first].at),
                          "schedule can never fire: no month named has such a day",
                          "Write L as the day for the last day of a month."};
    }
    return cron;
}

} // namespace

std::variant<Cron, ParseError> parse_cron(std::string_view text) {
    const std::vector<Word> words = split_words(text);
    if (!words.empty() && words[0].text.front() == '@') {
        const std::string name = to_lower(words[0].text);
        for (const Macro &macro : macros) {
            if (name != macro.name)
                continue;
            if (words.size() > 1) {
                return ParseError{character_position(text, words[1].at), "unexpected text after " + name,
                                  "Write " + name + " alone, or the fields '" + std::string(macro.text) + "'."};
            }
            return parse_fields(macro.text, split_words(macro.text));
        }
        return ParseError{character_position(text, words[0].at), "unknown schedule" + quoted(words[0].text),
                          "Write @hourly, @daily, @midnight, @weekly, @monthly, @yearly or @annually."};
    }
    if (words.size() == 5 || words.size() == 6)
        return parse_fields(text, words);

    const bool too_few = words.size() < 5;
    const std::size_t end = words.empty() ? 0 : words.back().at + words.back().text.size();
    const std::string count = std::to_string(words.size()) + (words.size() == 1 ? " field" : " fields");
    return ParseError{character_position(text, too_few ? end : words[6].at),
                      "cron schedule has " + count + " instead of 5, or 6 with seconds",
                      "Write minute, hour, day, month and weekday, as in '0 3 * * *'."};
}

} // namespace mvmanager::model
