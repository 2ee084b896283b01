#include "model/text_diff.hpp"

#include <algorithm>
#include <cstdint>
#include <unordered_map>
#include <utility>

#include "model/sql_text.hpp"
#include "model/word.hpp"

namespace mvmanager::model {
namespace {

// ---- lines ------------------------------------------------------------------------------------------------------------

constexpr std::size_t readable_bytes = 100;

bool begins_clause(std::string_view word, std::string_view previous) {
    constexpr std::string_view beginnings[] = {"select", "from",  "where",  "group",   "having",   "order", "limit",
                                               "offset", "union", "with",   "join",    "left",     "right", "full",
                                               "inner",  "cross", "on",     "and",     "or",       "when",  "else",
                                               "window", "fetch", "except", "natural", "intersect"};
    constexpr std::string_view sides[] = {"left", "right", "full", "inner", "cross", "outer", "natural"};
    if (word == "join" && std::ranges::find(sides, previous) != std::end(sides))
        return false;
    if (previous == "natural" && word != "select")
        return false;
    return std::ranges::find(beginnings, word) != std::end(beginnings);
}

// Positions at which a long line may be broken: a break stands before the byte.
std::vector<std::size_t> soft_breaks(std::string_view sql) {
    std::vector<std::size_t> breaks;
    std::string previous;
    for (std::size_t at = 0; at < sql.size();) {
        Token const token = token_at(sql, at);
        std::size_t const end = at + token.length;
        if (token.kind == TokenKind::symbol && sql[at] == ',')
            breaks.push_back(end);
        if (token.kind == TokenKind::word) {
            std::string word = to_lower(sql.substr(at, token.length));
            bool const called = end < sql.size() && sql[end] == '('; // left(text, 3)
            if (!called && begins_clause(word, previous))
                breaks.push_back(at);
            previous = std::move(word);
        } else if (token.kind != TokenKind::blank && token.kind != TokenKind::comment) {
            previous.clear();
        }
        if (token.length > readable_bytes && (token.kind == TokenKind::text || token.kind == TokenKind::comment))
            for (std::size_t i = at + 1; i < end; ++i)
                if ((sql[i - 1] == ' ' && sql[i] != ' ') || sql[i - 1] == ',')
                    breaks.push_back(i);
        at = end;
    }
    return breaks;
}

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && is_blank(text.front()))
        text.remove_prefix(1);
    while (!text.empty() && is_blank(text.back()))
        text.remove_suffix(1);
    return text;
}

// ---- differences ------------------------------------------------------------------------------------------------------

using Ids = std::vector<std::uint32_t>;

// Lines that are equal get the same number.
std::pair<Ids, Ids> number(std::span<const std::string_view> before, std::span<const std::string_view> after) {
    std::unordered_map<std::string_view, std::uint32_t> numbers;
    auto of = [&](std::span<const std::string_view> lines) {
        Ids ids;
        ids.reserve(lines.size());
        for (std::string_view const line : lines)
            ids.push_back(numbers.try_emplace(line, static_cast<std::uint32_t>(numbers.size())).first->second);
        return ids;
    };
    Ids first = of(before);
    return {std::move(first), of(after)};
}

struct Range {
    std::size_t before_from, before_to, after_from, after_to;
};

class Differ {
public:
    Differ(const Ids &before, const Ids &after) : before_(before), after_(after) {}

    std::vector<Hunk> run() {
        compare({0, before_.size(), 0, after_.size()}, true);
        return std::move(hunks_);
    }

private:
    // Edits past which the search for the shortest script is given up: its memory grows with their square.
    static constexpr int most_edits = 1000;

    void compare(Range r, bool may_anchor) {
        while (r.before_from < r.before_to && r.after_from < r.after_to &&
               before_[r.before_from] == after_[r.after_from])
            ++r.before_from, ++r.after_from;
        while (r.before_from < r.before_to && r.after_from < r.after_to &&
               before_[r.before_to - 1] == after_[r.after_to - 1])
            --r.before_to, --r.after_to;
        if (r.before_from == r.before_to || r.after_from == r.after_to) {
            replace(r);
            return;
        }
        if (shortest(r))
            return;
        if (may_anchor)
            between_anchors(r);
        else
            replace(r);
    }

    void replace(const Range &r) {
        if (r.before_from == r.before_to && r.after_from == r.after_to)
            return;
        if (!hunks_.empty() && last_.before_to == r.before_from && last_.after_to == r.after_from) {
            hunks_.back().before_count += r.before_to - r.before_from;
            hunks_.back().after_count += r.after_to - r.after_from;
            if (hunks_.back().before_count && !counted_before_)
                hunks_.back().before_line = r.before_from + 1;
            if (hunks_.back().after_count && !counted_after_)
                hunks_.back().after_line = r.after_from + 1;
        } else {
            hunks_.push_back({r.before_from + (r.before_to > r.before_from), r.before_to - r.before_from,
                              r.after_from + (r.after_to > r.after_from), r.after_to - r.after_from});
        }
        counted_before_ = hunks_.back().before_count > 0;
        counted_after_ = hunks_.back().after_count > 0;
        last_ = r;
    }

    // The greedy algorithm of E. W. Myers (1986): furthest[k] is how far into `before` a path on diagonal k = x - y comes
    // with d edits. Every round is kept, to walk back. False where more than most_edits are needed.
    bool shortest(const Range &r) {
        int const n = static_cast<int>(r.before_to - r.before_from), m = static_cast<int>(r.after_to - r.after_from);
        int const most = std::min(n + m, most_edits);
        std::vector<std::vector<int>> rounds;
        std::vector<int> furthest(2 * static_cast<std::size_t>(most) + 3, 0);
        auto at = [most](std::vector<int> &v, int k) -> int & {
            return v[static_cast<std::size_t>(k + most + 1)];
        };
        for (int d = 0; d <= most; ++d) {
            for (int k = -d; k <= d; k += 2) {
                bool const down = k == -d || (k != d && at(furthest, k - 1) < at(furthest, k + 1));
                int x = down ? at(furthest, k + 1) : at(furthest, k - 1) + 1;
                int y = x - k;
                while (x < n && y < m && y >= 0 && same(r, x, y))
                    ++x, ++y;
                at(furthest, k) = x;
                if (x >= n && y >= m) {
                    walk_back(r, rounds, d, n, m);
                    return true;
                }
            }
            // Only the diagonals that this round has reached.
            auto const middle = furthest.begin() + most + 1;
            rounds.emplace_back(middle - d - 1, middle + d + 2);
        }
        return false;
    }

    bool same(const Range &r, int x, int y) const {
        return before_[r.before_from + static_cast<std::size_t>(x)] ==
               after_[r.after_from + static_cast<std::size_t>(y)];
    }

    void walk_back(const Range &r, const std::vector<std::vector<int>> &rounds, int edits, int x, int y) {
        std::vector<Range> found;
        for (int d = edits; d > 0; --d) {
            const std::vector<int> &before = rounds[static_cast<std::size_t>(d - 1)];
            auto reached = [&](int k) {
                return before[static_cast<std::size_t>(k + d)];
            };
            int const k = x - y;
            bool const down = k == -d || (k != d && reached(k - 1) < reached(k + 1));
            int const x0 = reached(down ? k + 1 : k - 1);
            int const y0 = x0 - (down ? k + 1 : k - 1);
            found.push_back(
                {r.before_from + static_cast<std::size_t>(x0), r.before_from + static_cast<std::size_t>(x0 + !down),
                 r.after_from + static_cast<std::size_t>(y0), r.after_from + static_cast<std::size_t>(y0 + down)});
            x = x0;
            y = y0;
        }
        std::ranges::reverse(found);
        for (const Range &edit : found)
            replace(edit);
    }

    // Lines that occur once on each side, as many of them as come in the same order on both.
    std::vector<std::pair<std::size_t, std::size_t>> anchors(const Range &r) const {
        struct Seen {
            std::size_t before = 0, after = 0, before_at = 0, after_at = 0;
        };
        std::unordered_map<std::uint32_t, Seen> seen;
        for (std::size_t i = r.before_from; i < r.before_to; ++i) {
            Seen &s = seen[before_[i]];
            ++s.before;
            s.before_at = i;
        }
        for (std::size_t i = r.after_from; i < r.after_to; ++i) {
            Seen &s = seen[after_[i]];
            ++s.after;
            s.after_at = i;
        }
        std::vector<std::pair<std::size_t, std::size_t>> pairs;
        for (const auto &[id, s] : seen)
            if (s.before == 1 && s.after == 1)
                pairs.emplace_back(s.before_at, s.after_at);
        std::ranges::sort(pairs);
        // The longest run of rising second members.
        std::vector<std::size_t> ends, previous(pairs.size());
        for (std::size_t i = 0; i < pairs.size(); ++i) {
            auto const place =
                std::ranges::lower_bound(ends, pairs[i].second, {}, [&](std::size_t j) { return pairs[j].second; });
            previous[i] = place == ends.begin() ? i : *(place - 1);
            if (place == ends.end())
                ends.push_back(i);
            else
                *place = i;
        }
        std::vector<std::pair<std::size_t, std::size_t>> chain;
        if (!ends.empty())
            for (std::size_t i = ends.back();; i = previous[i]) {
                chain.push_back(pairs[i]);
                if (previous[i] == i)
                    break;
            }
        std::ranges::reverse(chain);
        return chain;
    }

    void between_anchors(const Range &r) {
        Range gap = r;
        for (const auto &[in_before, in_after] : anchors(r)) {
            compare({gap.before_from, in_before, gap.after_from, in_after}, false);
            gap.before_from = in_before + 1;
            gap.after_from = in_after + 1;
        }
        compare(gap, false);
    }

    const Ids &before_;
    const Ids &after_;
    std::vector<Hunk> hunks_;
    Range last_{};
    bool counted_before_ = false, counted_after_ = false;
};

} // namespace

std::vector<std::string_view> query_lines(std::string_view sql) {
    std::vector<std::string_view> lines;
    std::vector<std::size_t> const breaks = soft_breaks(sql);
    auto next_break = breaks.begin();
    for (std::size_t from = 0; from < sql.size();) {
        std::size_t const newline = std::min(sql.find('\n', from), sql.size());
        std::string_view line = sql.substr(from, newline - from);
        if (line.ends_with('\r'))
            line.remove_suffix(1);
        while (next_break != breaks.end() && *next_break <= from)
            ++next_break;
        if (line.size() <= readable_bytes) {
            lines.push_back(line);
        } else {
            std::size_t piece = from;
            auto add = [&](std::size_t to) {
                if (auto const text = trimmed(sql.substr(piece, to - piece)); !text.empty())
                    lines.push_back(text);
                piece = to;
            };
            for (; next_break != breaks.end() && *next_break < newline; ++next_break)
                add(*next_break);
            add(newline);
        }
        from = newline + 1;
    }
    return lines;
}

std::vector<Hunk> diff(std::span<const std::string_view> before, std::span<const std::string_view> after) {
    auto const [first, second] = number(before, after);
    return Differ(first, second).run();
}

std::string heading(const Hunk &hunk) {
    auto part = [](std::size_t line, std::size_t count) {
        return count == 1 ? std::to_string(line) : std::to_string(line) + "," + std::to_string(count);
    };
    return "@@ -" + part(hunk.before_line, hunk.before_count) + " +" + part(hunk.after_line, hunk.after_count) + " @@";
}

} // namespace mvmanager::model
