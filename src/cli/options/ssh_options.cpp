#include "cli/options/ssh_options.hpp"

#include <algorithm>
#include <cmath>

#include "cli/parser/checks.hpp"
#include "torc/base/file.hpp"
#include "torc/base/printable.hpp"

namespace torc::cli {
namespace {

std::string check_ssh_option(const std::string& text) {
  const auto equals = text.find('=');
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  const bool good = equals != std::string::npos && equals > 0 &&
                    std::all_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(equals), is_letter);
  return good ? "" : "'" + base::printable_line(text) + "' is not valid (expected KEY=VALUE, see ssh_config(5))";
}

}  // namespace

std::vector<OptionInfo> ssh_options(SshSettings& settings) {
  return {{.names = "--max-parallel-ssh",
           .target = &settings.max_parallel,
           .value = "N",
           .range = Range{1, 1000},
           .default_text = std::to_string(settings.max_parallel),
           .help = "Maximum number of parallel ssh and scp processes"},
          {.names = "--connect-delay",
           .target = &settings.connect_delay_seconds,
           .value = "SECONDS",
           .range = Range{0, 3'600},
           .default_text = "0",
           .help = "Minimum delay between starting connections"},
          {.names = "--ssh-option",
           .target = &settings.options,
           .value = "KEY=VALUE",
           .check = check_ssh_option,
           .help = "Option for ssh and scp, as for their -o; repeatable"},
          {.names = "--ssh-limit",
           .target = &settings.limit_seconds,
           .value = "SECONDS",
           .range = Range{0.1, 86'400},
           .default_text = "60",
           .env = "TORC_SSH_LIMIT",
           .hidden = true,
           .help = "Maximum duration of an ssh call"}};
}

OptionInfo host_option(SshSettings& settings) {
  return {.names = "--host",
          .target = &settings.hosts,
          .value = "PATTERN",
          .completion = Completion::worker,
          .help =
              "Only workers whose host or address matches the shell pattern, or those of a group (@NAME); "
              "repeatable"};
}

OptionInfo runner_directory_option(std::optional<std::string>& directory) {
  return {.names = "--output-dir",
          .target = &directory,
          .value = "DIR",
          .help = "Only runners with this output directory (default: any)"};
}

OptionInfo exclude_option(std::vector<std::string>& patterns) {
  return {.names = "-x,--exclude",
          .target = &patterns,
          .value = "PATTERN",
          .help = "Exclude workers of the file that match the shell pattern, or those of a group (@NAME); repeatable"};
}

OptionInfo prefix_option(std::string& prefix) {
  return {.names = "--prefix",
          .target = &prefix,
          .value = "DIR",
          .default_text = prefix,
          .help = "Install torc as DIR/bin/torc; relative to the home directory"};
}

OptionInfo binary_dir_option(std::string& directory) {
  return {.names = "--binary-dir",
          .target = &directory,
          .value = "DIR",
          .check = check_not_empty,
          .completion = Completion::directory,
          .help = "Directory of the portable programs torc-linux-x86_64 and torc-linux-aarch64, for workers on which "
                  "this program does not start (default: lib/torc beside the directory of this program)"};
}

remote::SshOptions make_ssh_options(const SshSettings& settings) {
  remote::SshOptions options;
  options.ssh_program = base::env_or("TORC_SSH", "ssh");
  options.scp_program = base::env_or("TORC_SCP", "scp");
  options.options = settings.options;
  options.script_limit = std::chrono::milliseconds(std::llround(settings.limit_seconds * 1000));
  options.transfer_limit = options.script_limit;
  options.connect_delay = std::chrono::milliseconds(std::llround(settings.connect_delay_seconds * 1000));
  options.slots = std::make_shared<remote::SshSlots>(settings.max_parallel);
  return options;
}

}  // namespace torc::cli
