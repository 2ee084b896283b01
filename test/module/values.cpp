// Datums to C++ values and back, names and literals, hashes.
#include "pg/values.hpp"

#include "pg/hash.hpp"
#include "pg/relation.hpp"

#include "pg/postgres.hpp"

extern "C" {
#include "catalog/pg_type.h"
}

namespace mvmanager::test {

// One row with each argument read into its C++ type and written again.
MV_FUNCTION(mvm_test_echo) {
    pg::Arguments const in(fcinfo);
    auto const row = in.get<Oid>(6);
    return pg::make_row(fcinfo,
                        {
                            in.is_null(0) ? pg::Value::null(BOOLOID) : pg::Value::boolean(*in.get<bool>(0)),
                            pg::Value::int4(in.get<std::int32_t>(1)),
                            pg::Value::int8(in.get<std::int64_t>(2)),
                            pg::Value::text(in.get<std::string>(3)),
                            pg::Value::timestamptz(in.get<std::int64_t>(4)),
                            pg::Value::interval_from_microseconds(in.get<std::int64_t>(5)),
                            pg::Value::regclass(row.value_or(InvalidOid)),
                            in.is_null(7) ? pg::Value::null(BYTEAOID) : pg::Value::bytea(*in.get<std::string>(7)),
                            pg::Value::jsonb(in.get<std::string>(8)),
                            pg::Value::text_array(in.get<std::vector<std::string>>(9)),
                        });
}

MV_FUNCTION(mvm_test_as_text) {
    auto const text = pg::Arguments(fcinfo).get<std::string>(0);
    return pg::Value::text(text.value_or("NULL")).datum;
}

MV_FUNCTION(mvm_test_as_bigint) { return Int64GetDatum(pg::Arguments(fcinfo).require<std::int64_t>(0, "value")); }

MV_FUNCTION(mvm_test_as_integer) { return Int32GetDatum(pg::Arguments(fcinfo).require<std::int32_t>(0, "value")); }

MV_FUNCTION(mvm_test_names) {
    auto const names = pg::Arguments(fcinfo).require<std::vector<std::string>>(0, "names");
    return pg::Value::text_array(names).datum;
}

MV_FUNCTION(mvm_test_quote) {
    auto const text = pg::Arguments(fcinfo).require<std::string>(0, "text");
    return pg::make_row(fcinfo, {pg::Value::text(pg::quote_identifier(text)), pg::Value::text(pg::quote_literal(text)),
                                 pg::Value::text(pg::QualifiedName{text, text}.quoted())});
}

MV_FUNCTION(mvm_test_parse_name) {
    auto const name = pg::parse_name(pg::Arguments(fcinfo).require<std::string>(0, "written"));
    return pg::make_row(fcinfo, {pg::Value::text(name.schema), pg::Value::text(name.name)});
}

MV_FUNCTION(mvm_test_sha256) {
    return pg::Value::bytea(pg::sha256(pg::Arguments(fcinfo).require<std::string>(0, "bytes"))).datum;
}

} // namespace mvmanager::test
