#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <set>

#include <fmt/format.h>

#include "cli/commands.hpp"
#include "cli/logs/attempt_output.hpp"
#include "cli/options/common_options.hpp"
#include "cli/options/ssh_options.hpp"
#include "cli/parser/checks.hpp"
#include "cli/print/terminal_writer.hpp"
#include "torc/app/fleet/workers.hpp"
#include "torc/archive/reader.hpp"
#include "torc/base/file.hpp"
#include "torc/base/printable.hpp"
#include "torc/base/sleep.hpp"
#include "torc/base/strings.hpp"
#include "torc/model/job_output.hpp"
#include "torc/remote/job_output_reader.hpp"

namespace torc::cli {
namespace {

constexpr std::chrono::milliseconds k_step_interval{200};

struct Options {
  std::vector<std::string> words{};  ///< The job, and optionally the workflow ID before it.
  bool follow{false};
  std::string output_dir{"torc_output"};
  std::string collected{"remote_logs"};
  std::optional<std::string> remote_dir{};
  bool raw{false};
  SshSettings ssh{};
};

/// Writes output of jobs to the stream to which the job wrote it.
class JobStreams {
 public:
  explicit JobStreams(bool raw) : m_out(STDOUT_FILENO, raw), m_err(STDERR_FILENO, raw) {}

  void write(bool is_error, std::string_view bytes) { (is_error ? m_err : m_out).write(bytes); }
  void finish() {
    m_out.finish();
    m_err.finish();
  }

 private:
  TerminalWriter m_out;
  TerminalWriter m_err;
};

void print(const std::string& out, const std::string& err, bool raw) {
  JobStreams streams(raw);
  streams.write(false, out);
  streams.write(true, err);
  streams.finish();
}

bool is_error_file(std::string_view path) {
  return path.ends_with(model::k_stderr_suffix);
}

/// @throws base::Error if some of the files were not shown
void require_all_shown(const std::vector<std::string>& refusals) {
  if (!refusals.empty()) {
    throw base::Error("not shown: " + base::printable_line(base::join(refusals, "; ")) +
                      ". If you trust the file, read it with another program.");
  }
}

/// Shows what is appended to files until the job has ended.
class LocalFollower {
 public:
  LocalFollower(const LocalOutput& output, bool raw)
      : m_output(output), m_offsets(output.paths.size(), 0), m_streams(raw) {}

  void print_news() {
    for (std::size_t i = 0; i < m_output.paths.size(); ++i) {
      // The file is opened again each time, because a network file system may show new content only then.
      const auto opened = base::open_beneath(m_output.directory.get(), m_output.paths[i]);
      if (opened.file) {
        m_offsets[i] = print_from(opened.file.get(), m_offsets[i], is_error_file(m_output.paths[i]));
      }
    }
  }
  void finish() {
    print_news();
    m_streams.finish();
  }

 private:
  /// @returns the new position
  off_t print_from(int file, off_t offset, bool is_error) {
    for (;;) {
      const ssize_t count = ::pread(file, m_buffer.data(), m_buffer.size(), offset);
      if (count < 0 && errno == EINTR) {
        continue;
      }
      if (count <= 0) {
        return offset;
      }
      m_streams.write(is_error, {m_buffer.data(), static_cast<std::size_t>(count)});
      offset += count;
    }
  }

  const LocalOutput& m_output;
  std::vector<off_t> m_offsets;
  std::vector<char> m_buffer = std::vector<char>(std::size_t{1} << 16U);
  JobStreams m_streams;
};

/// Calls `step` until the job has ended, the user interrupts, or `step` returns false.
template <typename Step>
void until_the_end(const model::Job& job, CommandContext& context, Step&& step) {
  const auto stop = context.stop_on_signal();
  int steps = 0;
  while (!stop.stop_requested() && step()) {
    // The server is queried once per second.
    if (++steps % 5 == 0 && context.api().get_job(job.id.value_or(0)).status != model::JobStatus::running) {
      return;
    }
    base::sleep_unless_stopped(std::chrono::steady_clock::now() + k_step_interval, stop);
  }
}

bool show_local(const JobAttempt& attempt, model::Id id, const Options& options, CommandContext& context) {
  const auto output = local_output(attempt, id, options.output_dir, options.collected);
  if (output.paths.empty() && output.refusals.empty()) {
    return false;
  }
  LocalFollower follower(output, options.raw);
  if (options.follow && !attempt.has_ended) {
    until_the_end(attempt.job, context, [&] {
      follower.print_news();
      return true;
    });
  }
  follower.finish();
  require_all_shown(output.refusals);
  return true;
}

/// Prints the attempt's files in the order of the archive.
/// @returns whether the archive contains any
bool print_archived(const std::filesystem::path& archive, const std::string& stem, bool raw) {
  std::vector<std::string> refusals;
  std::set<std::string> left;
  for (const auto suffix : model::k_stdio_suffixes) {
    left.insert(fmt::format("{}/{}{}", model::k_stdio_directory, stem, suffix));
  }
  JobStreams streams(raw);
  archive::Reader reader(archive);
  for (auto entry = reader.next(); entry; entry = reader.next()) {
    std::string_view name = entry->name;
    name.remove_prefix(name.starts_with("./") ? 2 : 0);
    if (left.erase(std::string(name)) == 0) {
      continue;
    }
    if (entry->kind != archive::Kind::file) {
      refusals.push_back(fmt::format("{} in {} (it is a {})", name, archive.string(), kind_name(entry->kind)));
    }
    while (const auto block = reader.read()) {
      streams.write(is_error_file(name), block->data);
    }
  }
  streams.finish();
  require_all_shown(refusals);
  return left.size() < model::k_stdio_suffixes.size();
}

bool show_archived(const JobAttempt& attempt, model::Id id, const Options& options) {
  const auto archive = archive_of(attempt, id, options.collected);
  if (!archive || !attempt.has_ended) {
    return false;
  }
  try {
    return print_archived(*archive, attempt.stem, options.raw);
  } catch (const WriteError&) {
    throw;  // A failure of the output, not of the archive.
  } catch (base::Error& error) {
    error.add_context(archive->string());
    throw;
  }
}

void show_remote(const JobAttempt& attempt, model::Id id, const Options& options, CommandContext& context) {
  const remote::JobOutputRequest request{.workflow = app::workflow_ref(context.api(), id),
                                         .output_dir = options.remote_dir.value_or(""),
                                         .stem = attempt.stem};
  if (options.follow && !attempt.has_ended) {
    JobStreams streams(options.raw);
    remote::FollowedOutput output(make_ssh_options(options.ssh), *attempt.worker, request,
                                  [&](bool is_error, std::string_view bytes) { streams.write(is_error, bytes); });
    until_the_end(attempt.job, context, [&] { return output.pass_on(); });
    output.finish();
    streams.finish();
    return;
  }
  remote::SshTransport transport(make_ssh_options(options.ssh), context.stop_on_signal());
  const auto output = remote::read_job_output(transport, *attempt.worker, request);
  if (!output.found) {
    throw base::Error(output.message);
  }
  print(output.out, output.err, options.raw);
}

int show(const Options& options, CommandContext& context) {
  if (options.words.empty() || options.words.size() > 2) {
    throw base::UsageError("torc logs [workflow-id] JOB: give one job, by its ID or name");
  }
  std::optional<model::Id> given;
  if (options.words.size() == 2) {
    if (const auto problem = check_id(options.words.front()); !problem.empty()) {
      throw base::UsageError("workflow-id: " + problem);
    }
    given = base::parse_int(options.words.front());
  }
  const model::Id id = context.workflow_id(given);
  const auto attempt = latest_attempt(context.api(), id, options.words.back());
  if (show_local(attempt, id, options, context) || show_archived(attempt, id, options)) {
    return k_exit_ok;
  }
  if (!attempt.worker) {
    throw base::Error(fmt::format("the output of job '{}' ({}) is neither in {} nor in {}; name the directory with -o",
                                  base::printable_line(attempt.job.name), attempt.stem, options.output_dir,
                                  options.collected));
  }
  show_remote(attempt, id, options, context);
  return k_exit_ok;
}

int run(const Options& options, CommandContext& context) {
  try {
    return show(options, context);
  } catch (const WriteError& error) {
    if (!error.is_closed_pipe()) {
      throw;
    }
    return k_exit_ok;
  }
}

}  // namespace

CommandInfo logs_command() {
  auto options = std::make_shared<Options>();
  return {
      .path = "logs",
      .summary = "Show the output of a job, on this machine, collected, or on its worker",
      .options = joined({{.names = "JOB",
                          .target = &options->words,
                          .value = "[WORKFLOW_ID] <JOB>",
                          .completion = Completion::job_id,
                          .every_word = true,
                          .help = "ID or name of a job; a name requires the ID of the workflow"},
                         {.names = "-F,--follow", .target = &options->follow, .help = "Continue until the job ends"},
                         {.names = "-o,--output-dir",
                          .target = &options->output_dir,
                          .value = "DIR",
                          .default_text = options->output_dir,
                          .completion = Completion::directory,
                          .help = "Output directory of runners on this machine"},
                         {.names = "-l,--local-output-dir",
                          .target = &options->collected,
                          .value = "DIR",
                          .default_text = options->collected,
                          .completion = Completion::directory,
                          .help = "Directory with the archives of 'torc remote collect-logs'"},
                         {.names = "--remote-output-dir",
                          .target = &options->remote_dir,
                          .value = "DIR",
                          .help = "Output directory on the worker (default: the one of the last start, else "
                                  "torc_output)"},
                         raw_option(options->raw)},
                        ssh_options(options->ssh)),
      .examples = {{.command = "torc logs 42 train_7"}, {.command = "torc logs 42 1311 -F"}},
      .run = [options](CommandContext& context) { return run(*options, context); }};
}

}  // namespace torc::cli
