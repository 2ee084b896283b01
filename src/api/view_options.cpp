#include "api/view_options.hpp"

#include "pg/json.hpp"

namespace mvmanager::api {
namespace {

using pg::JsonField;
using pg::JsonKind;

constexpr const char *example = "Pass for example '{\"fillfactor\": 90, \"tablespace\": \"fast\"}'.";

void add_storage_parameter(const JsonField &field, versioning::Wish::Options &options) {
    switch (field.kind) {
    case JsonKind::null:
        options.reset.push_back(field.name);
        return;
    case JsonKind::string:
    case JsonKind::number:
    case JsonKind::boolean:
        options.set.push_back({field.name, field.text});
        return;
    default:
        throw pg::Error(pg::sqlstate::invalid_argument, "option \"{}\" must be a string, a number or a boolean",
                        field.name)
            .hint("{}", example);
    }
}

std::optional<std::string> read_name(const JsonField &field) {
    if (field.kind == JsonKind::null)
        return std::nullopt;
    if (field.kind != JsonKind::string || field.text.empty())
        throw pg::Error(pg::sqlstate::invalid_argument, "option \"{}\" must be a name", field.name).hint("{}", example);
    return field.text;
}

} // namespace

versioning::Wish::Options read_options(Datum jsonb) {
    versioning::Wish::Options options;
    for (const JsonField &field : pg::json_fields(jsonb, "argument \"options\"")) {
        if (field.name == "tablespace")
            options.tablespace = read_name(field);
        else if (field.name == "access_method")
            options.access_method = read_name(field);
        else if (field.name != "reloptions")
            add_storage_parameter(field, options);
        else if (field.kind == JsonKind::object)
            for (const JsonField &nested : pg::json_fields(field.value, "option \"reloptions\""))
                add_storage_parameter(nested, options);
        else if (field.kind != JsonKind::null)
            throw pg::Error(pg::sqlstate::invalid_argument, "option \"reloptions\" must be a JSON object")
                .hint("{}", example);
    }
    return options;
}

} // namespace mvmanager::api
