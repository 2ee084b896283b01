// A migration's SQL cut into statements, as psql would send them.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace mvmanager::model {

struct ScriptStatement {
    std::string text;     // from its first token, without the semicolon; comments and psql's commands are taken out
    std::size_t line = 1; // of its first token, counted from 1
    // Why the server would refuse it, where it need not be asked: on operators and nested comments without end its scanner
    // takes time that grows with the square of their length, and cannot be interrupted.
    std::string refused;
};

// Knows quotes, dollar quotes, comments, psql's backslash commands, the rows after COPY ... FROM stdin, and the semicolons
// inside of CREATE RULE and of BEGIN ATOMIC bodies. Anything may be in the text: what is no SQL comes out as a statement
// like any other. Reads each byte a bounded number of times. REQUIRES: the text outlives the script.
class Script {
public:
    explicit Script(std::string_view text) : text_(text) {}
    std::optional<ScriptStatement> next();

private:
    void advance(std::size_t to);
    bool skip_command();
    void skip_rows();

    std::string_view text_;
    std::size_t at_ = 0;
    std::size_t line_ = 1;
    bool no_more_rows_ = false;
};

// psql's variables outside of quotes replaced by what can be parsed: :name and :"name" by a name, :'name' by a string,
// :{?name} by true. Lines stay where they are.
std::string with_variables_named(std::string_view statement);

} // namespace mvmanager::model
