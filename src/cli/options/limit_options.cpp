#include "cli/options/limit_options.hpp"

#include <fmt/format.h>

#include "torc/base/units.hpp"
#include "torc/server/server.hpp"

namespace torc::cli {
namespace {

constexpr std::int64_t k_least_body = 1024;
/// Processing a document takes many times the size of its text.
constexpr std::int64_t k_max_body = std::int64_t{4} << 30;

std::string check_body_size(const std::string& text) {
  const auto bytes = base::parse_memory(text);
  const bool good = bytes && *bytes >= k_least_body && *bytes <= k_max_body;
  return good ? "" : fmt::format("'{}' is not a valid size from 1k to 4g (expected e.g. 64m)", text);
}

}  // namespace

std::vector<OptionInfo> limit_options(server::LimitOptions& limits) {
  const auto set_body = [&limits](const std::string& text) {
    limits.body = static_cast<std::size_t>(base::parse_memory(text).value_or(0));
  };
  return {{.names = "--max-body-size",
           .target = set_body,
           .value = "SIZE",
           .check = check_body_size,
           .default_text = "64m",
           .help = "Maximum body size of a request, from 1k to 4g; larger ones are answered with 413"},
          {.names = "--max-connections",
           .target = &limits.connections,
           .value = "N",
           .range = Range{1, 1'000'000},
           .default_text = std::to_string(limits.connections),
           .help = "Maximum number of simultaneous clients; further ones are answered with 503"},
          {.names = "--idle-timeout",
           .target = &limits.idle_seconds,
           .value = "SECONDS",
           .range = Range{1, 1'000'000},
           .default_text = std::to_string(limits.idle_seconds),
           .help = "Close a connection that sends no request for this long"},
          {.names = "--request-timeout",
           .target = &limits.request_seconds,
           .value = "SECONDS",
           .range = Range{1, 1'000'000},
           .default_text = std::to_string(limits.request_seconds),
           .help = "Maximum time from a request's first byte to its last; slower ones are answered with 408"}};
}

}  // namespace torc::cli
