#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "cli/options/server_options.hpp"
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

CommandInfo server_backup_command() {
  auto options = std::make_shared<BackupOptions>();
  return {
      .path = "server backup",
      .summary = "Back up the database, also while a server uses it",
      .description = "The copy is a consistent snapshot. It is checked, and gets its name only when it is complete.",
      .options = {{.names = "file",
                   .target = &options->file,
                   .completion = Completion::file,
                   .required = true,
                   .help = "The file to create"},
                  database_option(options->database),
                  {.names = "--force", .target = &options->force, .help = "Replace the file if it exists"}},
      .examples = {{.command = "torc server backup torc-$(date +%F).db --database ~/torc.db"}},
      .run = [options](CommandContext& context) { return server_backup(*options, context); }};
}

}  // namespace torc::cli
