#include "model/script.hpp"

#include <algorithm>
#include <array>

#include "model/name.hpp"
#include "model/sql_text.hpp"
#include "model/word.hpp"

namespace mvmanager::model {
namespace {

// What the words of a statement say about where it ends.
class Shape {
public:
    void symbol(char c) {
        if (c == '(')
            ++parentheses_;
        else if (c == ')' && parentheses_ > 0)
            --parentheses_;
        previous_.clear();
    }
    void word(std::string word) {
        if (words_ < first_.size())
            first_[words_] = word;
        ++words_;
        if (is_routine()) {
            if (word == "atomic" && previous_ == "begin")
                ++blocks_;
            else if (blocks_ > 0 && word == "case")
                ++blocks_;
            else if (blocks_ > 0 && word == "end")
                --blocks_;
        }
        if (first_[0] == "copy" && word == "stdin" && previous_ == "from")
            rows_follow_ = true;
        previous_ = std::move(word);
    }
    // A semicolon here is part of the statement.
    bool is_inside() const { return blocks_ > 0 || (is_created("rule") && parentheses_ > 0); }
    bool rows_follow() const { return rows_follow_; }

private:
    bool is_created(std::string_view what) const {
        return first_[0] == "create" && (first_[1] == what || (first_[1] == "or" && first_[3] == what));
    }
    bool is_routine() const { return is_created("function") || is_created("procedure"); }

    std::array<std::string, 4> first_; // CREATE OR REPLACE RULE
    std::string previous_;
    std::size_t words_ = 0;
    int parentheses_ = 0, blocks_ = 0;
    bool rows_follow_ = false;
};

// psql's commands that send what was typed so far.
bool sends(std::string_view command) {
    constexpr std::string_view senders[] = {"g",     "gx",   "gexec", "gset",       "gdesc",       "crosstabview",
                                            "watch", "bind", "parse", "bind_named", "sendpipeline"};
    return std::ranges::find(senders, command) != std::end(senders);
}

// :{?name} at most: names are short, and a search to the end at each brace would take for ever.
constexpr std::size_t longest_test = 100;

bool is_operator(char c) { return std::string_view("+-*/<>=~!@#%^&|`?").find(c) != std::string_view::npos; }

// Its newlines, so that lines stay where they are. One space at least: it parts words.
std::string blank_of(std::string_view comment) {
    auto const lines = static_cast<std::size_t>(std::ranges::count(comment, '\n'));
    return lines ? std::string(lines, '\n') : std::string(" ");
}

} // namespace

void Script::advance(std::size_t to) {
    line_ += static_cast<std::size_t>(std::ranges::count(text_.substr(at_, to - at_), '\n'));
    at_ = to;
}

// At a backslash. True where the command ends the statement before it.
bool Script::skip_command() {
    std::size_t const name = at_ + 1;
    if (name < text_.size() && text_[name] == ';') {
        advance(name + 1);
        return true;
    }
    std::size_t end = name;
    while (end < text_.size() && (is_letter(text_[end]) || text_[end] == '_'))
        ++end;
    bool const ends = sends(text_.substr(name, end - name));
    advance(std::min(text_.find('\n', at_), text_.size()));
    return ends;
}

// After COPY ... FROM stdin: up to and with the line that holds a backslash and a full stop. Where there is none, there are
// no rows.
void Script::skip_rows() {
    if (no_more_rows_)
        return;
    for (std::size_t found = text_.find("\n\\.", at_); found != std::string_view::npos;
         found = text_.find("\n\\.", found + 1)) {
        std::size_t const end = found + 3;
        if (end == text_.size() || text_[end] == '\n' || text_[end] == '\r') {
            advance(end);
            return;
        }
    }
    no_more_rows_ = true;
}

std::optional<ScriptStatement> Script::next() {
    ScriptStatement statement;
    Shape shape;
    bool begun = false;
    std::size_t operator_bytes = 0; // its length so far
    while (at_ < text_.size()) {
        Token const token = token_at(text_, at_);
        std::string_view const bytes = text_.substr(token.at, token.length);
        if (token.kind == TokenKind::symbol && bytes == "\\") {
            if (skip_command() && begun)
                return statement;
            continue;
        }
        if (token.kind == TokenKind::symbol && bytes == ";" && !shape.is_inside()) {
            advance(token.at + token.length);
            if (!begun)
                continue;
            if (shape.rows_follow())
                skip_rows();
            return statement;
        }
        bool const is_comment = token.kind == TokenKind::comment && token.terminated;
        bool const is_nothing = token.kind == TokenKind::blank || is_comment;
        if (!begun && !is_nothing) {
            begun = true;
            statement.line = line_;
        }
        if (begun && is_comment)
            statement.text += blank_of(bytes);
        else if (begun)
            statement.text += bytes;
        if (token.kind == TokenKind::comment && !token.terminated)
            statement.refused = "unterminated /* comment";
        operator_bytes = token.kind == TokenKind::symbol && is_operator(bytes.front()) ? operator_bytes + 1 : 0;
        if (operator_bytes > max_name_bytes)
            statement.refused = "operator too long";
        if (token.kind == TokenKind::word)
            shape.word(to_lower(bytes));
        else if (!is_nothing)
            shape.symbol(bytes.front());
        advance(token.at + token.length);
    }
    if (!begun)
        return std::nullopt;
    return statement;
}

std::string with_variables_named(std::string_view statement) {
    std::string out;
    bool after_colon = false; // of a cast
    for (std::size_t at = 0; at < statement.size();) {
        Token const token = token_at(statement, at);
        std::string_view const bytes = statement.substr(at, token.length);
        at += token.length;
        if (token.kind != TokenKind::symbol || bytes != ":" || after_colon || at == statement.size()) {
            after_colon = token.kind == TokenKind::symbol && bytes == ":" && !after_colon;
            out += bytes;
            continue;
        }
        Token const next = token_at(statement, at);
        std::string_view const of_variable = statement.substr(at, next.length);
        if (next.kind == TokenKind::word) {
            out.append("\":").append(of_variable).append("\"");
        } else if (next.kind == TokenKind::name || (next.kind == TokenKind::text && of_variable.front() == '\'')) {
            out += of_variable;
        } else if (std::size_t const close = statement.substr(at, longest_test).find('}');
                   of_variable == "{" && close != std::string_view::npos) {
            out += "true";
            at += close + 1;
            continue;
        } else {
            out += bytes;
            after_colon = true;
            continue;
        }
        at += next.length;
    }
    return out;
}

} // namespace mvmanager::model
