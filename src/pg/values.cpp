#include "pg/values.hpp"

#include <cstring>

#include "pg/postgres.hpp"

extern "C" {
#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "mb/pg_wchar.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"
}

namespace mvmanager::pg {

Value Value::text(std::string_view v) {
    Datum d = call([&] { return PointerGetDatum(cstring_to_text_with_len(v.data(), static_cast<int>(v.size()))); });
    return {TEXTOID, d, false};
}
Value Value::text_or_null(std::string_view v) { return v.empty() ? null(TEXTOID) : text(v); }
Value Value::text(const std::optional<std::string> &v) { return v ? text(std::string_view(*v)) : null(TEXTOID); }
Value Value::boolean(bool v) { return {BOOLOID, BoolGetDatum(v), false}; }
Value Value::int4(std::int32_t v) { return {INT4OID, Int32GetDatum(v), false}; }
Value Value::int4(std::optional<std::int32_t> v) { return v ? int4(*v) : null(INT4OID); }
Value Value::int8(std::int64_t v) { return {INT8OID, Int64GetDatum(v), false}; }
Value Value::int8(std::optional<std::int64_t> v) { return v ? int8(*v) : null(INT8OID); }
Value Value::oid(Oid v) { return {OIDOID, ObjectIdGetDatum(v), false}; }
Value Value::regclass(Oid v) {
    return OidIsValid(v) ? Value{REGCLASSOID, ObjectIdGetDatum(v), false} : null(REGCLASSOID);
}
Value Value::timestamptz(std::int64_t v) { return {TIMESTAMPTZOID, TimestampTzGetDatum(v), false}; }
Value Value::timestamptz(std::optional<std::int64_t> v) { return v ? timestamptz(*v) : null(TIMESTAMPTZOID); }

Value Value::interval_from_microseconds(std::optional<std::int64_t> v) {
    if (!v)
        return null(INTERVALOID);
    auto *interval = static_cast<Interval *>(call([] { return palloc0(sizeof(Interval)); }));
    interval->time = *v;
    return {INTERVALOID, IntervalPGetDatum(interval), false};
}

Value Value::bytea(std::string_view v) {
    Datum d = text(v).datum;
    return {BYTEAOID, d, false};
}

Value Value::jsonb(std::string_view json_text) {
    std::string const copy(json_text);
    Datum d = call([&] { return DirectFunctionCall1(jsonb_in, CStringGetDatum(copy.c_str())); });
    return {JSONBOID, d, false};
}
Value Value::jsonb(const std::optional<std::string> &v) { return v ? jsonb(std::string_view(*v)) : null(JSONBOID); }

Value Value::text_array(const std::vector<std::string> &v) {
    std::vector<Datum> elements;
    elements.reserve(v.size());
    for (const auto &s : v)
        elements.push_back(text(std::string_view(s)).datum);
    Datum d = call([&] {
        ArrayType *array = elements.empty() ? construct_empty_array(TEXTOID)
                                            : construct_array(elements.data(), static_cast<int>(elements.size()),
                                                              TEXTOID, -1, false, TYPALIGN_INT);
        return PointerGetDatum(array);
    });
    return {TEXTARRAYOID, d, false};
}
Value Value::text_array(const std::optional<std::vector<std::string>> &v) {
    return v ? text_array(*v) : null(TEXTARRAYOID);
}

namespace {

[[noreturn]] void throw_unexpected(Oid type, const char *wanted) {
    throw Error(sqlstate::internal_error, "value of type {} read as {}", type, wanted);
}

std::int64_t microseconds_of(const Interval &interval) {
    std::int64_t days = 0, microseconds = 0;
    if (__builtin_add_overflow(static_cast<std::int64_t>(interval.month) * DAYS_PER_MONTH, interval.day, &days) ||
        __builtin_mul_overflow(days, USECS_PER_DAY, &microseconds) ||
        __builtin_add_overflow(microseconds, interval.time, &microseconds))
        throw Error(sqlstate::interval_overflow, "interval out of range");
    return microseconds;
}

} // namespace

// InvalidOid stands for T's own type: a caller that is not an expression (a trigger, DirectFunctionCall) knows no types.
template <> bool from_datum<bool>(Datum d, Oid type) {
    if (type != BOOLOID && type != InvalidOid)
        throw_unexpected(type, "boolean");
    return DatumGetBool(d);
}
template <> std::int32_t from_datum<std::int32_t>(Datum d, Oid type) {
    switch (type) {
    case INT4OID:
    case InvalidOid:
        return DatumGetInt32(d);
    case INT2OID:
        return DatumGetInt16(d);
    default:
        throw_unexpected(type, "integer");
    }
}
template <> std::int64_t from_datum<std::int64_t>(Datum d, Oid type) {
    switch (type) {
    case INT8OID:
    case TIMESTAMPTZOID:
    case TIMESTAMPOID:
    case InvalidOid:
        return DatumGetInt64(d);
    case INT4OID:
        return DatumGetInt32(d);
    case INT2OID:
        return DatumGetInt16(d);
    case INTERVALOID:
        return microseconds_of(*DatumGetIntervalP(d));
    default:
        throw_unexpected(type, "bigint");
    }
}
template <> Oid from_datum<Oid>(Datum d, Oid) { return DatumGetObjectId(d); }

template <> std::string from_datum<std::string>(Datum d, Oid type) {
    if (type == InvalidOid)
        type = TEXTOID;
    if (type == NAMEOID)
        return std::string(NameStr(*DatumGetName(d)));
    if (type == TEXTOID || type == VARCHAROID || type == BYTEAOID || type == BPCHAROID) {
        struct varlena *v =
            call([&] { return pg_detoast_datum_packed(reinterpret_cast<struct varlena *>(DatumGetPointer(d))); });
        std::string out(VARDATA_ANY(v), VARSIZE_ANY_EXHDR(v));
        if (reinterpret_cast<void *>(v) != DatumGetPointer(d))
            call([&] { pfree(v); });
        return out;
    }
    char *text = call([&] {
        Oid function;
        bool varlena;
        getTypeOutputInfo(type, &function, &varlena);
        return OidOutputFunctionCall(function, d);
    });
    std::string out(text);
    pfree(text);
    return out;
}

template <> std::vector<std::string> from_datum<std::vector<std::string>>(Datum d, Oid) {
    Datum *elements = nullptr;
    bool *nulls = nullptr;
    int count = 0;
    Oid type = InvalidOid;
    call([&] {
        ArrayType *array = DatumGetArrayTypeP(d);
        int16 length;
        bool by_value;
        char alignment;
        type = ARR_ELEMTYPE(array);
        get_typlenbyvalalign(type, &length, &by_value, &alignment);
        deconstruct_array(array, type, length, by_value, alignment, &elements, &nulls, &count);
    });
    std::vector<std::string> out;
    out.reserve(count);
    for (int i = 0; i < count; ++i) {
        if (nulls[i])
            throw Error(sqlstate::null_not_allowed, "array must not contain null values");
        out.push_back(from_datum<std::string>(elements[i], type));
    }
    return out;
}

Oid Arguments::type(int i) const {
    return call([&] { return get_fn_expr_argtype(fcinfo_->flinfo, i); });
}

void Arguments::throw_null(const char *argument) const {
    throw Error(sqlstate::null_not_allowed, "argument \"{}\" must not be null", argument);
}

Datum make_row(FunctionCallInfo fcinfo, const std::vector<Value> &columns) {
    std::vector<Datum> datums;
    std::vector<char> nulls;
    for (const auto &c : columns) {
        datums.push_back(c.datum);
        nulls.push_back(c.is_null);
    }
    return call([&] {
        TupleDesc descriptor;
        if (get_call_result_type(fcinfo, nullptr, &descriptor) != TYPEFUNC_COMPOSITE)
            elog(ERROR, "return type must be a row type");
        if (descriptor->natts != static_cast<int>(datums.size()))
            elog(ERROR, "result row has %zu columns, its type %d", datums.size(), descriptor->natts);
        descriptor = BlessTupleDesc(descriptor);
        static_assert(sizeof(bool) == sizeof(char));
        HeapTuple tuple = heap_form_tuple(descriptor, datums.data(), reinterpret_cast<bool *>(nulls.data()));
        return HeapTupleGetDatum(tuple);
    });
}

RowSink::RowSink(FunctionCallInfo fcinfo) {
    call([&] {
        // A set of scalars (SETOF timestamptz) has no row type of its own.
        TypeFuncClass const kind = get_call_result_type(fcinfo, nullptr, nullptr);
        InitMaterializedSRF(fcinfo, kind == TYPEFUNC_SCALAR ? MAT_SRF_USE_EXPECTED_DESC : 0);
    });
    auto *info = reinterpret_cast<ReturnSetInfo *>(fcinfo->resultinfo);
    store_ = info->setResult;
    descriptor_ = info->setDesc;
}

void RowSink::add(const std::vector<Value> &columns) {
    datums_.clear();
    nulls_.clear();
    for (const auto &c : columns) {
        datums_.push_back(c.datum);
        nulls_.push_back(c.is_null);
    }
    call([&] {
        auto *descriptor = static_cast<TupleDesc>(descriptor_);
        if (descriptor->natts != static_cast<int>(datums_.size()))
            elog(ERROR, "result row has %zu columns, its type %d", datums_.size(), descriptor->natts);
        tuplestore_putvalues(static_cast<Tuplestorestate *>(store_), descriptor, datums_.data(),
                             reinterpret_cast<bool *>(nulls_.data()));
    });
}

std::string quote_literal(std::string_view text) {
    std::string const copy(text);
    return call([&] { return quote_literal_cstr(copy.c_str()); });
}

std::string quote_identifier(std::string_view name) {
    std::string const copy(name);
    return call([&] { return ::quote_identifier(copy.c_str()); });
}

std::string to_utf8(std::string_view text) {
    std::string const copy(text);
    char *out = call([&] { return pg_server_to_any(copy.c_str(), static_cast<int>(copy.size()), PG_UTF8); });
    return out;
}

} // namespace mvmanager::pg
