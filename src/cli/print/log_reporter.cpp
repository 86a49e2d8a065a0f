#include <memory>
#include <variant>

#include <fmt/format.h>

#include "cli/print/reporters.hpp"
#include "torc/base/log.hpp"

namespace torc::cli {
namespace {

class LogReporter : public app::Reporter {
 public:
  void report(const app::Event& event) override {
    if (const auto* change = std::get_if<app::ForwardChanged>(&event)) {
      const auto& forward = change->forward;
      base::log_info("{}: {}", forward.name, forward.up ? fmt::format("up, port {}", forward.port) : forward.error);
    } else if (const auto* server = std::get_if<app::TunnelServerChanged>(&event)) {
      base::log_info("{}", server->text);
    } else if (const auto* ended = std::get_if<app::TunnelEnded>(&event)) {
      base::log_info("The tunnel ends: {}", ended->why);
    }
  }
};

}  // namespace

std::unique_ptr<app::Reporter> make_log_reporter() {
  return std::make_unique<LogReporter>();
}

}  // namespace torc::cli
