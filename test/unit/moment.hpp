#pragma once

#include <cstdio>
#include <stdexcept>
#include <string>

#include "model/time.hpp"

// Instants and readings in tests as text: "2026-03-29 02:30" or "2026-03-29 02:30:15".

namespace mvmanager::test {

inline model::LocalTime local(const std::string &text) {
    model::LocalTime time;
    const int read = std::sscanf(text.c_str(), "%d-%d-%d %d:%d:%d", &time.year, &time.month, &time.day, &time.hour,
                                 &time.minute, &time.second);
    if (read != 3 && read < 5)
        throw std::invalid_argument(text);
    return time;
}

inline model::Timestamp utc(const std::string &text) { return model::as_if_utc(local(text)); }

inline std::string show(const model::LocalTime &time) {
    char text[80];
    std::snprintf(text, sizeof text, "%04d-%02d-%02d %02d:%02d", time.year, time.month, time.day, time.hour,
                  time.minute);
    std::string shown = text;
    if (time.second != 0 || time.microsecond != 0) {
        std::snprintf(text, sizeof text, ":%02d", time.second);
        shown += text;
    }
    if (time.microsecond != 0) {
        std::snprintf(text, sizeof text, ".%06d", time.microsecond);
        shown += text;
    }
    return shown;
}

inline std::string show(model::Timestamp t) { return show(model::from_as_if_utc(t)); }

} // namespace mvmanager::test
