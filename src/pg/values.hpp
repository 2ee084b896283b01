// Datums to C++ values and back, and the rows our SQL functions return.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pg/guard.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::pg {

// A typed SQL value or NULL: a statement's parameter or a column of a result row.
struct Value {
    Oid type;
    Datum datum;
    bool is_null;

    static Value null(Oid type) { return {type, static_cast<Datum>(0), true}; }
    static Value text(std::string_view v);
    static Value text(const std::string &v) { return text(std::string_view(v)); }
    static Value text(const char *v) { return text(std::string_view(v)); }
    static Value text_or_null(std::string_view v);          // empty is NULL
    static Value text(const std::optional<std::string> &v); // nullopt is NULL
    static Value boolean(bool v);
    static Value int4(std::int32_t v);
    static Value int4(std::optional<std::int32_t> v);
    static Value int8(std::int64_t v);
    static Value int8(std::optional<std::int64_t> v);
    static Value oid(Oid v);
    static Value regclass(Oid v); // InvalidOid is NULL
    static Value timestamptz(std::int64_t v);
    static Value timestamptz(std::optional<std::int64_t> v);
    static Value interval_from_microseconds(std::optional<std::int64_t> v);
    static Value bytea(std::string_view v);
    static Value jsonb(std::string_view json_text);
    static Value jsonb(const std::optional<std::string> &json_text);
    static Value text_array(const std::vector<std::string> &v);
    static Value text_array(const std::optional<std::vector<std::string>> &v);
};

// The other direction. T is bool, int32_t, int64_t (also timestamptz, and interval as microseconds, 22015 where these
// are too many), Oid, std::string (text, name, bytea; anything else through its output function),
// std::vector<std::string> (an array of such; 22004 for a null in it). XX000 for a number that is of another type.
template <typename T> T from_datum(Datum datum, Oid type);
template <> bool from_datum<bool>(Datum, Oid);
template <> std::int32_t from_datum<std::int32_t>(Datum, Oid);
template <> std::int64_t from_datum<std::int64_t>(Datum, Oid);
template <> Oid from_datum<Oid>(Datum, Oid);
template <> std::string from_datum<std::string>(Datum, Oid);
template <> std::vector<std::string> from_datum<std::vector<std::string>>(Datum, Oid);

// The arguments of an SQL-callable function, by position from 0.
class Arguments {
public:
    explicit Arguments(FunctionCallInfo fcinfo) : fcinfo_(fcinfo) {}
    bool is_null(int i) const { return i >= fcinfo_->nargs || fcinfo_->args[i].isnull; }
    template <typename T> std::optional<T> get(int i) const {
        if (is_null(i))
            return std::nullopt;
        return from_datum<T>(fcinfo_->args[i].value, type(i));
    }
    // Raises 22004 naming the argument when it is NULL.
    template <typename T> T require(int i, const char *argument) const {
        if (is_null(i))
            throw_null(argument);
        return from_datum<T>(fcinfo_->args[i].value, type(i));
    }
    template <typename T> T get_or(int i, T otherwise) const { return get<T>(i).value_or(std::move(otherwise)); }

private:
    Oid type(int i) const;
    [[noreturn]] void throw_null(const char *argument) const;
    FunctionCallInfo fcinfo_;
};

// One row of the function's declared composite result type.
Datum make_row(FunctionCallInfo fcinfo, const std::vector<Value> &columns);

// The result set of a SETOF or TABLE function, in materialize mode. Usage: RowSink out(fcinfo); out.add({...});
// return static_cast<Datum>(0).
class RowSink {
public:
    explicit RowSink(FunctionCallInfo fcinfo);
    void add(const std::vector<Value> &columns);

private:
    void *store_;
    void *descriptor_;
    std::vector<Datum> datums_;
    std::vector<char> nulls_;
};

// 'text' as an SQL literal, for hints that can be typed and for exported SQL.
std::string quote_literal(std::string_view text);
std::string quote_identifier(std::string_view name);
// Server encoding to UTF-8, for hashes and for model/.
std::string to_utf8(std::string_view text);

} // namespace mvmanager::pg
