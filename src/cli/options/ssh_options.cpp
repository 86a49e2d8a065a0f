#include "cli/options/ssh_options.hpp"

#include <algorithm>
#include <cmath>

#include "cli/parser/command_line.hpp"
#include "torc/base/file.hpp"
#include "torc/base/printable.hpp"

namespace torc::cli {
namespace {

std::string check_ssh_option(const std::string& text) {
  const auto equals = text.find('=');
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  const bool good = equals != std::string::npos && equals > 0 &&
                    std::all_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(equals), is_letter);
  return good ? "" : "'" + base::printable_line(text) + "' is not of the form KEY=VALUE (see ssh_config(5))";
}

}  // namespace

void add_ssh_options(Command command, SshSettings& settings) {
  command.option("--max-parallel-ssh", settings.max_parallel, "ssh and scp processes at once")
      .type_name("N")
      .range(std::size_t{1}, std::size_t{1000})
      .capture_default_str();
  command.option("--connect-delay", settings.connect_delay_seconds, "Minimum delay between starting connections")
      .type_name("SECONDS")
      .range(0.0, 3'600.0)
      .default_str("0");
  command.option("--ssh-option", settings.options, "Option for ssh and scp, as for their -o; may be repeated")
      .type_name("KEY=VALUE")
      .check(check_ssh_option)
      .allow_extra_args(false);
  command.option("--ssh-limit", settings.limit_seconds, "Limit on a whole ssh call in seconds")
      .envname("TORC_SSH_LIMIT")
      .range(0.1, 86'400.0)
      .group("");
}

void add_host_option(Command command, SshSettings& settings) {
  command
      .option("--host", settings.hosts,
              "Only workers whose host or address matches, as in a shell; @NAME: a group; may be repeated")
      .type_name("PATTERN")
      .allow_extra_args(false);
}

void add_exclude_option(Command command, std::vector<std::string>& patterns) {
  command.option("-x,--exclude", patterns, "Leave out workers of the file that match, as for --host; may be repeated")
      .type_name("PATTERN")
      .allow_extra_args(false);
}

void add_prefix_option(Command command, std::string& prefix) {
  command.option("--prefix", prefix, "It comes to bin/torc there; relative: below the home")
      .type_name("DIR")
      .capture_default_str();
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
