#include "cli/options/restart_options.hpp"

#include <string>

namespace torc::cli {

std::vector<OptionInfo> restart_options(app::RestartOptions& options) {
  return {{.names = "--restart",
           .target = &options.restart,
           .help = "Restart runners that die, with the settings of their start"},
          {.names = "--max-restarts",
           .target = &options.most,
           .value = "N",
           .range = Range{1, 1'000'000},
           .default_text = std::to_string(options.most),
           .needs = "--restart",
           .help = "Maximum number of restarts per worker"},
          {.names = "--restart-pause",
           .target = &options.pause_seconds,
           .value = "SECONDS",
           .range = Range{0.1, 86'400},
           .default_text = "10",
           .needs = "--restart",
           .help = "Pause before a worker's second restart; doubled for each further one, up to ten minutes"}};
}

}  // namespace torc::cli
