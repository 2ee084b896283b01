#include "model/name.hpp"

#include <algorithm>

namespace mvmanager::model {
namespace {

// FNV-1a, 64 bits, folded.
std::uint32_t hash(std::string_view text) {
    std::uint64_t value = 0xCBF29CE484222325U;
    for (const char c : text) {
        value ^= static_cast<unsigned char>(c);
        value *= 0x100000001B3U;
    }
    return static_cast<std::uint32_t>(value ^ value >> 32);
}

std::string hex(std::uint32_t value) {
    std::string digits;
    for (int shift = 28; shift >= 0; shift -= 4)
        digits.push_back("0123456789abcdef"[value >> shift & 0xFU]);
    return digits;
}

// The length of the UTF-8 character that begins with `lead`; 1 for what is no lead byte.
std::size_t character_length(unsigned char lead) {
    if (lead >= 0xF0U && lead <= 0xF4U)
        return 4;
    if (lead >= 0xE0U && lead < 0xF0U)
        return 3;
    if (lead >= 0xC2U && lead < 0xE0U)
        return 2;
    return 1;
}

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

} // namespace

std::string_view cut_utf8(std::string_view text, std::size_t bytes) {
    if (text.size() <= bytes)
        return text;
    // A character that straddles the cut begins at most three bytes before it.
    for (std::size_t back = 1; back <= std::min<std::size_t>(3, bytes); ++back) {
        const std::size_t at = bytes - back;
        if (is_continuation(text[at]))
            continue;
        const bool straddles =
            character_length(static_cast<unsigned char>(text[at])) > back && is_continuation(text[bytes]);
        return text.substr(0, straddles ? at : bytes);
    }
    return text.substr(0, bytes);
}

namespace {

std::string with_suffix(std::string_view view, const std::string &suffix) {
    std::string whole = std::string(view) + suffix;
    if (whole.size() <= max_name_bytes)
        return whole;
    const std::string mark = '_' + hex(hash(whole));
    return std::string(cut_utf8(view, max_name_bytes - mark.size() - suffix.size())) + mark + suffix;
}

} // namespace

std::string relation_name(std::string_view view, std::int32_t version, std::int64_t view_id) {
    return with_suffix(view, "__v" + std::to_string(version) + '_' + std::to_string(view_id));
}

std::string refresh_name(std::string_view view, std::uint64_t unique, std::int64_t view_id) {
    return with_suffix(view, "__r" + std::to_string(unique) + '_' + std::to_string(view_id));
}

} // namespace mvmanager::model
