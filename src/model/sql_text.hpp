// SQL as text: where its tokens begin and end, and how a text becomes one. No grammar, no catalog: for splitting, breaking
// and quoting what the server parses.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace mvmanager::model {

enum class TokenKind {
    blank,   // white space
    comment, // -- to the end of the line, /* */ nested
    text,    // '...', E'...', $tag$...$tag$ and their kind
    name,    // "..."
    word,    // an identifier or keyword
    number,
    symbol, // any other byte
};

struct Token {
    TokenKind kind = TokenKind::symbol;
    std::size_t at = 0;
    std::size_t length = 0;
    bool terminated = true; // false: a quote or comment that the text ends in
};

// The token that begins at byte `at`. REQUIRES: at < sql.size(), and a token begins there. As with the server's default
// standard_conforming_strings, a backslash escapes in E'' alone.
Token token_at(std::string_view sql, std::size_t at);

// As the server's quote_literal: quotes doubled, E'' with doubled backslashes where there is one.
std::string sql_literal(std::string_view text);

// $tag$text$tag$, byte for byte. The tag is `tag`, with a number behind it where the text has that one in it.
std::string dollar_quoted(std::string_view text, std::string_view tag);

// A CREATE INDEX as the server prints it, on another relation. `relation` is qualified and quoted.
std::string index_on(std::string_view printed, std::string_view relation);

} // namespace mvmanager::model
