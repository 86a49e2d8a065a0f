#include "cli/limit_options.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "torc/base/units.hpp"
#include "torc/server/server.hpp"

namespace torc::cli {
namespace {

constexpr std::int64_t k_least_body = 1024;
/// A document takes many times its text's size while it is worked on.
constexpr std::int64_t k_most_body = std::int64_t{4} << 30;

std::size_t parse_body_size(const std::string& text) {
  const auto bytes = base::parse_memory(text);
  if (!bytes || *bytes < k_least_body || *bytes > k_most_body) {
    throw CLI::ValidationError("--max-body-size", fmt::format("'{}' is no size from 1k to 4g, such as 64m", text));
  }
  return static_cast<std::size_t>(*bytes);
}

}  // namespace

void add_limit_options(CLI::App& command, server::LimitOptions& limits) {
  command
      .add_option_function<std::string>(
          "--max-body-size", [&limits](const std::string& text) { limits.body = parse_body_size(text); },
          "Largest body of a request; a larger one is answered with 413")
      ->type_name("SIZE")
      ->default_str("64m");
  command.add_option("--max-connections", limits.connections, "Clients at once; further ones are answered with 503")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  command.add_option("--idle-timeout", limits.idle_seconds, "Seconds after which a connection without a request is closed")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  command
      .add_option("--request-timeout", limits.request_seconds,
                  "Seconds that a request may take to arrive; a slower one is answered with 408")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
}

}  // namespace torc::cli
