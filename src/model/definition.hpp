#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "model/time.hpp"

// The exact bytes that are hashed for a version. The hash itself (SHA-256) is taken by the server side.
// Every field is one type tag, then its value; texts and byte strings carry their length as eight bytes, most significant
// first; so two different lists of fields never give the same bytes. Texts are UTF-8: the caller converts from the
// server's encoding, otherwise the same definition hashes differently in two databases.
// These formats are for ever: a stored chain is verified with them. A new format gets a new kind word.

namespace mvmanager::model {

class Preimage {
public:
    // `kind` says what is hashed and in which format; it is the first field.
    explicit Preimage(std::string_view kind);

    Preimage &text(std::string_view utf8);
    Preimage &bytes(std::string_view raw);
    Preimage &integer(std::int64_t value);
    Preimage &instant(Timestamp value);
    Preimage &null();
    Preimage &count(std::size_t members); // opens a list: that many members follow

    std::string take() { return std::move(buffer_); }

private:
    void tagged(char tag, std::uint64_t value);

    std::string buffer_;
};

struct Column {
    std::string name = {};
    std::string type = {};      // as format_type prints it under an empty search_path
    std::string collation = {}; // qualified name, empty where the type has none
};

struct Option {
    std::string name = {};
    std::string value = {};
};

struct Parent {
    std::int64_t view_id = 0;
    std::string data_hash = {}; // raw bytes
};

// What decides the rows: equal bytes mean the same data can be kept.
std::string data_preimage(std::string_view canonical_text, std::span<const Column> columns);

// What can be altered in place. The order of indexes and options does not matter: they are sorted here.
std::string metadata_preimage(std::span<const std::string> indexes, std::span<const Option> options,
                              std::optional<std::string_view> comment);

// The managed views read, each with the hash of its data; sorted here.
std::string parents_preimage(std::span<const Parent> parents);

// One field of a chain link.
struct Instant {
    Timestamp value = 0;
};
struct Bytes {
    std::string_view value;
};
using Field = std::variant<std::monostate, std::int64_t, std::string_view, Bytes, Instant>;

// A link: the hash of the link before (empty for a view's first) and the fields of this version in a fixed order.
std::string chain_preimage(std::string_view previous_hash, std::span<const Field> fields);
std::string chain_preimage(std::string_view previous_hash, std::initializer_list<Field> fields);

} // namespace mvmanager::model
