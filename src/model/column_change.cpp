#include "model/column_change.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace mvmanager::model {
namespace {

using Columns = std::span<const Column>;

std::optional<std::size_t> find(Columns columns, const std::string &name) {
    auto const found = std::ranges::find(columns, name, &Column::name);
    if (found == columns.end())
        return std::nullopt;
    return static_cast<std::size_t>(found - columns.begin());
}

std::string quoted(const std::string &name) { return '"' + name + '"'; }

std::string range(std::size_t first, std::size_t last) { return std::to_string(first) + "-" + std::to_string(last); }

std::string collation_of(const Column &column) { return column.collation.empty() ? "none" : column.collation; }

std::string names(Columns columns) {
    std::string out;
    for (const Column &column : columns)
        out += (out.empty() ? "" : ", ") + quoted(column.name);
    return out;
}

// A string of a JSON text that stands inside an SQL literal.
std::string json_in_literal(const std::string &name) {
    std::string out = "\"";
    for (char const c : name) {
        if (c == '"' || c == '\\')
            out += '\\';
        if (c == '\'')
            out += '\'';
        out += c;
    }
    return out + '"';
}

std::optional<RenameRefusal> check(Columns before, Columns after, std::span<const Rename> renames) {
    for (std::size_t i = 0; i < renames.size(); ++i) {
        const auto &[from, to] = renames[i];
        if (!find(before, from))
            return RenameRefusal{"rename_columns names column " + quoted(from) + ", which the view does not have",
                                 "Its columns are " + names(before) + "."};
        if (!find(after, to))
            return RenameRefusal{"rename_columns renames " + quoted(from) + " to " + quoted(to) +
                                     ", which the new definition does not have",
                                 "The columns of the new definition are " + names(after) + "."};
        for (const Rename &earlier : renames.first(i)) {
            if (earlier.from == from)
                return RenameRefusal{"rename_columns names column " + quoted(from) + " twice",
                                     "A column gets one new name."};
            if (earlier.to == to)
                return RenameRefusal{"rename_columns renames both " + quoted(earlier.from) + " and " + quoted(from) +
                                         " to " + quoted(to),
                                     "Two columns cannot become one."};
        }
    }
    return std::nullopt;
}

bool is_retyped(const Column &a, const Column &b) { return a.type != b.type || a.collation != b.collation; }

// Of each old column the position of the one that continues it, 0 where none does.
std::vector<int> forwards(std::size_t count, const std::vector<int> &from) {
    std::vector<int> to(count, 0);
    for (std::size_t i = 0; i < from.size(); ++i)
        if (from[i] > 0)
            to[static_cast<std::size_t>(from[i]) - 1] = static_cast<int>(i) + 1;
    return to;
}

ColumnChangeKind kind_of(Columns before, Columns after, const std::vector<int> &from) {
    std::size_t const common = std::min(before.size(), after.size());
    for (std::size_t i = 0; i < common; ++i)
        if (from[i] != static_cast<int>(i) + 1 || is_retyped(before[i], after[i]))
            return ColumnChangeKind::reshaped;
    // What follows the common part continues nothing: all old columns are taken.
    if (after.size() > before.size())
        return ColumnChangeKind::appended;
    return after.size() < before.size() ? ColumnChangeKind::trimmed : ColumnChangeKind::same;
}

class Differences {
public:
    Differences(Columns before, Columns after, ColumnChange &out)
        : before_(before), after_(after), out_(out), to_(forwards(before.size(), out.from)) {}

    void write() {
        write_dropped();
        for (std::size_t i = 0; i < after_.size(); ++i)
            if (out_.from[i] > 0)
                write_changes(before_[old_of(i)], after_[i]);
        write_moves();
        for (std::size_t i = 0; i < after_.size(); ++i)
            if (out_.from[i] == 0)
                add(false, "column " + quoted(after_[i].name) + " is added");
    }

private:
    std::size_t old_of(std::size_t i) const { return static_cast<std::size_t>(out_.from[i]) - 1; }

    void add(bool is_incompatible, std::string text) {
        if (is_incompatible)
            out_.incompatible.push_back(text);
        out_.differences.push_back(std::move(text));
    }

    void write_dropped() {
        for (std::size_t i = 0; i < before_.size(); ++i) {
            if (to_[i] > 0)
                continue;
            std::string text = "column " + quoted(before_[i].name) + " is dropped";
            if (i < after_.size() && out_.from[i] == 0 && !is_retyped(before_[i], after_[i]))
                text += " (if " + quoted(after_[i].name) + " is its new name, pass rename_columns => '{" +
                        json_in_literal(before_[i].name) + ": " + json_in_literal(after_[i].name) + "}')";
            add(true, std::move(text));
        }
    }

    void write_changes(const Column &old, const Column &now) {
        if (old.name != now.name)
            add(false, "column " + quoted(old.name) + " is renamed to " + quoted(now.name));
        if (old.type != now.type)
            add(true, "column " + quoted(now.name) + " changes from " + old.type + " to " + now.type);
        else if (old.collation != now.collation)
            add(true, "column " + quoted(now.name) + " changes its collation from " + collation_of(old) + " to " +
                          collation_of(now));
    }

    // Neighbours that move together are told together: a column dropped at the front moves all the others.
    void write_moves() {
        for (std::size_t i = 0; i < after_.size();) {
            if (out_.from[i] == 0 || old_of(i) == i) {
                ++i;
                continue;
            }
            std::size_t end = i + 1;
            while (end < after_.size() && out_.from[end] == out_.from[end - 1] + 1)
                ++end;
            if (end - i <= 2)
                end = i + 1;
            if (end == i + 1)
                add(true, "column " + quoted(after_[i].name) + " moves from position " + std::to_string(out_.from[i]) +
                              " to " + std::to_string(i + 1));
            else
                add(true, "columns " + quoted(after_[i].name) + " to " + quoted(after_[end - 1].name) +
                              " move from positions " + range(old_of(i) + 1, old_of(end - 1) + 1) + " to " +
                              range(i + 1, end));
            i = end;
        }
    }

    Columns before_, after_;
    ColumnChange &out_;
    std::vector<int> to_;
};

} // namespace

std::variant<ColumnChange, RenameRefusal> compare_columns(Columns before, Columns after,
                                                          std::span<const Rename> renames) {
    if (auto refusal = check(before, after, renames))
        return *std::move(refusal);
    ColumnChange out;
    for (const Column &column : after) {
        auto const rename = std::ranges::find(renames, column.name, &Rename::to);
        // A column that is renamed away does not go on under its own name.
        bool const by_name =
            rename == renames.end() && std::ranges::find(renames, column.name, &Rename::from) == renames.end();
        auto const old = rename != renames.end() ? find(before, rename->from)
                         : by_name               ? find(before, column.name)
                                                 : std::nullopt;
        out.from.push_back(old ? static_cast<int>(*old) + 1 : 0);
        if (old && before[*old].name != column.name)
            out.renames.push_back({before[*old].name, column.name});
    }
    out.kind = kind_of(before, after, out.from);
    Differences(before, after, out).write();
    return out;
}

} // namespace mvmanager::model
