// Prints due times for another program to compare: reads lines `<seconds since 1970> <count> <schedule>`, writes for each
// one line of due times in UTC as seconds since 1970, or `error`.
//   g++ -std=c++20 -O1 -Isrc test/unit/next_runs.cc src/model/*.cpp -o next_runs

#include <cstdio>
#include <cstdlib>
#include <string>

#include "model/schedule.hpp"

int main() {
    using mvmanager::model::microseconds_per_second;
    using mvmanager::model::Timestamp;
    constexpr std::int64_t unix_epoch = 946'684'800;
    std::string line;
    for (int c = std::getchar(); c != EOF; c = std::getchar()) {
        if (c != '\n') {
            line.push_back(static_cast<char>(c));
            continue;
        }
        char *rest = nullptr;
        Timestamp last = (std::strtoll(line.c_str(), &rest, 10) - unix_epoch) * microseconds_per_second;
        const long count = std::strtol(rest, &rest, 10);
        const auto parsed = mvmanager::model::parse(rest);
        if (std::holds_alternative<mvmanager::model::ParseError>(parsed)) {
            std::puts("error");
        } else {
            std::string times;
            for (long i = 0; i < count; ++i) {
                const auto next =
                    next_run(std::get<mvmanager::model::Schedule>(parsed), last, last, mvmanager::model::Utc());
                if (!next)
                    break;
                times += std::to_string(*next / microseconds_per_second + unix_epoch) + ' ';
                last = *next;
            }
            std::puts(times.c_str());
        }
        line.clear();
    }
    return 0;
}
