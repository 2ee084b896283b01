#include "pg/json.hpp"

#include "pg/postgres.hpp"

extern "C" {
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/jsonb.h"
#include "utils/numeric.h"
}

namespace mvmanager::pg {
namespace {

struct Plain {
    JsonKind kind;
    char *text;
    Datum value;
};

Plain plain_unsafe(const JsonbValue &value) {
    switch (value.type) {
    case jbvString:
        return {JsonKind::string, pnstrdup(value.val.string.val, value.val.string.len), 0};
    case jbvNumeric:
        return {JsonKind::number, DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(value.val.numeric))),
                0};
    case jbvBool:
        return {JsonKind::boolean, pstrdup(value.val.boolean ? "true" : "false"), 0};
    case jbvBinary: {
        Jsonb *nested = JsonbValueToJsonb(const_cast<JsonbValue *>(&value));
        return {JB_ROOT_IS_OBJECT(nested) ? JsonKind::object : JsonKind::array, pstrdup(""), JsonbPGetDatum(nested)};
    }
    default:
        return {JsonKind::null, pstrdup(""), 0};
    }
}

} // namespace

std::vector<JsonField> json_fields(Datum datum, const char *what) {
    Jsonb *object = call([&] { return DatumGetJsonbP(datum); });
    if (!JB_ROOT_IS_OBJECT(object))
        throw Error(sqlstate::invalid_argument, "{} must be a JSON object", what);
    std::vector<JsonField> fields;
    JsonbIterator *iterator = call([&] { return JsonbIteratorInit(&object->root); });
    for (;;) {
        struct Step {
            bool more;
            char *name;
            Plain value;
        } const step = call([&]() -> Step {
            JsonbValue value;
            for (;;) {
                JsonbIteratorToken const token = JsonbIteratorNext(&iterator, &value, true);
                if (token == WJB_DONE)
                    return {};
                if (token == WJB_KEY)
                    break;
            }
            char *name = pnstrdup(value.val.string.val, value.val.string.len);
            JsonbIteratorNext(&iterator, &value, true);
            return {true, name, plain_unsafe(value)};
        });
        if (!step.more)
            return fields;
        fields.push_back({step.name, step.value.kind, step.value.text, step.value.value});
    }
}

std::vector<JsonField> json_elements(Datum datum, const char *what) {
    Jsonb *array = call([&] { return DatumGetJsonbP(datum); });
    if (!JB_ROOT_IS_ARRAY(array) || JB_ROOT_IS_SCALAR(array))
        throw Error(sqlstate::invalid_argument, "{} must be a JSON array", what);
    std::vector<JsonField> elements;
    for (std::uint32_t i = 0; i < JB_ROOT_COUNT(array); ++i) {
        Plain const element = call([&] { return plain_unsafe(*getIthJsonbValueFromContainer(&array->root, i)); });
        elements.push_back({"", element.kind, element.text, element.value});
    }
    return elements;
}

std::vector<std::string> json_texts(const JsonField &field, const std::string &what) {
    std::vector<std::string> texts;
    if (field.kind == JsonKind::array) {
        for (JsonField const &element : json_elements(field.value, what.c_str())) {
            if (element.kind != JsonKind::string)
                throw Error(sqlstate::invalid_argument, "{} must be an array of strings", what);
            texts.push_back(element.text);
        }
        return texts;
    }
    throw Error(sqlstate::invalid_argument, "{} must be an array of strings", what);
}

} // namespace mvmanager::pg
