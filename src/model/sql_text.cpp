#include "model/sql_text.hpp"

#include "model/word.hpp"

namespace mvmanager::model {
namespace {

bool is_word_start(char c) { return is_letter(c) || c == '_' || static_cast<unsigned char>(c) >= 0x80; }
bool is_word_part(char c) { return is_word_start(c) || is_digit(c) || c == '$'; }

template <typename Part> std::size_t run(std::string_view sql, std::size_t at, Part part) {
    while (at < sql.size() && part(sql[at]))
        ++at;
    return at;
}

Token until(TokenKind kind, std::size_t from, std::size_t to, std::size_t end) {
    bool const found = to != std::string_view::npos;
    return {kind, from, (found ? to : end) - from, found};
}

Token quoted_at(std::string_view sql, std::size_t from, std::size_t quote, bool escapes) {
    char const mark = sql[quote];
    TokenKind const kind = mark == '"' ? TokenKind::name : TokenKind::text;
    for (std::size_t i = quote + 1; i < sql.size(); ++i) {
        if (escapes && sql[i] == '\\')
            ++i;
        else if (sql[i] == mark) {
            if (i + 1 == sql.size() || sql[i + 1] != mark)
                return {kind, from, i + 1 - from, true};
            ++i;
        }
    }
    return {kind, from, sql.size() - from, false};
}

Token block_comment_at(std::string_view sql, std::size_t from) {
    std::size_t depth = 0;
    for (std::size_t i = from; i + 1 < sql.size(); ++i) {
        if (sql[i] == '/' && sql[i + 1] == '*') {
            ++depth;
            ++i;
        } else if (sql[i] == '*' && sql[i + 1] == '/') {
            ++i;
            if (--depth == 0)
                return {TokenKind::comment, from, i + 1 - from, true};
        }
    }
    return {TokenKind::comment, from, sql.size() - from, false};
}

// $1 and a lone $ are symbols.
Token dollar_at(std::string_view sql, std::size_t from) {
    std::size_t const end = run(sql, from + 1, [](char c) { return c != '$' && is_word_part(c); });
    if (end >= sql.size() || sql[end] != '$' || (end > from + 1 && is_digit(sql[from + 1])))
        return {TokenKind::symbol, from, 1, true};
    std::string_view const tag = sql.substr(from, end + 1 - from);
    std::size_t const close = sql.find(tag, end + 1);
    return until(TokenKind::text, from, close == std::string_view::npos ? close : close + tag.size(), sql.size());
}

Token word_at(std::string_view sql, std::size_t from) {
    std::size_t end = run(sql, from, is_word_part);
    std::size_t const length = end - from;
    char const first = to_lower(sql[from]);
    bool const ampersand = length == 1 && first == 'u' && end + 1 < sql.size() && sql[end] == '&';
    if (ampersand && (sql[end + 1] == '\'' || sql[end + 1] == '"'))
        return quoted_at(sql, from, end + 1, false);
    if (length == 1 && end < sql.size() && sql[end] == '\'' &&
        (first == 'e' || first == 'b' || first == 'x' || first == 'n'))
        return quoted_at(sql, from, end, first == 'e');
    return {TokenKind::word, from, length, true};
}

} // namespace

Token token_at(std::string_view sql, std::size_t at) {
    char const c = sql[at];
    char const next = at + 1 < sql.size() ? sql[at + 1] : '\0';
    if (is_blank(c))
        return {TokenKind::blank, at, run(sql, at, is_blank) - at, true};
    if (c == '-' && next == '-')
        return {TokenKind::comment, at, run(sql, at, [](char d) { return d != '\n' && d != '\r'; }) - at, true};
    if (c == '/' && next == '*')
        return block_comment_at(sql, at);
    if (c == '\'' || c == '"')
        return quoted_at(sql, at, at, false);
    if (c == '$')
        return dollar_at(sql, at);
    if (is_word_start(c))
        return word_at(sql, at);
    if (is_digit(c))
        return {TokenKind::number, at, run(sql, at, [](char d) { return is_word_part(d) || d == '.'; }) - at, true};
    return {TokenKind::symbol, at, 1, true};
}

std::string sql_literal(std::string_view text) {
    bool const escapes = text.find('\\') != std::string_view::npos;
    std::string out = escapes ? "E'" : "'";
    for (char const c : text) {
        if (c == '\'' || c == '\\')
            out += c;
        out += c;
    }
    return out + '\'';
}

std::string dollar_quoted(std::string_view text, std::string_view tag) {
    // Closed by the first `$tag$`; a `$tag` at the end of the text would make one with the closing dollar.
    std::string mark = "$" + std::string(tag);
    for (int i = 2; text.find(mark) != std::string_view::npos; ++i)
        mark = "$" + std::string(tag) + std::to_string(i);
    mark += '$';
    return mark + std::string(text) + mark;
}

std::string index_on(std::string_view printed, std::string_view relation) {
    bool after_on = false;
    std::size_t from = std::string_view::npos;
    for (std::size_t at = 0; at < printed.size();) {
        Token const token = token_at(printed, at);
        std::string_view const bytes = printed.substr(at, token.length);
        bool const is_word = token.kind == TokenKind::word || token.kind == TokenKind::name;
        if (!after_on)
            after_on = token.kind == TokenKind::word && bytes == "ON";
        else if (from == std::string_view::npos && is_word && bytes != "ONLY")
            from = at;
        else if (from != std::string_view::npos && token.kind == TokenKind::blank)
            return std::string(printed.substr(0, from)).append(relation).append(printed.substr(at));
        at += token.length;
    }
    return std::string(printed);
}

} // namespace mvmanager::model
