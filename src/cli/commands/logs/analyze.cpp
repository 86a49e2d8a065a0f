#include <sys/stat.h>

#include <filesystem>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "cli/logs/log_files.hpp"
#include "cli/options/max_size_option.hpp"
#include "torc/archive/unpack.hpp"
#include "torc/base/error.hpp"
#include "torc/base/printable.hpp"

namespace torc::cli {
namespace {

struct Options {
  std::string path{};
  std::optional<model::Id> workflow_id{};
  std::optional<std::uint64_t> max_size{};
};

/// The findings, and what was not read.
struct Analysis {
  TroubleReport report{};
  std::uint64_t files{0};
  WorkflowIds workflows{};
  base::ShortList skipped{};   ///< "FIFO job_stdio/job_wf1_j1_r1_a1.o".
  base::ShortList stripped{};  ///< Entries of an archive with setuid, setgid or sticky bits.
};

bool is_wanted(std::string_view path, const Options& options) {
  const auto owner = workflow_of_log(path);
  return owner && (!options.workflow_id || *owner == *options.workflow_id);
}

/// @throws UsageError if there are logs of several workflows and none was named
void require_one_workflow(const Analysis& analysis, const Options& options) {
  if (analysis.workflows.is_several()) {
    throw base::UsageError(fmt::format("{} contains logs of workflows {}: name one with --workflow-id", options.path,
                                       analysis.workflows.text()));
  }
}

void read_directory(const Options& options, Analysis& analysis) {
  const base::Fd directory = base::open_directory(options.path);
  base::ShortList seen_twice;
  for_each_log(
      directory.get(), options.workflow_id,
      [&](const base::FoundFile& file) { analysis.workflows.add(workflow_of_log(file.path).value_or(0)); }, seen_twice);
  require_one_workflow(analysis, options);
  for_each_log(
      directory.get(), options.workflow_id,
      [&](const base::FoundFile& file) {
        const auto opened = base::open_beneath(directory.get(), file.path);
        if (opened.file) {
          ++analysis.files;
          TroubleFinder finder(file.path, analysis.report);
          find_trouble(opened.file.get(), finder);
        } else if (!opened.is_absent) {
          analysis.skipped.add(fmt::format("{} ({})", file.path, opened.refusal));
        }
      },
      analysis.skipped);
}

/// Records an entry of an archive that is not read.
void judge_entry(const archive::Entry& entry, const Options& options, Analysis& analysis) {
  constexpr unsigned k_special_bits = S_ISUID | S_ISGID | S_ISVTX;
  using Kind = archive::Kind;
  switch (entry.kind) {
    case Kind::file:
      if ((entry.mode & k_special_bits) != 0) {
        analysis.stripped.add(entry.name);
      }
      if (is_wanted(entry.name, options)) {
        analysis.workflows.add(workflow_of_log(entry.name).value_or(0));
      }
      return;
    case Kind::directory:
      return;
    case Kind::symbolic_link:
    case Kind::hard_link:
      if (!is_wanted(entry.name, options)) {
        return;
      }
      break;
    default:
      break;
  }
  analysis.skipped.add(fmt::format("{} {}", archive::kind_name(entry.kind), entry.name));
}

/// Searches the archive while reading it, without unpacking. Thus its links and permissions have no effect, and an
/// interrupted command leaves nothing behind.
void read_archive(const Options& options, Analysis& analysis) {
  archive::survey(options.path, {}, [&](const archive::Entry& entry, const archive::Survey& so_far) {
    if (const auto why = archive::why_too_large(so_far, options.max_size); !why.empty()) {
      throw base::Error(why);
    }
    judge_entry(entry, options, analysis);
  });
  require_one_workflow(analysis, options);
  archive::Reader reader(options.path);
  while (const auto entry = reader.next()) {
    if (entry->kind != archive::Kind::file || !is_wanted(entry->name, options)) {
      continue;
    }
    ++analysis.files;
    TroubleFinder finder(entry->name.starts_with("./") ? entry->name.substr(2) : entry->name, analysis.report);
    while (const auto block = reader.read()) {
      finder.add(block->data);
    }
    finder.finish();
  }
}

void print(const Analysis& analysis, const Options& options, const Output& output) {
  if (!analysis.skipped.empty()) {
    output.note("Not read: " + analysis.skipped.text());
  }
  if (!analysis.stripped.empty()) {
    output.note("With setuid, setgid or sticky bits: " + analysis.stripped.text());
  }
  if (analysis.files == 0) {
    throw base::Error(options.workflow_id
                          ? fmt::format("{} contains no logs of workflow {}", options.path, *options.workflow_id)
                          : options.path + " contains no logs of a workflow");
  }
  auto kinds = nlohmann::json::array();
  for (const auto& [kind, found] : analysis.report.kinds()) {
    output.line(fmt::format("{}: {} line(s)", kind, found.count));
    auto lines = nlohmann::json::array();
    for (const auto& each : found.first) {
      output.line(
          fmt::format("  {}:{}: {}", base::printable_line(each.file), each.line, base::printable_line(each.text)));
      lines.push_back({{"file", each.file}, {"line", each.line}, {"text", each.text}});
    }
    if (found.count > found.first.size()) {
      output.line(fmt::format("  ... and {} more", found.count - found.first.size()));
    }
    kinds.push_back({{"kind", kind}, {"count", found.count}, {"lines", std::move(lines)}});
  }
  output.line(fmt::format("{} file(s) read, {}", analysis.files,
                          analysis.report.kinds().empty() ? "no problems found" : "the lines above may show problems"));
  if (output.json()) {
    nlohmann::json document = {{"files", analysis.files}, {"findings", std::move(kinds)}};
    for (const auto& [name, list] :
         {std::pair{"skipped", &analysis.skipped}, std::pair{"stripped", &analysis.stripped}}) {
      if (!list->empty()) {
        document[name] = {{"count", list->count()}, {"first", list->texts()}};
      }
    }
    output.document(document);
  }
}

int run(const Options& options, CommandContext& context) {
  std::error_code error;
  Analysis analysis;
  if (std::filesystem::is_directory(options.path, error)) {
    read_directory(options, analysis);
  } else if (!std::filesystem::exists(options.path, error)) {
    throw base::Error(options.path + ": no such file or directory");
  } else {
    try {
      read_archive(options, analysis);
    } catch (const base::UsageError&) {
      throw;
    } catch (base::Error& failure) {
      failure.add_context("cannot read " + options.path);
      throw;
    }
  }
  print(analysis, options, context.output());
  return k_exit_ok;
}

}  // namespace

CommandInfo logs_analyze_command() {
  auto options = std::make_shared<Options>();
  OptionInfo max_size = max_size_option(options->max_size);
  max_size.help =
      "Do not read archives with more content than this, such as 20g (default: 100 times the archive's own size, at "
      "least 1g)";
  return {.path = "logs analyze",
          .summary = "Search logs, or a bundle of them, for errors",
          .options = {{.names = "path",
                       .target = &options->path,
                       .completion = Completion::file,
                       .required = true,
                       .help = "A bundle (.tar.gz), an archive of 'torc remote collect-logs', or a directory"},
                      {.names = "-w,--workflow-id",
                       .target = &options->workflow_id,
                       .value = "ID",
                       .completion = Completion::workflow_id,
                       .help = "Required if the directory contains logs of several workflows"},
                      max_size},
          .examples = {{.command = "torc logs analyze wf42.tar.gz"},
                       {.command = "torc logs analyze torc_output --workflow-id 42"}},
          .run = [options](CommandContext& context) { return run(*options, context); }};
}

}  // namespace torc::cli
