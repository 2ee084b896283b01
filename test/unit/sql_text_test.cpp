#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "model/sql_text.hpp"

namespace mvmanager::model {
namespace {

// Kinds as letters (blank, comment, text, name, word, number, symbol) with their bytes; an unterminated one ends in !.
std::vector<std::string> tokens(std::string_view sql) {
    std::vector<std::string> out;
    for (std::size_t at = 0; at < sql.size();) {
        Token const token = token_at(sql, at);
        EXPECT_EQ(token.at, at);
        if (token.length == 0) {
            ADD_FAILURE() << "empty token at " << at << " of " << sql;
            break;
        }
        out.push_back(std::string(1, "bctnwds"[static_cast<int>(token.kind)]) + ":" +
                      std::string(sql.substr(at, token.length)) + (token.terminated ? "" : "!"));
        at += token.length;
    }
    return out;
}
using Tokens = std::vector<std::string>;

TEST(SqlText, Quotes) {
    EXPECT_EQ(tokens("'it''s'"), (Tokens{"t:'it''s'"}));
    EXPECT_EQ(tokens(R"('a\' b)"), (Tokens{R"(t:'a\')", "b: ", "w:b"})) << "standard_conforming_strings";
    EXPECT_EQ(tokens(R"(e'a\'b''c'x)"), (Tokens{R"(t:e'a\'b''c')", "w:x"}));
    EXPECT_EQ(tokens(R"(E'a\)"), (Tokens{R"(t:E'a\!)"}));
    EXPECT_EQ(tokens("U&'x' u&\"y\" N'z' x'1'"),
              (Tokens{"t:U&'x'", "b: ", "n:u&\"y\"", "b: ", "t:N'z'", "b: ", "t:x'1'"}));
    EXPECT_EQ(tokens("we'x'"), (Tokens{"w:we", "t:'x'"}));
    EXPECT_EQ(tokens(R"("a""b;")"), (Tokens{R"(n:"a""b;")"}));
    EXPECT_EQ(tokens("'open"), (Tokens{"t:'open!"}));
}

TEST(SqlText, Dollars) {
    EXPECT_EQ(tokens("$$a;'$$"), (Tokens{"t:$$a;'$$"}));
    EXPECT_EQ(tokens("$a$ $b$ $a $a$"), (Tokens{"t:$a$ $b$ $a $a$"}));
    EXPECT_EQ(tokens("x$a$ $1"), (Tokens{"w:x$a$", "b: ", "s:$", "d:1"})) << "a dollar in a word opens nothing";
    EXPECT_EQ(tokens("$1$2"), (Tokens{"s:$", "d:1$2"}));
    EXPECT_EQ(tokens("$t$ open $t"), (Tokens{"t:$t$ open $t!"}));
    EXPECT_EQ(tokens("$é$x$é$"), (Tokens{"t:$é$x$é$"}));
}

TEST(SqlText, Comments) {
    EXPECT_EQ(tokens("--a;b\nc"), (Tokens{"c:--a;b", "b:\n", "w:c"}));
    EXPECT_EQ(tokens("/* a /* b */ ; */c"), (Tokens{"c:/* a /* b */ ; */", "w:c"}));
    EXPECT_EQ(tokens("/*/"), (Tokens{"c:/*/!"}));
    EXPECT_EQ(tokens("a-1"), (Tokens{"w:a", "s:-", "d:1"}));
}

TEST(SqlText, Literal) {
    EXPECT_EQ(sql_literal("a'b"), "'a''b'");
    EXPECT_EQ(sql_literal("a\\'b"), "E'a\\\\''b'");
    EXPECT_EQ(sql_literal(""), "''");
}

TEST(SqlText, DollarQuotedIsReadBack) {
    for (const std::string text : {"", "plain", "$mv$", "$mv", "a$", "$mv2$ and $mv$", "$$", "$mv$mv", "x$mv2", "$"}) {
        std::string const quoted = dollar_quoted(text, "mv");
        Token const token = token_at(quoted, 0);
        EXPECT_EQ(token.kind, TokenKind::text) << quoted;
        EXPECT_EQ(token.length, quoted.size()) << quoted;
        std::size_t const mark = quoted.find('$', 1) + 1;
        EXPECT_EQ(quoted.substr(mark, quoted.size() - 2 * mark), text);
    }
    EXPECT_EQ(dollar_quoted("a", "mv"), "$mv$a$mv$");
}

TEST(SqlText, IndexOnAnotherRelation) {
    EXPECT_EQ(index_on("CREATE INDEX on_it ON pg_temp.v USING btree (a)", "s.\"V\""),
              "CREATE INDEX on_it ON s.\"V\" USING btree (a)");
    EXPECT_EQ(index_on("CREATE UNIQUE INDEX \" ON x.y \" ON ONLY \"a b\".\"c ON d\" USING gin (e) WHERE ON", "s.v"),
              "CREATE UNIQUE INDEX \" ON x.y \" ON ONLY s.v USING gin (e) WHERE ON");
    EXPECT_EQ(index_on("nothing", "s.v"), "nothing");
}

} // namespace
} // namespace mvmanager::model
