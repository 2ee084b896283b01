// The exception that crosses our C++ code in place of PostgreSQL's longjmp.
//
//     throw pg::Error(sqlstate::undefined_object, "managed view {} does not exist", quoted)
//         .hint("Call mv_adopt({}) to take over an existing materialized view.", literal);
//
// Messages follow PostgreSQL's style: the primary message in lower case without a full stop, detail and hint as
// sentences, the hint naming the next thing to type.
#pragma once

#include <exception>
#include <source_location>
#include <string>
#include <string_view>
#include <utility>

#include "format.hpp"

namespace mvmanager::pg {

// Five characters to the integer PostgreSQL stores (MAKE_SQLSTATE), at compile time.
consteval int make_sqlstate(const char (&code)[6]) {
    int packed = 0;
    for (int i = 0; i < 5; ++i)
        packed |= ((code[i] - '0') & 0x3F) << (6 * i);
    return packed;
}

// The inverse, for run rows and messages.
std::string sqlstate_text(int sqlstate);

namespace sqlstate {
inline constexpr int feature_not_supported = make_sqlstate("0A000");
inline constexpr int interval_overflow = make_sqlstate("22015");
inline constexpr int invalid_argument = make_sqlstate("22023");
inline constexpr int null_not_allowed = make_sqlstate("22004");
inline constexpr int read_only_transaction = make_sqlstate("25006");
inline constexpr int invalid_transaction_termination = make_sqlstate("2D000");
inline constexpr int dependent_objects_exist = make_sqlstate("2BP01");
inline constexpr int serialization_failure = make_sqlstate("40001");
inline constexpr int deadlock_detected = make_sqlstate("40P01");
inline constexpr int insufficient_privilege = make_sqlstate("42501");
inline constexpr int check_violation = make_sqlstate("23514");
inline constexpr int syntax_error = make_sqlstate("42601");
inline constexpr int invalid_name = make_sqlstate("42602");
inline constexpr int undefined_object = make_sqlstate("42704");
inline constexpr int duplicate_object = make_sqlstate("42710");
inline constexpr int wrong_object_type = make_sqlstate("42809");
inline constexpr int undefined_table = make_sqlstate("42P01");
inline constexpr int indeterminate_collation = make_sqlstate("42P22");
inline constexpr int undefined_parameter = make_sqlstate("42P02");
inline constexpr int duplicate_table = make_sqlstate("42P07");
inline constexpr int invalid_object_definition = make_sqlstate("42P17");
inline constexpr int invalid_table_definition = make_sqlstate("42P16");
inline constexpr int invalid_definition = make_sqlstate("42P13");
inline constexpr int invalid_recursion = make_sqlstate("42P19");
inline constexpr int insufficient_resources = make_sqlstate("53000");
inline constexpr int out_of_memory = make_sqlstate("53200");
inline constexpr int configuration_limit_exceeded = make_sqlstate("53400");
inline constexpr int wrong_state = make_sqlstate("55000");
inline constexpr int object_in_use = make_sqlstate("55006");
inline constexpr int lock_not_available = make_sqlstate("55P03");
inline constexpr int query_canceled = make_sqlstate("57014");
inline constexpr int internal_error = make_sqlstate("XX000");
} // namespace sqlstate

// Everything an ErrorData carries, owned by C++ memory, so that it outlives any memory context an unwinding frame
// deletes. An Error born here has from_server == false and goes through ereport at the border, where error context
// callbacks add their CONTEXT; one that came out of the server is re-raised as it was.
class Error : public std::exception {
public:
    struct Fields {
        int elevel = 0;
        bool output_to_server = false, output_to_client = false, hide_statement = false, hide_context = false;
        const char *file = nullptr, *function = nullptr;
        int line = 0;
        const char *domain = nullptr, *context_domain = nullptr;
        int sqlstate = sqlstate::internal_error;
        std::string message, detail, detail_log, hint, context, backtrace;
        std::string schema, table, column, datatype, constraint;
        int cursor_position = 0, internal_position = 0;
        std::string internal_query;
        const char *message_id = nullptr;
        int saved_errno = 0;
        bool from_server = false;
    };

    // A format string checked at compile time that also remembers where it was written.
    template <typename... Args> struct Located {
        fmt::format_string<Args...> text;
        std::source_location where;
        template <typename S> consteval Located(const S &s, std::source_location w = std::source_location::current())
            : text(s), where(w) {}
    };

    template <typename... Args> Error(int sqlstate, Located<std::type_identity_t<Args>...> message, Args &&...args) {
        fields_.sqlstate = sqlstate;
        fields_.message = mvmanager::format(message.text, std::forward<Args>(args)...);
        fields_.file = message.where.file_name();
        fields_.line = static_cast<int>(message.where.line());
        fields_.function = message.where.function_name();
    }
    explicit Error(Fields fields) : fields_(std::move(fields)) {}

    template <typename... Args> Error detail(fmt::format_string<Args...> text, Args &&...args) && {
        fields_.detail = mvmanager::format(text, std::forward<Args>(args)...);
        return std::move(*this);
    }
    template <typename... Args> Error hint(fmt::format_string<Args...> text, Args &&...args) && {
        fields_.hint = mvmanager::format(text, std::forward<Args>(args)...);
        return std::move(*this);
    }
    // 1-based character position in the statement text the client sent, or 0.
    Error position(int cursor) && {
        fields_.cursor_position = cursor;
        return std::move(*this);
    }
    // A position in a text the caller passed as an argument, shown by psql as LINE ... with that text.
    Error internal(std::string query, int cursor) && {
        fields_.internal_query = std::move(query);
        fields_.internal_position = cursor;
        return std::move(*this);
    }

    const char *what() const noexcept override { return fields_.message.c_str(); }
    int sqlstate() const noexcept { return fields_.sqlstate; }
    const std::string &message() const noexcept { return fields_.message; }
    const std::string &hint() const &noexcept { return fields_.hint; }
    const std::string &detail() const &noexcept { return fields_.detail; }
    const Fields &fields() const noexcept { return fields_; }
    Fields &fields() noexcept { return fields_; }

private:
    Fields fields_;
};

// NOTICE, WARNING and LOG from C++ code: formatted first, then reported through the border.
void notice(std::string_view message, std::string_view hint = {});
void warning(std::string_view message, std::string_view hint = {}, std::string_view detail = {});
void log(std::string_view message);

} // namespace mvmanager::pg
