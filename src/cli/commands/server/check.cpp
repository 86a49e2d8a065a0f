#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "cli/options/server_options.hpp"
#include "torc/base/printable.hpp"
#include "torc/base/strings.hpp"
#include "torc/store/maintenance.hpp"

namespace torc::cli {
namespace {

std::string describe(const std::map<std::string, std::int64_t>& counts) {
  std::int64_t total = 0;
  std::vector<std::string> parts;
  for (const auto& [status, count] : counts) {
    total += count;
    parts.push_back(fmt::format("{} {}", count, status));
  }
  return parts.empty() ? "0" : fmt::format("{} ({})", total, base::join(parts, ", "));
}

void print(const std::string& database, const store::Check& check, const Output& output) {
  const bool is_older = check.version >= 1 && check.version < check.newest_version;
  output.line(fmt::format("Database:   {} ({} bytes)", database, check.bytes));
  output.line(fmt::format("Server id:  {}", check.server_id));
  output.line(fmt::format("Version:    {}{}", check.version,
                          is_older ? fmt::format(" (the next start upgrades it to {})", check.newest_version) : ""));
  output.line(fmt::format("Workflows:  {}", check.workflows));
  output.line(fmt::format("Jobs:       {}", describe(check.jobs)));
  output.line(fmt::format("Results:    {}", describe(check.results)));
  for (const auto& problem : check.problems) {
    output.line("Problem:    " + base::printable_line(problem));
  }
  output.line(check.ok() ? "No problems found." : fmt::format("{} problems.", check.problems.size()));
}

int server_check(const std::string& given, CommandContext& context) {
  const std::string database = database_path(given);
  const auto check = store::check_database(database);
  print(database, check, context.output());
  if (context.output().json()) {
    context.output().document({{"database", database},
                               {"ok", check.ok()},
                               {"problems", check.problems},
                               {"version", check.version},
                               {"newest_version", check.newest_version},
                               {"server_id", check.server_id},
                               {"bytes", check.bytes},
                               {"workflows", check.workflows},
                               {"jobs", check.jobs},
                               {"results", check.results}});
  }
  return check.ok() ? k_exit_ok : k_exit_failure;
}

}  // namespace

CommandInfo server_check_command() {
  auto database = std::make_shared<std::string>();
  return {.path = "server check",
          .summary = "Check the database for damage and count its contents",
          .description = "Exit status 1 if the database is damaged. A server may be running.",
          .options = {database_option(*database)},
          .examples = {{.command = "torc server check --database ~/torc.db"},
                       {.command = "torc -f json server check --database torc-backup.db"}},
          .run = [database](CommandContext& context) { return server_check(*database, context); }};
}

}  // namespace torc::cli
