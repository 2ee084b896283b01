#pragma once

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "model/time.hpp"

// A time zone for tests, read from the system's compiled zone files (TZif, RFC 8536): transitions as stored, then the rule
// of the footer up to the year 2600. Local readings are resolved as PostgreSQL's DetermineTimeZoneOffset does.
// A POSIX rule alone ("EST5EDT,M3.2.0,M11.1.0") makes a zone too.

namespace mvmanager::test {

using model::LocalTime;
using model::Timestamp;

class TzifZone final : public model::Zone {
public:
    explicit TzifZone(const std::string &name) {
        std::ifstream file("/usr/share/zoneinfo/" + name, std::ios::binary);
        if (!file)
            throw std::runtime_error("no zone file for " + name);
        read(std::string(std::istreambuf_iterator<char>(file), {}));
    }

    struct Posix {
        std::string rule;
    };
    explicit TzifZone(const Posix &posix) { extend(posix.rule); }

    LocalTime to_local(Timestamp t) const override { return model::from_as_if_utc(t + offset(t) * second); }

    Timestamp to_utc(const LocalTime &local) const override {
        const std::int64_t reading = model::as_if_utc(local);
        const Timestamp before_day = reading - model::microseconds_per_day;
        const std::optional<Timestamp> boundary = next_transition(before_day);
        const Timestamp by_old = reading - offset(before_day) * second;
        if (!boundary)
            return by_old;
        const Timestamp by_new = reading - offset(*boundary) * second;
        if (by_old < *boundary && by_new < *boundary)
            return by_old;
        if (by_old > *boundary && by_new >= *boundary)
            return by_new;
        return by_old > by_new ? by_old : by_new;
    }

    std::optional<Timestamp> next_transition(Timestamp t) const override {
        const auto next = std::upper_bound(at_.begin(), at_.end(), t);
        if (next == at_.end())
            return std::nullopt;
        return *next;
    }

    // Seconds east of Greenwich.
    std::int64_t offset(Timestamp t) const {
        const auto next = std::upper_bound(at_.begin(), at_.end(), t);
        return next == at_.begin() ? first_offset_ : offsets_[static_cast<std::size_t>(next - at_.begin()) - 1];
    }

private:
    static constexpr std::int64_t second = model::microseconds_per_second;
    static constexpr std::int64_t unix_epoch = 946'684'800; // 2000-01-01 on the scale of Unix

    static std::int64_t big_endian(const std::string &data, std::size_t at, std::size_t bytes) {
        std::uint64_t value = (static_cast<unsigned char>(data.at(at)) & 0x80U) != 0 ? ~std::uint64_t{0} : 0;
        for (std::size_t i = 0; i < bytes; ++i)
            value = value << 8 | static_cast<unsigned char>(data.at(at + i));
        return static_cast<std::int64_t>(value);
    }

    void read(const std::string &data) {
        const auto counted = [&](std::size_t header, std::size_t index) {
            return static_cast<std::size_t>(big_endian(data, header + 20 + index * 4, 4));
        };
        if (data.substr(0, 4) != "TZif" || data.at(4) < '2')
            throw std::runtime_error("not a TZif file of version 2");
        // counts: isutc, isstd, leap, time, type, char; the first block has times of four bytes and is passed over
        const std::size_t second_header = 44 + counted(0, 3) * 5 + counted(0, 4) * 6 + counted(0, 5) +
                                          counted(0, 2) * 8 + counted(0, 1) + counted(0, 0);
        const std::size_t times = counted(second_header, 3);
        const std::size_t types = counted(second_header, 4);
        const std::size_t begin = second_header + 44;
        const std::size_t type_table = begin + times * 9;
        const auto type_offset = [&](std::size_t type) {
            return big_endian(data, type_table + type * 6, 4);
        };
        first_offset_ = type_offset(0);
        for (std::size_t i = 0; i < times; ++i) {
            const auto type = static_cast<std::size_t>(static_cast<unsigned char>(data.at(begin + times * 8 + i)));
            at_.push_back((big_endian(data, begin + i * 8, 8) - unix_epoch) * second);
            offsets_.push_back(type_offset(type));
        }
        const std::size_t footer = type_table + types * 6 + counted(second_header, 5) + counted(second_header, 2) * 12 +
                                   counted(second_header, 1) + counted(second_header, 0);
        const std::size_t end = data.find('\n', footer + 1);
        if (end == std::string::npos)
            throw std::runtime_error("no footer");
        extend(data.substr(footer + 1, end - footer - 1));
    }

    struct RuleDate {
        char kind = 'M'; // M, J, or 0 for a day counted from 0
        std::int64_t month = 0, week = 0, day = 0, time = 7'200;
    };

    struct RuleReader {
        const std::string &text;
        std::size_t at = 0;

        bool more() const { return at < text.size(); }
        void name() {
            if (text.at(at) == '<') {
                at = text.find('>', at) + 1;
            } else {
                while (more() && std::isalpha(static_cast<unsigned char>(text[at])) != 0)
                    ++at;
            }
        }
        std::int64_t number() {
            std::int64_t value = 0;
            while (more() && text[at] >= '0' && text[at] <= '9')
                value = value * 10 + (text[at++] - '0');
            return value;
        }
        std::int64_t time() {
            std::int64_t sign = 1;
            if (more() && (text[at] == '-' || text[at] == '+'))
                sign = text[at++] == '-' ? -1 : 1;
            std::int64_t value = number() * 3'600;
            if (more() && text[at] == ':')
                ++at, value += number() * 60;
            if (more() && text[at] == ':')
                ++at, value += number();
            return sign * value;
        }
        RuleDate date() {
            RuleDate rule;
            ++at; // the comma
            if (text.at(at) == 'M') {
                ++at, rule.month = number();
                ++at, rule.week = number();
                ++at, rule.day = number();
            } else {
                rule.kind = text[at] == 'J' ? 'J' : '0';
                if (rule.kind == 'J')
                    ++at;
                rule.day = number();
            }
            if (more() && text[at] == '/')
                ++at, rule.time = time();
            return rule;
        }
    };

    static std::int64_t reading_of(const RuleDate &rule, std::int64_t year) {
        std::int64_t day = 0;
        if (rule.kind == 'M') {
            const auto month = static_cast<int>(rule.month);
            const std::int64_t first = model::days_from_civil(year, month, 1);
            day = first + (rule.day - model::weekday_from_days(first) + 7) % 7 + (rule.week - 1) * 7;
            while (day >= first + model::days_in_month(year, month))
                day -= 7;
        } else if (rule.kind == 'J') {
            day = model::days_from_civil(year, 1, 1) + rule.day - 1 +
                  (model::is_leap_year(year) && rule.day > 59 ? 1 : 0);
        } else {
            day = model::days_from_civil(year, 1, 1) + rule.day;
        }
        return day * 86'400 + rule.time;
    }

    void extend(const std::string &posix) {
        RuleReader reader{posix};
        if (posix.empty())
            return;
        reader.name();
        const std::int64_t standard = -reader.time();
        if (at_.empty())
            first_offset_ = standard;
        if (!reader.more())
            return;
        reader.name();
        std::int64_t summer = standard + 3'600;
        if (posix.at(reader.at) != ',')
            summer = -reader.time();
        const RuleDate begin = reader.date();
        const RuleDate end = reader.date();
        const Timestamp last = at_.empty() ? model::minus_infinity : at_.back();
        std::vector<std::pair<Timestamp, std::int64_t>> more;
        for (std::int64_t year = at_.empty() ? 1900 : model::from_as_if_utc(last).year; year <= 2600; ++year) {
            more.emplace_back((reading_of(begin, year) - standard) * second, summer);
            more.emplace_back((reading_of(end, year) - summer) * second, standard);
        }
        std::sort(more.begin(), more.end());
        for (const auto &[at, offset] : more) {
            if (at <= last)
                continue;
            at_.push_back(at);
            offsets_.push_back(offset);
        }
    }

    std::int64_t first_offset_ = 0;
    std::vector<Timestamp> at_;
    std::vector<std::int64_t> offsets_; // from at_[i] on
};

} // namespace mvmanager::test
