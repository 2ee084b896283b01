#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "model/script.hpp"

namespace mvmanager::model {
namespace {

using Statements = std::vector<std::pair<std::size_t, std::string>>;

Statements statements(std::string_view text) {
    Script script(text);
    Statements out;
    while (auto statement = script.next())
        out.emplace_back(statement->line, statement->text);
    return out;
}

TEST(Script, LinesAreThoseOfTheFirstToken) {
    EXPECT_EQ(statements("a;\n-- x\n\n  b\nc;;\n/* y\n */ d"), (Statements{{1, "a"}, {4, "b\nc"}, {7, "d"}}));
    EXPECT_EQ(statements(" \n;; -- nothing"), Statements{});
    EXPECT_EQ(statements("a; /* open"), (Statements{{1, "a"}, {1, "/* open"}})) << "for the parser to complain about";
}

TEST(Script, SemicolonsInside) {
    EXPECT_EQ(statements("a ';' \";\" $$;$$ /*;\n;*/ b/**/c"), (Statements{{1, "a ';' \";\" $$;$$ \n b c"}}));
    EXPECT_EQ(statements("CREATE OR REPLACE RULE r AS DO (a; b); c").size(), 2U);
    EXPECT_EQ(statements("f(a; b").size(), 2U) << "an open parenthesis does not swallow the rest";
    EXPECT_EQ(statements("CREATE FUNCTION f() BEGIN ATOMIC SELECT CASE WHEN a THEN b END; c; END; d").size(), 2U);
    EXPECT_EQ(statements("BEGIN; CREATE TABLE t (a int); END; d").size(), 4U);
}

TEST(Script, PsqlCommands) {
    EXPECT_EQ(statements("\\set x 'don''t\na;\n\\i f\nb \\gexec\nc\n\\g\nd \\; e\n\\endif\n"),
              (Statements{{2, "a"}, {4, "b "}, {5, "c\n"}, {7, "d "}, {7, "e\n\n"}}));
}

TEST(Script, RowsOfCopy) {
    EXPECT_EQ(statements("COPY t (a) FROM STDIN WITH CSV;\nit's; x\n\\.\nb"),
              (Statements{{1, "COPY t (a) FROM STDIN WITH CSV"}, {4, "b"}}));
    EXPECT_EQ(statements("COPY t FROM stdin; a; \\.").size(), 2U) << "not on a line of its own: no rows";
    EXPECT_EQ(statements("COPY t FROM 'stdin'; a").size(), 2U);
}

TEST(Script, Variables) {
    EXPECT_EQ(with_variables_named("a :x :'y' :\"z\" :{?w} b::int c := d [1:2]"),
              "a \":x\" 'y' \"z\" true b::int c := d [1:2]");
    EXPECT_EQ(with_variables_named("':x' \":y\" $$:z$$ --:w"), "':x' \":y\" $$:z$$ --:w");
    EXPECT_EQ(with_variables_named(":"), ":");
    EXPECT_EQ(with_variables_named(":{"), ":{");
}

} // namespace
} // namespace mvmanager::model
