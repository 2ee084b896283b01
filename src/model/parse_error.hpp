#pragma once

#include <string>

namespace mvmanager::model {

// Why a text was refused, in PostgreSQL's style: the message in lower case without a full stop, the hint a sentence that
// names something to type (or empty).
struct ParseError {
    int position =
        1; // 1-based character of the text where the fault begins; one past the end when something is missing
    std::string message;
    std::string hint;

    friend bool operator==(const ParseError &, const ParseError &) = default;
};

} // namespace mvmanager::model
