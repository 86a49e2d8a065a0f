#include "cli/options/restart_options.hpp"

namespace torc::cli {

Option add_restart_options(Command command, app::RestartOptions& options) {
  const Option restart =
      command.flag("--restart", options.restart, "Start workers that died again, as they were started");
  command.option("--max-restarts", options.most, "Of each worker")
      .type_name("N")
      .range(std::int64_t{1}, std::int64_t{1'000'000})
      .capture_default_str()
      .needs(restart);
  command
      .option("--restart-pause", options.pause_seconds,
              "Between a worker's first and second restart; doubled for each further one, up to ten minutes")
      .type_name("SECONDS")
      .range(0.1, 86'400.0)
      .default_str("10")
      .needs(restart);
  return restart;
}

}  // namespace torc::cli
