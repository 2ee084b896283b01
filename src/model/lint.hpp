// What is dangerous in a migration that touches materialized views, decided from what its statements say.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace mvmanager::model::lint {

struct Name {
    std::string schema; // empty: none was written
    std::string name;
    std::string written; // both, quoted where needed

    bool operator<(const Name &other) const { return std::tie(name, schema) < std::tie(other.name, other.schema); }
};

enum class Kind {
    broken, // does not parse
    begin,
    end,         // of a transaction
    create_view, // a materialized one
    create_index,
    refresh,
    rename,      // of a materialized view
    drop,        // of anything
    call,        // of a function of ours
    concurrently // an index command that cannot run in a transaction block
};

// A statement, as far as the rules ask. What a kind does not have is empty.
struct Statement {
    Kind kind = Kind::broken;
    std::size_t line = 1;
    Name name;                 // the view; the command of `concurrently`; the function of a call
    Name new_name;             // rename
    std::vector<Name> dropped; // drop
    std::string dropped_kind;  // drop: as in SQL, "MATERIALIZED VIEW"
    bool drops_schema = false; // drop: and with it what is in it
    bool drops_relation = false;
    bool cascade = false;
    bool if_not_exists = false;
    bool with_data = false;       // create_view, refresh
    bool concurrently = false;    // refresh
    bool identifies_rows = false; // create_index: unique, on plain columns, of all rows
    bool has_parameter = false;   // create_view: $1
    std::string problem;          // broken: the server's message; create_view: an option the server refuses
    std::string where;            // broken: a sentence on the place, if it is known
};

// What the database at hand knows of a name.
struct Known {
    bool managed = false;
    bool materialized_view = false;
    bool has_unique_index = false; // that REFRESH ... CONCURRENTLY can use
};
struct Database {
    std::function<Known(const Name &)> look_up;
    // Managed views in a schema, as they are written.
    std::function<std::vector<std::string>(const std::string &)> managed_in;
};

enum class Severity { info, warning, error };
std::string_view to_text(Severity severity);

struct Finding {
    std::size_t line = 0;
    std::string rule;
    Severity severity = Severity::error;
    std::string object; // empty where it is about none
    std::string message;
    std::string hint;
};

// In the order of lines. O(n log n) in the number of statements.
std::vector<Finding> check(const std::vector<Statement> &statements, const Database &database);

} // namespace mvmanager::model::lint
