#include <gtest/gtest.h>

#include <string>

#include "model/migration.hpp"

namespace mvmanager::model::migration {
namespace {

TEST(Migration, PythonLiteral) {
    EXPECT_EQ(python_literal("a'b"), R"("a'b")");
    EXPECT_EQ(python_literal("a\"b\\"), R"("a\"b\\")");
    EXPECT_EQ(python_literal("a\nb\"\"\"\r\""), "\"\"\"a\nb\\\"\\\"\"\\r\\\"\"\"\"")
        << "no three in a row, none at the end";
}

TEST(Migration, RubyLiteral) { EXPECT_EQ(ruby_literal("#{x} \"\\\r\n"), "\"\\#{x} \\\"\\\\\\r\n\""); }

TEST(Migration, JavascriptLiteral) {
    EXPECT_EQ(javascript_literal("a\"$b"), "'a\"$b'");
    EXPECT_EQ(javascript_literal("it's ${x} $y `\\"), "`it's \\${x} $y \\`\\\\`");
    EXPECT_EQ(javascript_literal("a\r\nb"), "`a\\r\nb`") << "a template makes \\n of a line end of two bytes";
}

TEST(Migration, Calls) {
    EXPECT_EQ(sql_of({"mv_drop", {{"", Type::text, {"a'b"}}, {"cascade", Type::boolean, {"true"}}}}),
              "SELECT mv_drop('a''b', cascade => true)");
    EXPECT_EQ(sql_of({"f", {{"", Type::query, {"$mv$"}}, {"i", Type::texts, {}}}}),
              "SELECT f(\n    $mv2$$mv$$mv2$,\n    i => ARRAY[]::text[])");
}

TEST(Migration, WhatAToolWouldTakeForItself) {
    Migration const m{.title = "t\n${x} coding: y",
                      .revision = "r-1",
                      .up = {{"f", {{"", Type::query, {"%\t\r${y}?"}}}}},
                      .down = {{"g", {{"", Type::text, {"${z}"}}}}},
                      .verify = {{"h", {{"", Type::text, {"v"}}, {"label", Type::text, {"r-1"}}}}}};
    auto has = [&](Format format, std::string_view text) {
        return write(m, format).find(text) != std::string::npos;
    };
    EXPECT_TRUE(has(Format::alembic, "%%\\\\t"));
    EXPECT_TRUE(has(Format::django, "$mv$%\t\\r${y}?$mv$"));
    EXPECT_TRUE(has(Format::knex, "'SELECT f(?::text)'"));
    EXPECT_FALSE(has(Format::flyway, "${"));
    EXPECT_TRUE(has(Format::flyway, "E'%\\t\\r\\x24{y}?'"));
    EXPECT_TRUE(has(Format::flyway, "\n-- SELECT g(E'\\x24{z}');\n")) << "the way back does not run";
    EXPECT_TRUE(has(Format::sqitch, "SELECT 1 / count(*) FROM h('v') WHERE label = 'r-1';"));
    EXPECT_TRUE(has(Format::rails, "class R1 < "));
    EXPECT_TRUE(has(Format::sql, "-- t $ {x} coding : y\n"));
}

TEST(Migration, OfNothingIsAFileAllTheSame) {
    EXPECT_NE(write({.title = "0 views", .revision = "r"}, Format::alembic).find("def upgrade():\n    pass\n"),
              std::string::npos);
}

} // namespace
} // namespace mvmanager::model::migration
