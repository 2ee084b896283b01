// Reading a jsonb object field by field.
#pragma once

#include <string>
#include <vector>

#include "pg/guard.hpp"

#include "pg/postgres.hpp"

namespace mvmanager::pg {

enum class JsonKind { null, string, number, boolean, array, object };

struct JsonField {
    std::string name;
    JsonKind kind = JsonKind::null;
    std::string text;                    // a string without its quotes; a number or boolean as written
    Datum value = static_cast<Datum>(0); // of an object: itself, as jsonb
};

// The fields of a jsonb object, in its order. Raises 22023 for anything but an object.
std::vector<JsonField> json_fields(Datum jsonb, const char *what);

// The elements of a jsonb array, without names. Raises 22023 for anything but an array.
std::vector<JsonField> json_elements(Datum jsonb, const char *what);
// An array of strings. Raises 22023 for anything else.
std::vector<std::string> json_texts(const JsonField &field, const std::string &what);

} // namespace mvmanager::pg
