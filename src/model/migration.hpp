// A change of managed views as a migration of the tools people have: complete files, each with its way back, that need no
// value of an earlier call.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mvmanager::model::migration {

enum class Type { text, query, texts, json, boolean };

// An argument of one of our functions. A query is a text that is easier to read in dollar quotes.
struct Argument {
    std::string name; // empty: by its position
    Type type = Type::text;
    std::vector<std::string> values; // as many as a list has, else one
};
struct Call {
    std::string function;
    std::vector<Argument> arguments;
};

struct Migration {
    std::string title;              // what it does, one line
    std::string revision;           // what up and down call it; letters, digits, - _ . only
    std::vector<std::string> notes; // each a line for the reader
    std::vector<Call> up, down;
    std::vector<Call> verify; // true for a revision that is in place
    // Statements in the place of the calls: core's own SQL.
    std::vector<std::string> statements;
};

enum class Format { sql, plain, alembic, django, rails, knex, flyway, sqitch };
std::optional<Format> format_from_text(std::string_view word);

// Every text in a call reaches the server byte for byte, whatever the tool does to %, :name, ?, #{}, ${} or line ends.
std::string write(const Migration &migration, Format format);

// "SELECT f('x', name => ...)" without semicolon.
std::string sql_of(const Call &call);

// Literals of the languages: what they mean is the text, byte for byte.
std::string python_literal(std::string_view text);
std::string ruby_literal(std::string_view text);
std::string javascript_literal(std::string_view text);

} // namespace mvmanager::model::migration
