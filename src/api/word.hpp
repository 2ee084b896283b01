// Arguments that are one of a few words.
#pragma once

#include <algorithm>
#include <initializer_list>
#include <string>
#include <string_view>

#include "format.hpp"
#include "pg/error.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::api {

// Raises 22023 with the words that are allowed.
inline void check_word(const char *argument, const std::string &word, std::initializer_list<std::string_view> allowed) {
    if (std::ranges::find(allowed, word) == allowed.end())
        throw pg::Error(pg::sqlstate::invalid_argument, "unrecognized value for argument \"{}\": \"{}\"", argument,
                        word)
            .hint("Pass one of: {}.", join(allowed, ", "));
}

} // namespace mvmanager::api
