// How the columns of a view change from one definition to the next.
//
// Three of the four kinds leave every column that stays where it is, so what uses it goes on as it did. A column continues
// another one where it has the same name or the caller names the two as a rename.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "model/definition.hpp"

namespace mvmanager::model {

enum class ColumnChangeKind : std::uint8_t {
    same,     // number, types and collations; names may change by rename
    appended, // the old ones, then new ones
    trimmed,  // the first of the old ones: the way back from appended
    reshaped, // something dropped, retyped, of another collation, or at another place
};

struct Rename {
    std::string from;
    std::string to;
    bool operator==(const Rename &) const = default;
};

struct ColumnChange {
    ColumnChangeKind kind = ColumnChangeKind::same;
    std::vector<int> from;       // of each new column the position, from 1, of the old one it continues; 0: none
    std::vector<Rename> renames; // in the order of the new columns
    std::vector<std::string> differences; // all of them, as a person reads them
    std::vector<std::string>
        incompatible; // those that stand in the way of what uses the columns: no addition, no rename
};

// Why the renames make no sense, and what to do.
struct RenameRefusal {
    std::string message;
    std::string hint;
};

// Compares by name, type and collation. Each rename must name an old column and a new one, each at most once.
std::variant<ColumnChange, RenameRefusal> compare_columns(std::span<const Column> before, std::span<const Column> after,
                                                          std::span<const Rename> renames = {});

} // namespace mvmanager::model
