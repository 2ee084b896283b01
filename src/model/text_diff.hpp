// What differs between two queries, in lines.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mvmanager::model {

// The lines of a query. One that is too long to be read is broken further, as if its author had written it out: after
// commas, before the words that begin a clause, in long strings at blanks and commas; blanks at such a break are left
// out. The views point into `sql`.
std::vector<std::string_view> query_lines(std::string_view sql);

// Lines that were replaced. Lines count from 1; where there are none on one side, its number is that of the line before.
struct Hunk {
    std::size_t before_line = 0, before_count = 0;
    std::size_t after_line = 0, after_count = 0;
};

// From first to last, none next to another. Shortest where few lines differ; where many do, lines that each side has
// once hold the rest together, and between those whole stretches are replaced. Time and memory grow with the number of
// lines times at most a constant.
std::vector<Hunk> diff(std::span<const std::string_view> before, std::span<const std::string_view> after);

// "@@ -3,2 +3,4 @@", as in a unified diff.
std::string heading(const Hunk &hunk);

} // namespace mvmanager::model
