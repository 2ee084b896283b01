// libFuzzer target for the schedule language. What is refused must say where; what is accepted must have a normal form that
// reads back as itself, and due times that go on.
//   clang++ -std=c++20 -g -O1 -fsanitize=fuzzer,address,undefined -Isrc test/unit/fuzz_schedule.cc src/model/*.cpp -o fuzz_schedule

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "model/schedule.hpp"

namespace mvmanager::model {
namespace {

// An hour forwards at the end of March and back at the end of October, on days that change from year to year: the search meets
// transitions without zone files, and no date is skipped each time it comes.
class TwoSteps final : public Zone {
public:
    LocalTime to_local(Timestamp t) const override {
        return from_as_if_utc(t + (is_summer(t) ? microseconds_per_hour : 0));
    }
    Timestamp to_utc(const LocalTime &local) const override {
        const Timestamp reading = as_if_utc(local);
        const Timestamp summer = reading - microseconds_per_hour;
        return is_summer(summer) && is_summer(reading) ? summer : reading;
    }
    std::optional<Timestamp> next_transition(Timestamp t) const override {
        const std::int32_t year = from_as_if_utc(t).year;
        for (const Timestamp at : {begin(year), end(year)}) {
            if (at > t)
                return at;
        }
        return begin(year + 1);
    }

private:
    static Timestamp begin(std::int32_t year) {
        return days_from_civil(year, 3, 25 + year % 7) * microseconds_per_day + microseconds_per_hour;
    }
    static Timestamp end(std::int32_t year) {
        return days_from_civil(year, 10, 25 + year % 7) * microseconds_per_day + microseconds_per_hour;
    }
    static bool is_summer(Timestamp t) {
        const std::int32_t year = from_as_if_utc(t).year;
        return t >= begin(year) && t < end(year);
    }
};

void require(bool condition) {
    if (!condition)
        std::abort();
}

void check(std::string_view text) {
    const auto parsed = parse(text);
    if (const auto *const error = std::get_if<ParseError>(&parsed)) {
        require(error->position >= 1 && error->position <= static_cast<int>(text.size()) + 1);
        require(!error->message.empty() && error->message.size() < 200);
        return;
    }
    const Schedule &schedule = std::get<Schedule>(parsed);
    const auto again = parse(describe(schedule));
    require(std::holds_alternative<Schedule>(again) && std::get<Schedule>(again) == schedule);

    const TwoSteps zone;
    // A moment that depends on the text, within a few hundred years.
    std::uint64_t moment = 0;
    for (const char c : text)
        moment = moment * 31 + static_cast<unsigned char>(c);
    Timestamp last = static_cast<Timestamp>(moment % 12'000'000'000'000'000U);
    const Timestamp anchor = static_cast<Timestamp>(moment / 7 % 12'000'000'000'000'000U);
    for (int i = 0; i < 5; ++i) {
        const auto next = next_run(schedule, last, anchor, zone);
        require(next.has_value() == has_due_times(schedule));
        if (!next)
            break;
        require(*next > last);
        require(next_run(schedule, *next - 1, anchor, zone) == next);
        last = *next;
    }
}

} // namespace
} // namespace mvmanager::model

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
    mvmanager::model::check({reinterpret_cast<const char *>(data), size});
    return 0;
}
