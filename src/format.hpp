// Text from a format string that is checked at compile time.
//
// The library's formatting code is compiled once, in format.cpp: as a header it would be compiled again into every
// object that formats a text, seconds of processor time each.
#pragma once

#include <iterator>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/core.h>

namespace mvmanager {

std::string format_erased(fmt::string_view text, fmt::format_args arguments);

template <typename... Args> std::string format(fmt::format_string<Args...> text, Args &&...args) {
    return format_erased(text, fmt::make_format_args(args...));
}

// The texts of a range, one after the other with the separator between.
template <typename Range> std::string join(const Range &texts, std::string_view separator) {
    std::string joined;
    for (const auto &text : texts) {
        if (&text != &*std::begin(texts))
            joined += separator;
        joined += text;
    }
    return joined;
}

} // namespace mvmanager
