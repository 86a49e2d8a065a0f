#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "cli/parser/command_info.hpp"
#include "torc/remote/transport.hpp"

namespace torc::cli {

/// How to reach the workers: options of every command of `torc remote`.
struct SshSettings {
  std::size_t max_parallel{10};
  std::vector<std::string> options{};  ///< "K=V" each
  std::vector<std::string> hosts{};    ///< Patterns of --host; none: all workers.
  double limit_seconds{60};            ///< Hidden: time limit for a whole call.
  double connect_delay_seconds{0};
};

/// --max-parallel-ssh, --connect-delay, --ssh-option and the hidden --ssh-limit.
std::vector<OptionInfo> ssh_options(SshSettings& settings);

/// --host, for the commands that may act on some of the workers.
OptionInfo host_option(SshSettings& settings);

/// --output-dir, for the commands that find runners by where they were started.
OptionInfo runner_directory_option(std::optional<std::string>& directory);

/// -x, --exclude, for the commands that read worker files.
OptionInfo exclude_option(std::vector<std::string>& patterns);

/// --prefix, for the commands that install torc on workers.
OptionInfo prefix_option(std::string& prefix);
/// --binary-dir, for the same commands.
OptionInfo binary_dir_option(std::string& directory);

/// Programs from TORC_SSH and TORC_SCP, the rest from the options. Call this once per command: copies of the result
/// share the slots of --max-parallel-ssh and the pace of --connect-delay.
remote::SshOptions make_ssh_options(const SshSettings& settings);

}  // namespace torc::cli
