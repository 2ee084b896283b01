// What nearly every object includes. No file includes this one: `make QUICK=1` compiles it once, ahead of the others, for
// somebody who waits for a first look.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "format.hpp"
#include "pg/guard.hpp"
