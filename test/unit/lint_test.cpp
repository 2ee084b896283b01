#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "model/lint.hpp"

namespace mvmanager::model::lint {
namespace {

const Database nothing_known{[](const Name &) { return Known{}; },
                             [](const std::string &) {
                                 return std::vector<std::string>{};
                             }};

Name name(std::string written) {
    auto const dot = written.find('.');
    if (dot == std::string::npos)
        return {"", written, written};
    return {written.substr(0, dot), written.substr(dot + 1), written};
}

Statement create(std::string view, bool with_data) {
    return {.kind = Kind::create_view, .name = name(std::move(view)), .with_data = with_data};
}
Statement drop(std::string view) {
    return {.kind = Kind::drop,
            .dropped = {name(std::move(view))},
            .dropped_kind = "MATERIALIZED VIEW",
            .drops_relation = true};
}
Statement refresh(std::string view, bool concurrently) {
    return {.kind = Kind::refresh, .name = name(std::move(view)), .with_data = true, .concurrently = concurrently};
}

std::vector<std::string> rules(std::vector<Statement> statements, const Database &database = nothing_known) {
    for (std::size_t i = 0; i < statements.size(); ++i)
        statements[i].line = i + 1;
    std::vector<std::string> out;
    for (const Finding &finding : check(statements, database))
        out.push_back(std::to_string(finding.line) + " " + finding.rule);
    return out;
}
using Rules = std::vector<std::string>;

TEST(Lint, SchemasThatDoNotContradict) {
    EXPECT_EQ(rules({drop("x"), create("a.x", false)}), (Rules{"1 drop-and-recreate"}));
    EXPECT_EQ(rules({drop("a.x"), create("x", false)}), (Rules{"1 drop-and-recreate"}));
    EXPECT_EQ(rules({drop("a.x"), create("b.x", false)}), Rules{});
    EXPECT_EQ(rules({create("a.x", false), create("b.x", false), drop("b.x"), drop("a.x"), create("b.x", false)}),
              (Rules{"3 drop-and-recreate"}));
}

TEST(Lint, StateOfViewsMadeHere) {
    EXPECT_EQ(rules({create("x", false), refresh("x", false)}), Rules{}) << "nobody reads it yet";
    EXPECT_EQ(rules({create("x", false), refresh("x", false), refresh("x", false)}),
              (Rules{"3 plain-refresh-blocks-readers"}));
    EXPECT_EQ(rules({create("x", false), refresh("x", true)}),
              (Rules{"2 first-refresh-concurrently", "2 no-unique-index"}));
    EXPECT_EQ(rules({create("x", false), drop("x"), refresh("x", true)}), Rules{}) << "another x, unknown";
    Statement const index{.kind = Kind::create_index, .name = name("x"), .identifies_rows = true};
    EXPECT_EQ(rules({create("x", false), index, refresh("x", false), refresh("x", true)}), Rules{});
}

TEST(Lint, WhatTheDatabaseKnows) {
    const Database managed{[](const Name &n) {
                               return Known{n.name == "m", true, n.name == "u"};
                           },
                           [](const std::string &) {
                               return std::vector<std::string>{"s.m"};
                           }};
    EXPECT_EQ(rules({drop("m")}, managed), (Rules{"1 drop-managed"}));
    EXPECT_EQ(rules({drop("m"), create("m", false)}, managed), (Rules{"1 drop-and-recreate", "1 drop-managed"}));
    EXPECT_EQ(rules({create("m", false)}, managed), (Rules{"1 create-managed"}));
    EXPECT_EQ(rules({refresh("m", true), refresh("u", true)}, managed), (Rules{"1 no-unique-index"}));
    Statement const schema{
        .kind = Kind::drop, .dropped = {name("s")}, .dropped_kind = "SCHEMA", .drops_schema = true, .cascade = true};
    EXPECT_EQ(rules({schema}, managed), (Rules{"1 drop-managed", "1 cascade"}));
}

TEST(Lint, FindingsAreInTheOrderOfLines) {
    std::vector<Statement> many;
    for (int i = 0; i < 50'000; ++i) {
        many.push_back(drop("a.x"));
        many.push_back(create("b.x", false));
    }
    EXPECT_EQ(rules(many), Rules{}) << "and in time";
}

} // namespace
} // namespace mvmanager::model::lint
