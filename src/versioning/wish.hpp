// What a caller of mv_create, mv_apply or mv_replace asks for.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "model/column_change.hpp"
#include "model/definition.hpp"

namespace mvmanager::versioning {

// nullopt keeps what the view has.
struct Wish {
    std::string text;
    std::optional<std::vector<std::string>> indexes = {};
    std::optional<std::string> label = {};
    std::optional<std::string> comment = {}; // empty removes it
    struct Options {
        std::vector<model::Option> set;
        std::vector<std::string> reset;
        std::optional<std::string> tablespace, access_method;
    };
    Options options = {};
    bool drop_indexes = false; // registered ones that the list does not name
    // Of a changed definition:
    bool is_manual = false; // staged until mv_promote
    bool recreates_dependents = false;
    std::vector<model::Rename> renames = {}; // of columns
    std::optional<std::string> validate = {};
    std::optional<std::int64_t> family = {}; // becomes live together with others of that number
    // Asked once, when there is something to do that takes its time: true where the worker is to do it after commit.
    enum class Task { build, indexes };
    std::function<bool(Task)> is_background = {};
};

} // namespace mvmanager::versioning
