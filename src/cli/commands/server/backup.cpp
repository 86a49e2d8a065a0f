#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/options/server_options.hpp"
#include "cli/parser/command_line.hpp"
#include "torc/cli/command.hpp"
#include "torc/store/maintenance.hpp"

namespace torc::cli {
namespace {

struct BackupOptions {
  std::string file{};
  std::string database{};
  bool force{false};
};

int server_backup(const BackupOptions& options, CommandContext& context) {
  const std::string database = database_path(options.database);
  const auto made =
      store::back_up(database, options.file, options.force ? store::Existing::replace : store::Existing::refuse,
                     context.stop_on_signal());
  context.output().line(fmt::format("Copied {} to {} ({} bytes, checked)", database, options.file, made.bytes));
  if (context.output().json()) {
    context.output().document(
        {{"database", database}, {"file", options.file}, {"bytes", made.bytes}, {"version", made.version}});
  }
  return k_exit_ok;
}

}  // namespace

void add_server_backup(Command parent, Action& chosen) {
  auto options = std::make_shared<BackupOptions>();
  const Command command = parent.subcommand("backup", "Copy the database to a file, also while a server uses it");
  command.option("file", options->file, "The copy to make").type_name("FILE").required();
  add_database_option(command, options->database);
  command.flag("--force", options->force, "Replace FILE if it exists");
  command.footer(
      "Examples:\n"
      "  torc server backup torc-$(date +%F).db --database ~/torc.db\n"
      "The copy is the database at one moment, checked, and in place only when it is whole.\n");
  command.callback(
      [options, &chosen] { chosen = [options](CommandContext& context) { return server_backup(*options, context); }; });
}

}  // namespace torc::cli
