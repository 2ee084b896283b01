#include "model/definition.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace mvmanager::model {
namespace {

// A tag tells how the bytes after it are read, so no value of one type can be taken for one of another.
constexpr char text_tag = 't';
constexpr char bytes_tag = 'b';
constexpr char integer_tag = 'i';
constexpr char instant_tag = 'u';
constexpr char null_tag = 'n';
constexpr char count_tag = 'c';

} // namespace

Preimage::Preimage(std::string_view kind) { text(kind); }

void Preimage::tagged(char tag, std::uint64_t value) {
    buffer_.push_back(tag);
    for (int shift = 56; shift >= 0; shift -= 8)
        buffer_.push_back(static_cast<char>(value >> shift & 0xFFU));
}

Preimage &Preimage::text(std::string_view utf8) {
    tagged(text_tag, utf8.size());
    buffer_.append(utf8);
    return *this;
}

Preimage &Preimage::bytes(std::string_view raw) {
    tagged(bytes_tag, raw.size());
    buffer_.append(raw);
    return *this;
}

Preimage &Preimage::integer(std::int64_t value) {
    tagged(integer_tag, static_cast<std::uint64_t>(value));
    return *this;
}

Preimage &Preimage::instant(Timestamp value) {
    tagged(instant_tag, static_cast<std::uint64_t>(value));
    return *this;
}

Preimage &Preimage::null() {
    buffer_.push_back(null_tag);
    return *this;
}

Preimage &Preimage::count(std::size_t members) {
    tagged(count_tag, members);
    return *this;
}

std::string data_preimage(std::string_view canonical_text, std::span<const Column> columns) {
    Preimage preimage("mvmanager data 1");
    preimage.text(canonical_text).count(columns.size());
    for (const Column &column : columns)
        preimage.text(column.name).text(column.type).text(column.collation);
    return preimage.take();
}

std::string metadata_preimage(std::span<const std::string> indexes, std::span<const Option> options,
                              std::optional<std::string_view> comment) {
    std::vector<std::string_view> sorted_indexes(indexes.begin(), indexes.end());
    std::sort(sorted_indexes.begin(), sorted_indexes.end());
    std::vector<std::pair<std::string_view, std::string_view>> sorted_options;
    for (const Option &option : options)
        sorted_options.emplace_back(option.name, option.value);
    std::sort(sorted_options.begin(), sorted_options.end());

    Preimage preimage("mvmanager metadata 1");
    preimage.count(sorted_indexes.size());
    for (const std::string_view index : sorted_indexes)
        preimage.text(index);
    preimage.count(sorted_options.size());
    for (const auto &[name, value] : sorted_options)
        preimage.text(name).text(value);
    comment ? preimage.text(*comment) : preimage.null();
    return preimage.take();
}

std::string parents_preimage(std::span<const Parent> parents) {
    std::vector<std::pair<std::int64_t, std::string_view>> sorted;
    for (const Parent &parent : parents)
        sorted.emplace_back(parent.view_id, parent.data_hash);
    std::sort(sorted.begin(), sorted.end());

    Preimage preimage("mvmanager parents 1");
    preimage.count(sorted.size());
    for (const auto &[view_id, data_hash] : sorted)
        preimage.integer(view_id).bytes(data_hash);
    return preimage.take();
}

std::string chain_preimage(std::string_view previous_hash, std::span<const Field> fields) {
    struct Append {
        Preimage &preimage;
        void operator()(std::monostate) const { preimage.null(); }
        void operator()(std::int64_t value) const { preimage.integer(value); }
        void operator()(std::string_view value) const { preimage.text(value); }
        void operator()(Bytes value) const { preimage.bytes(value.value); }
        void operator()(Instant value) const { preimage.instant(value.value); }
    };
    Preimage preimage("mvmanager chain 1");
    preimage.bytes(previous_hash).count(fields.size());
    for (const Field &field : fields)
        std::visit(Append{preimage}, field);
    return preimage.take();
}

std::string chain_preimage(std::string_view previous_hash, std::initializer_list<Field> fields) {
    return chain_preimage(previous_hash, std::span<const Field>(fields.begin(), fields.size()));
}

} // namespace mvmanager::model
