#include "model/migration.hpp"

#include <algorithm>

#include "model/sql_text.hpp"
#include "model/word.hpp"

namespace mvmanager::model::migration {
namespace {

bool contains(std::string_view text, std::string_view what) { return text.find(what) != std::string_view::npos; }

std::string replaced(std::string_view text, std::string_view what, std::string_view with) {
    std::string out;
    std::size_t from = 0;
    for (std::size_t at = text.find(what); at != std::string_view::npos; at = text.find(what, from)) {
        out.append(text.substr(from, at - from)).append(with);
        from = at + what.size();
    }
    return out.append(text.substr(from));
}

// ---- SQL --------------------------------------------------------------------------------------------------------------

// How texts are written in SQL.
struct Dialect {
    std::string_view trap; // a sequence, a dollar first, that the tool reads for itself
    bool keeps_tabs = true, keeps_returns = true;
};
constexpr Dialect of_server{};
constexpr Dialect of_alembic{.keeps_tabs = false}; // offline each becomes four spaces
constexpr Dialect of_flyway{.trap = "${", .keeps_returns = false};

// E'' without any of the bytes that are at risk.
std::string escaped(std::string_view text, const Dialect &dialect) {
    std::string out = "E'";
    for (std::size_t i = 0; i < text.size(); ++i) {
        char const c = text[i];
        if (c == '\'' || c == '\\')
            out.append(1, c).append(1, c);
        else if (c == '\t')
            out += "\\t";
        else if (c == '\r')
            out += "\\r";
        else if (!dialect.trap.empty() && text.substr(i).starts_with(dialect.trap))
            out += "\\x24";
        else
            out += c;
    }
    return out + "'";
}

std::string text_literal(std::string_view text, Type type, const Dialect &dialect) {
    std::string literal = type == Type::query ? dollar_quoted(text, "mv") : sql_literal(text);
    bool const at_risk = (!dialect.keeps_returns && contains(text, "\r")) ||
                         (!dialect.keeps_tabs && contains(text, "\t")) ||
                         (!dialect.trap.empty() && contains(literal, dialect.trap));
    return at_risk ? escaped(text, dialect) : literal;
}

std::string argument_sql(const Argument &argument, const Dialect &dialect) {
    switch (argument.type) {
    case Type::boolean:
        return argument.values.front();
    case Type::texts: {
        std::string out = "ARRAY[";
        for (std::size_t i = 0; i < argument.values.size(); ++i)
            out.append(i ? "," : "")
                .append("\n        ")
                .append(text_literal(argument.values[i], Type::query, dialect));
        return out + (argument.values.empty() ? "]::text[]" : "]");
    }
    default:
        return text_literal(argument.values.front(), argument.type, dialect);
    }
}

std::string call_sql(const Call &call, const Dialect &dialect) {
    std::string out = "SELECT " + call.function + "(";
    bool const is_long = std::ranges::any_of(
        call.arguments, [](const Argument &a) { return a.type == Type::query || a.type == Type::texts; });
    for (std::size_t i = 0; i < call.arguments.size(); ++i) {
        const Argument &argument = call.arguments[i];
        out += i ? "," : "";
        out += is_long ? "\n    " : i ? " " : "";
        if (!argument.name.empty())
            out += argument.name + " => ";
        out += argument_sql(argument, dialect);
    }
    return out + ")";
}

std::string statements_sql(const std::vector<Call> &calls, const Dialect &dialect) {
    std::string out;
    for (const Call &call : calls)
        out += call_sql(call, dialect) + ";\n";
    return out;
}

// What a verification of the tool fails on: no row, no answer.
std::string verify_sql(const Call &call) {
    Call const plain{call.function, {call.arguments.front()}};
    return "SELECT 1 / count(*) FROM " + call_sql(plain, of_server).substr(std::string_view("SELECT ").size()) +
           " WHERE label = " + sql_literal(call.arguments.back().values.front()) + ";\n";
}

// Every line behind the mark of a comment.
std::string commented(std::string_view mark, std::string_view text) {
    std::string out;
    while (!text.empty()) {
        std::size_t const end = std::min(text.find('\n'), text.size());
        out.append(mark).append(end ? " " : "").append(text.substr(0, end)).append("\n");
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return out;
}

// A line for the reader that is nothing to any tool: no control characters nor line ends of any language, no
// declaration of an encoding (# coding: x), no variable of Flyway.
std::string harmless(std::string_view text) {
    std::string out;
    for (char const c : text)
        out += static_cast<unsigned char>(c) < ' ' ? ' ' : c;
    constexpr std::pair<std::string_view, std::string_view> changes[] = {
        {"\xE2\x80\xA8", " "}, {"\xE2\x80\xA9", " "}, {"coding:", "coding :"}, {"coding=", "coding ="}, {"${", "$ {"}};
    for (const auto &[what, with] : changes)
        out = replaced(out, what, with);
    return out;
}

std::string heading(const Migration &m, std::string_view mark, std::string_view file = {}) {
    std::string out;
    if (!file.empty())
        out += commented(mark, file);
    out += commented(mark, m.title);
    for (const std::string &note : m.notes)
        out += commented(mark, note);
    return out;
}

// ---- languages --------------------------------------------------------------------------------------------------------

// With every character escaped that could end the literal or mean something in it.
template <typename Escape>
std::string quoted(std::string_view open, std::string_view text, std::string_view close, Escape escape) {
    std::string out(open);
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\r')
            out += "\\r";
        else if (text[i] == '\\' || escape(i))
            out.append(1, '\\').append(1, text[i]);
        else
            out += text[i];
    }
    return out.append(close);
}

std::string identifier(std::string_view revision) {
    std::string out;
    for (char const c : revision)
        out += is_letter(c) || is_digit(c) ? to_lower(c) : '_';
    return out;
}

std::string camel_case(std::string_view revision) {
    std::string out;
    bool begins = true;
    for (char const c : revision) {
        bool const part = is_letter(c) || is_digit(c);
        if (part)
            out += begins && c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
        begins = !part;
    }
    return out.empty() || is_digit(out.front()) ? "Revision" + out : out;
}

std::string alembic(const Migration &m) {
    // DDL() takes no bind parameters, so that {"k":true} stays what it is; it formats with %, hence %%.
    auto body = [](const std::vector<Call> &calls) {
        std::string out;
        for (const Call &call : calls)
            out += "    op.execute(sa.DDL(" + python_literal(replaced(call_sql(call, of_alembic), "%", "%%")) + "))\n";
        return out.empty() ? std::string("    pass\n") : out;
    };
    std::string about = m.title + "\n\nRevision ID: " + m.revision + "\nRevises:\n";
    for (const std::string &note : m.notes)
        about += "\n" + note + "\n";
    std::string out = python_literal(about);
    out += "\nimport sqlalchemy as sa\nfrom alembic import op\n\nrevision = " + python_literal(m.revision) +
           "\ndown_revision = None  # the revision before this one: alembic heads\nbranch_labels = None\ndepends_on = "
           "None\n";
    out += "\n\ndef upgrade():\n" + body(m.up) + "\n\ndef downgrade():\n" + body(m.down);
    return out;
}

std::string django(const Migration &m) {
    // Lists, because a text would be split at semicolons first.
    auto list = [](const std::vector<Call> &calls) {
        std::string out = "[\n";
        for (const Call &call : calls)
            out += "                " + python_literal(call_sql(call, of_server)) + ",\n";
        return out + "            ]";
    };
    return heading(m, "#", "migrations/<number>_" + identifier(m.revision) + ".py") +
           "from django.db import migrations\n\n\nclass Migration(migrations.Migration):\n\n"
           "    dependencies = []  # the migration before this one: (\"app\", \"0001_initial\")\n\n"
           "    operations = [\n        migrations.RunSQL(\n            sql=" +
           list(m.up) + ",\n            reverse_sql=" + list(m.down) + ",\n        ),\n    ]\n";
}

// A document in single quotes needs no escape at all; a carriage return would be lost in it.
std::string ruby_statement(const std::string &sql) {
    constexpr std::string_view mark = "MVMANAGER_SQL";
    if (!contains(sql, "\n") || contains(sql, "\r") || contains(sql, mark))
        return "    execute(" + ruby_literal(sql) + ")\n";
    return "    execute(<<-'" + std::string(mark) + "')\n" + sql + "\n    " + std::string(mark) + "\n";
}

std::string rails(const Migration &m) {
    auto body = [](const std::vector<Call> &calls) {
        std::string out;
        for (const Call &call : calls)
            out += ruby_statement(call_sql(call, of_server));
        return out;
    };
    return heading(m, "#", "db/migrate/<timestamp>_" + identifier(m.revision) + ".rb") + "class " +
           camel_case(identifier(m.revision)) + " < ActiveRecord::Migration[6.1]\n  def up\n" + body(m.up) +
           "  end\n\n  def down\n" + body(m.down) + "  end\nend\n";
}

std::string knex(const Migration &m) {
    // As bindings, because a question mark in the text of raw() would become one.
    auto body = [](const std::vector<Call> &calls) {
        std::string out;
        for (const Call &call : calls) {
            std::string sql = "SELECT " + call.function + "(", bindings;
            for (std::size_t i = 0; i < call.arguments.size(); ++i) {
                const Argument &a = call.arguments[i];
                sql += (i ? ", " : "") + (a.name.empty() ? std::string() : a.name + " => ");
                if (a.type == Type::boolean) {
                    sql += a.values.front();
                    continue;
                }
                sql += a.type == Type::texts ? "?::text[]" : a.type == Type::json ? "?::jsonb" : "?::text";
                bindings += "    ";
                if (a.type == Type::texts) {
                    bindings += "[";
                    for (std::size_t j = 0; j < a.values.size(); ++j)
                        bindings.append(j ? ", " : "").append(javascript_literal(a.values[j]));
                    bindings += "]";
                } else {
                    bindings += javascript_literal(a.values.front());
                }
                bindings += ",\n";
            }
            out += "  await knex.raw(" + javascript_literal(sql + ")") + ", [\n" + bindings + "  ]);\n";
        }
        return out;
    };
    return heading(m, "//", "migrations/<timestamp>_" + identifier(m.revision) + ".js") +
           "exports.up = async function (knex) {\n" + body(m.up) + "};\n\nexports.down = async function (knex) {\n" +
           body(m.down) + "};\n";
}

std::string flyway(const Migration &m) {
    std::string const name = identifier(m.revision);
    return heading(m, "--", "V<version>__" + name + ".sql") + statements_sql(m.up, of_flyway) + "\n" +
           commented("--", "The way back, for U<version>__" + name +
                               ".sql, or without undo migrations for a V file with a higher version:\n" +
                               statements_sql(m.down, of_flyway));
}

std::string sqitch(const Migration &m) {
    std::string const name = identifier(m.revision);
    auto file = [&](std::string_view folder, const std::string &body, std::string_view end) {
        return "-- ==== " + std::string(folder) + "/" + name + ".sql ====\n" + heading(m, "--") + "BEGIN;\n" + body +
               std::string(end) + ";\n";
    };
    std::string verify;
    for (const Call &call : m.verify)
        verify += verify_sql(call);
    return file("deploy", statements_sql(m.up, of_server), "COMMIT") + "\n" +
           file("revert", statements_sql(m.down, of_server), "COMMIT") + "\n" + file("verify", verify, "ROLLBACK");
}

std::string sql(const Migration &m) {
    std::string out = heading(m, "--") + statements_sql(m.up, of_server);
    if (!m.down.empty())
        out += "\n" + commented("--", "The way back:\n" + statements_sql(m.down, of_server));
    return out;
}

std::string plain(const Migration &m) {
    std::string out = heading(m, "--");
    for (const std::string &statement : m.statements)
        out += statement + ";\n";
    return out;
}

} // namespace

std::optional<Format> format_from_text(std::string_view word) {
    constexpr std::pair<std::string_view, Format> words[] = {
        {"sql", Format::sql},     {"plain", Format::plain}, {"alembic", Format::alembic}, {"django", Format::django},
        {"rails", Format::rails}, {"knex", Format::knex},   {"flyway", Format::flyway},   {"sqitch", Format::sqitch}};
    auto const *const found = std::ranges::find(words, word, &std::pair<std::string_view, Format>::first);
    return found == std::end(words) ? std::nullopt : std::optional(found->second);
}

std::string write(const Migration &given, Format format) {
    Migration migration = given;
    migration.title = harmless(migration.title);
    for (std::string &note : migration.notes)
        note = harmless(note);
    switch (format) {
    case Format::sql:
        return sql(migration);
    case Format::plain:
        return plain(migration);
    case Format::alembic:
        return alembic(migration);
    case Format::django:
        return django(migration);
    case Format::rails:
        return rails(migration);
    case Format::knex:
        return knex(migration);
    case Format::flyway:
        return flyway(migration);
    case Format::sqitch:
        return sqitch(migration);
    }
    return {};
}

std::string sql_of(const Call &call) { return call_sql(call, of_server); }

std::string python_literal(std::string_view text) {
    bool const long_one = contains(text, "\n");
    return quoted(long_one ? "\"\"\"" : "\"", text, long_one ? "\"\"\"" : "\"", [&](std::size_t i) {
        // Three in a row, or one at the end, would close the literal.
        return text[i] == '"' && (!long_one || i + 1 == text.size() || text[i + 1] == '"');
    });
}

std::string ruby_literal(std::string_view text) {
    // In double quotes # begins an expression before {, @ and $; a line end may stand as it is.
    return quoted("\"", text, "\"", [&](std::size_t i) { return text[i] == '"' || text[i] == '#'; });
}

std::string javascript_literal(std::string_view text) {
    bool const long_one = contains(text, "\n") || contains(text, "'");
    if (!long_one)
        return quoted("'", text, "'", [](std::size_t) { return false; });
    return quoted("`", text, "`", [&](std::size_t i) {
        return text[i] == '`' || (text[i] == '$' && i + 1 < text.size() && text[i + 1] == '{');
    });
}

} // namespace mvmanager::model::migration
