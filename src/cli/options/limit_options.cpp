#include "cli/options/limit_options.hpp"

#include <fmt/format.h>

#include "cli/parser/command_line.hpp"
#include "torc/base/units.hpp"
#include "torc/server/server.hpp"

namespace torc::cli {
namespace {

constexpr std::int64_t k_least_body = 1024;
/// A document takes many times its text's size while it is worked on.
constexpr std::int64_t k_most_body = std::int64_t{4} << 30;

std::string check_body_size(const std::string& text) {
  const auto bytes = base::parse_memory(text);
  const bool good = bytes && *bytes >= k_least_body && *bytes <= k_most_body;
  return good ? "" : fmt::format("'{}' is not a valid size from 1k to 4g (expected e.g. 64m)", text);
}

}  // namespace

void add_limit_options(Command command, server::LimitOptions& limits) {
  const auto set = [&limits](const std::string& text) {
    limits.body = static_cast<std::size_t>(base::parse_memory(text).value_or(0));
  };
  command
      .option_function<std::string>("--max-body-size", set,
                                    "Largest body of a request; a larger one is answered with 413")
      .type_name("SIZE")
      .check(check_body_size)
      .default_str("64m");
  command.option("--max-connections", limits.connections, "Clients at once; further ones are answered with 503")
      .range(1, 1'000'000)
      .capture_default_str();
  command.option("--idle-timeout", limits.idle_seconds, "Seconds after which a connection without a request is closed")
      .range(1, 1'000'000)
      .capture_default_str();
  command
      .option("--request-timeout", limits.request_seconds,
              "Seconds that a request may take to arrive; a slower one is answered with 408")
      .range(1, 1'000'000)
      .capture_default_str();
}

}  // namespace torc::cli
