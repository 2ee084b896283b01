#include "model/interval.hpp"

#include <algorithm>
#include <array>

#include "model/word.hpp"

namespace mvmanager::model {
namespace {

enum class Part { second, minute, hour, day, week, month, year };

struct Unit {
    std::string_view name;
    Part part;
};

constexpr std::array<Unit, 28> units = {{
    {"s", Part::second},       {"sec", Part::second},     {"secs", Part::second}, {"second", Part::second},
    {"seconds", Part::second}, {"m", Part::minute},       {"min", Part::minute},  {"mins", Part::minute},
    {"minute", Part::minute},  {"minutes", Part::minute}, {"h", Part::hour},      {"hr", Part::hour},
    {"hrs", Part::hour},       {"hour", Part::hour},      {"hours", Part::hour},  {"d", Part::day},
    {"day", Part::day},        {"days", Part::day},       {"w", Part::week},      {"week", Part::week},
    {"weeks", Part::week},     {"mon", Part::month},      {"mons", Part::month},  {"month", Part::month},
    {"months", Part::month},   {"y", Part::year},         {"year", Part::year},   {"years", Part::year},
}};

// Indexed by Part.
constexpr std::array<std::string_view, 7> plurals = {"seconds", "minutes", "hours", "days", "weeks", "months", "years"};

constexpr std::int64_t longest_months = 1'200;
constexpr std::string_view example_hint = "Write a number and a unit, as in '10 minutes'.";
constexpr std::string_view unit_hint = "Units are seconds, minutes, hours, days, weeks, months and years.";
constexpr std::string_view longest_hint = "The longest interval is 100 years.";
constexpr std::string_view shortest_hint = "The shortest interval is '1 second'.";

constexpr std::int64_t average_month = 2'629'746 * microseconds_per_second; // 30.436875 days

constexpr std::int64_t elapsed(Part part) {
    switch (part) {
    case Part::second:
        return microseconds_per_second;
    case Part::minute:
        return microseconds_per_minute;
    case Part::hour:
        return microseconds_per_hour;
    default:
        return 0;
    }
}

struct Amount {
    std::int64_t whole = 0;
    std::int64_t fraction = 0; // of `scale`
    std::int64_t scale = 1;
};

class IntervalParser {
public:
    IntervalParser(std::string_view text, std::size_t from) : text_(text), at_(std::min(from, text.size())) {}

    std::variant<Interval, ParseError> parse(LoneUnit lone_unit) {
        skip_blanks();
        const std::size_t begin = at_;
        if (at_ == text_.size())
            return error(at_, "missing interval", example_hint);
        if (lone_unit == LoneUnit::yes && is_letter(text_[at_])) {
            if (!add(at_, Amount{1}))
                return std::move(error_);
            skip_blanks();
        }
        while (at_ < text_.size()) {
            const std::size_t number = at_;
            Amount amount;
            if (!parse_number(amount) || !add(number, amount))
                return std::move(error_);
            skip_blanks();
        }
        if (interval_ == Interval{})
            return error(begin, "interval must be at least 1 second", shortest_hint);
        return interval_;
    }

private:
    ParseError error(std::size_t at, std::string message, std::string_view hint) const {
        return {character_position(text_, at), std::move(message), std::string(hint)};
    }

    bool fail(std::size_t at, std::string message, std::string_view hint) {
        error_ = error(at, std::move(message), hint);
        return false;
    }

    void skip_blanks() {
        while (at_ < text_.size() && is_blank(text_[at_]))
            ++at_;
    }

    bool at_digit() const { return at_ < text_.size() && is_digit(text_[at_]); }

    bool parse_number(Amount &amount) {
        const std::size_t begin = at_;
        if (text_[at_] == '-')
            return fail(at_, "interval must not be negative", shortest_hint);
        if (!at_digit() && text_[at_] != '.') {
            std::size_t end = at_;
            while (end < text_.size() && is_letter(text_[end]))
                ++end;
            if (end > at_)
                return fail(at_, "expected a number before" + quoted(text_.substr(at_, end - at_)), example_hint);
            return fail(at_, "unexpected character in the interval", example_hint);
        }
        while (at_digit()) {
            amount.whole = amount.whole * 10 + (text_[at_++] - '0');
            if (amount.whole > 100'000'000'000)
                return fail(begin, "interval is too long", longest_hint);
        }
        if (at_ < text_.size() && text_[at_] == '.') {
            ++at_;
            if (!at_digit())
                return fail(at_, "missing digits after the point", example_hint);
            while (at_digit()) {
                const int digit = text_[at_++] - '0';
                if (amount.scale == 1'000'000'000) {
                    if (digit != 0)
                        return fail(begin, "interval must be a whole number of seconds", example_hint);
                    continue;
                }
                amount.fraction = amount.fraction * 10 + digit;
                amount.scale *= 10;
            }
        }
        if (at_ < text_.size() && text_[at_] == ':') {
            return fail(at_, "a time of day is not an interval", "Write '30 2 * * *' for every day at 02:30.");
        }
        const std::size_t end = at_;
        skip_blanks();
        if (at_ < text_.size() && is_letter(text_[at_]))
            return true;
        if (at_ < text_.size() && !is_digit(text_[at_]) && text_[at_] != '.') {
            return fail(at_, "unexpected character in the interval", example_hint);
        }
        const std::string number(text_.substr(begin, end - begin));
        if (number.size() > 10)
            return fail(end, "missing unit", unit_hint);
        return fail(end, "missing unit after " + number, "Write '" + number + " minutes', or another unit.");
    }

    // Reads the unit at at_ and adds that much of it. `number` is where the amount began.
    bool add(std::size_t number, const Amount &amount) {
        const std::size_t begin = at_;
        while (at_ < text_.size() && is_letter(text_[at_]))
            ++at_;
        const std::string_view word = text_.substr(begin, at_ - begin);
        const std::string lower = to_lower(word);
        const auto *const unit =
            std::find_if(units.begin(), units.end(), [&](const Unit &u) { return u.name == lower; });
        if (unit == units.end())
            return fail(begin, "unknown unit" + quoted(word), unit_hint);

        const Part part = unit->part;
        const std::string plural(plurals[static_cast<std::size_t>(part)]);
        const unsigned bit = 1U << static_cast<unsigned>(part);
        if ((seen_ & bit) != 0)
            return fail(number, plural + " are given twice", example_hint);
        seen_ |= bit;

        const std::int64_t unit_length = elapsed(part);
        if (unit_length == 0) {
            if (amount.fraction != 0) {
                return fail(number, plural + " cannot have a fraction", "Write a smaller unit, as in '36 hours'.");
            }
            // No product below can overflow: a whole is at most 10^11.
            switch (part) {
            case Part::year:
                interval_.months += amount.whole * 12;
                break;
            case Part::month:
                interval_.months += amount.whole;
                break;
            case Part::week:
                interval_.days += amount.whole * 7;
                break;
            default:
                interval_.days += amount.whole;
                break;
            }
        } else {
            constexpr std::int64_t longest_elapsed = longest_months * average_month;
            if (amount.whole > longest_elapsed / unit_length)
                return fail(number, "interval is too long", longest_hint);
            const std::int64_t fraction = unit_length / microseconds_per_second * amount.fraction; // seconds * scale
            if (fraction % amount.scale != 0) {
                const bool below = amount.whole == 0 && fraction < amount.scale && interval_ == Interval{};
                return below ? fail(number, "interval must be at least 1 second", shortest_hint)
                             : fail(number, "interval must be a whole number of seconds",
                                    "Write whole seconds, as in '90 seconds'.");
            }
            interval_.microseconds += amount.whole * unit_length + fraction / amount.scale * microseconds_per_second;
        }
        constexpr std::int64_t longest_days = longest_months / 12 * 366;
        if (interval_.months > longest_months || interval_.days > longest_days ||
            typical_microseconds(interval_) > longest_months * average_month) {
            return fail(number, "interval is too long", longest_hint);
        }
        return true;
    }

    std::string_view text_;
    std::size_t at_;
    Interval interval_;
    unsigned seen_ = 0;
    ParseError error_;
};

void append(std::string &text, std::int64_t amount, std::string_view unit) {
    if (amount == 0)
        return;
    if (!text.empty())
        text.push_back(' ');
    text += std::to_string(amount);
    text.push_back(' ');
    text += unit;
    if (amount != 1)
        text.push_back('s');
}

// anchor + k * interval in a zone, one of the infinities outside the span of schedules. Does not decrease in k.
Timestamp step(const Interval &interval, const LocalTime &anchor, std::int64_t k, const Zone &zone) {
    const Timestamp beyond = k < 0 ? minus_infinity : infinity;
    const std::int64_t month_index = std::int64_t{anchor.year} * 12 + anchor.month - 1 + k * interval.months;
    const std::int64_t year = floor_div(month_index, 12);
    if (year < 1 || year > 294'275)
        return beyond;
    const auto month = static_cast<int>(month_index - year * 12 + 1);
    const int day = std::min<int>(anchor.day, days_in_month(year, month));
    const std::int64_t days = days_from_civil(year, month, day) + k * interval.days;
    if (days <= first_timestamp / microseconds_per_day || days >= last_timestamp / microseconds_per_day)
        return beyond;
    const LocalTime date = civil_from_days(days);
    LocalTime local = anchor;
    local.year = date.year;
    local.month = date.month;
    local.day = date.day;
    Timestamp result = 0;
    if (__builtin_add_overflow(zone.to_utc(local), k * interval.microseconds, &result))
        return beyond;
    return result < first_timestamp || result > last_timestamp ? beyond : result;
}

std::optional<Timestamp> next_elapsed(std::int64_t length, Timestamp after, Timestamp anchor) {
    // Both on the grid of `length`, so that their distance, which may not fit, is never formed.
    const std::int64_t grid = floor_div(after, length) * length;
    const std::int64_t phase = anchor - floor_div(anchor, length) * length;
    Timestamp result = 0;
    if (__builtin_add_overflow(grid, phase, &result))
        return std::nullopt;
    if (result <= after && __builtin_add_overflow(result, length, &result))
        return std::nullopt;
    if (result > last_timestamp)
        return std::nullopt;
    return result;
}

} // namespace

std::variant<Interval, ParseError> parse_interval(std::string_view text, std::size_t from, LoneUnit lone_unit) {
    return IntervalParser(text, from).parse(lone_unit);
}

std::string to_text(const Interval &interval) {
    std::string text;
    append(text, interval.months / 12, "year");
    append(text, interval.months % 12, "month");
    append(text, interval.days, "day");
    append(text, interval.microseconds / microseconds_per_hour, "hour");
    append(text, interval.microseconds / microseconds_per_minute % 60, "minute");
    append(text, interval.microseconds / microseconds_per_second % 60, "second");
    return text;
}

std::int64_t typical_microseconds(const Interval &interval) {
    return interval.months * average_month + interval.days * microseconds_per_day + interval.microseconds;
}

std::optional<Timestamp> next_step(const Interval &interval, Timestamp after, Timestamp anchor, const Zone &zone) {
    if (after >= last_timestamp)
        return std::nullopt;
    const Timestamp from = std::max(after, first_timestamp);
    const Timestamp origin = std::clamp(anchor, first_timestamp, last_timestamp);
    if (interval.months == 0 && interval.days == 0)
        return next_elapsed(interval.microseconds, from, origin);

    const LocalTime local = zone.to_local(origin);
    const std::int64_t typical = typical_microseconds(interval);
    // The calendar strays from the average by less than ten days (month lengths, leap years, clamped days, offsets), or
    // by offsets alone, less than three, where there are no months; so k is at most that far from the quotient.
    const std::int64_t estimate = floor_div(from / 2 - origin / 2, typical / 2);
    const std::int64_t slack = (interval.months != 0 ? 10 : 3) * microseconds_per_day / typical + 3;
    std::int64_t low = estimate - slack;  // not after `from`
    std::int64_t high = estimate + slack; // after `from`
    while (high - low > 1) {
        const std::int64_t middle = low + (high - low) / 2;
        (step(interval, local, middle, zone) > from ? high : low) = middle;
    }
    const Timestamp due = step(interval, local, high, zone);
    return due > from && due != infinity ? std::optional(due) : std::nullopt;
}

} // namespace mvmanager::model
