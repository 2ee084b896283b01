#include "format.hpp"

#include <fmt/format.h>

namespace mvmanager {

std::string format_erased(fmt::string_view text, fmt::format_args arguments) { return fmt::vformat(text, arguments); }

} // namespace mvmanager
