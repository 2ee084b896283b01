#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace mvmanager::model {

// PostgreSQL's NAMEDATALEN less the terminator.
inline constexpr std::size_t max_name_bytes = 63;

// The longest prefix of at most `bytes` bytes that does not end inside a UTF-8 character. Bytes that are no UTF-8 are kept
// as they are and count one by one.
std::string_view cut_utf8(std::string_view text, std::size_t bytes);

// The name of a staged or archived relation: `<view>__v<version>_<view id>`. Where that is longer than 63 bytes the view's
// part is cut on a character boundary and followed by `_` and 8 hex digits of a hash of the whole. The view id and version
// are always kept whole, so names never collide. Stored by the caller, never computed again. REQUIRES: version, view_id >= 0.
std::string relation_name(std::string_view view, std::int32_t version, std::int64_t view_id);
// The same for what a refresh fills beside the view: `<view>__r<unique>_<view id>`.
std::string refresh_name(std::string_view view, std::uint64_t unique, std::int64_t view_id);

} // namespace mvmanager::model
