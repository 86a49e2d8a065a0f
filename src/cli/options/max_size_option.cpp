#include "cli/options/max_size_option.hpp"

#include <fmt/format.h>

#include "torc/base/units.hpp"

namespace torc::cli {
namespace {

std::string check_size(const std::string& text) {
  const auto bytes = base::parse_memory(text);
  return bytes && *bytes > 0 ? "" : fmt::format("'{}' is not a valid size (expected e.g. 500m or 20g)", text);
}

}  // namespace

OptionInfo max_size_option(std::optional<std::uint64_t>& target) {
  const auto set = [&target](const std::string& text) {
    target = static_cast<std::uint64_t>(base::parse_memory(text).value_or(0));
  };
  return {.names = "--max-size", .target = set, .value = "SIZE", .check = check_size};
}

}  // namespace torc::cli
