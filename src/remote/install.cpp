#include "torc/remote/install.hpp"

#include <sys/utsname.h>

#include <algorithm>
#include <exception>
#include <filesystem>
#include <memory>
#include <system_error>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "remote/program_file.hpp"
#include "remote/scripts/scripts.hpp"
#include "torc/base/error.hpp"
#include "torc/base/random.hpp"
#include "torc/base/strings.hpp"
#include "torc/model/json.hpp"
#include "torc/proc/fan_out.hpp"

namespace torc::remote {
namespace {

std::string build_of(const std::string& probe) {
  try {
    return model::parse_json(probe).at("build_id").get<std::string>();
  } catch (const std::exception&) {
    return {};
  }
}

/// Explains why the program does not start on a worker, and the remedy, from what it printed instead of its version.
std::string why_not_started(const Report& report, const std::string& wanted) {
  auto libraries = report.all("missing");
  std::string said;
  for (const auto& line : report.all("said")) {
    if (const auto text = base::trim(line); !text.empty()) {
      said = shown(text);
    }
  }
  constexpr std::string_view k_loading = "error while loading shared libraries: ";
  const auto loading = said.find(k_loading);
  if (loading != std::string::npos && libraries.empty()) {
    const auto name = said.substr(loading + k_loading.size());
    libraries.push_back(name.substr(0, name.find(':')));
  }
  for (auto& name : libraries) {
    name = shown(name);
  }
  if (const auto version = said.find("version `GLIBC"); version != std::string::npos) {
    return fmt::format("the worker's C library is too old for this program ({})", said.substr(version));
  }
  if (!libraries.empty()) {
    return fmt::format("it does not start there: {} missing; install the package that contains {}",
                       base::join(libraries, ", ") + (libraries.size() == 1 ? " is" : " are"),
                       libraries.size() == 1 ? "it" : "them");
  }
  if (said.find("Exec format error") != std::string::npos || said.find("cannot execute binary") != std::string::npos) {
    return "it does not start there: it was built for another kind of machine (Exec format error)";
  }
  if (report.get("status") == "0" && said.starts_with("torc ")) {
    return fmt::format("it is {}, not torc {}", said, wanted);
  }
  if (report.get("status") == "124") {
    return "it does not start there: it does not answer";
  }
  if (said.ends_with("Permission denied")) {
    return fmt::format("it does not start there ({}); if the file system is mounted noexec, choose another --prefix",
                       said);
  }
  if (said.ends_with("not found") || said.ends_with("No such file or directory")) {
    return fmt::format(
        "it does not start there: the dynamic loader is missing because the system has another C library ({})", said);
  }
  return "it does not start there: " + (said.empty() ? "exit status " + report.text("status") : said);
}

using ProgramFiles = std::vector<std::unique_ptr<ProgramFile>>;

/// One worker's installation.
class Installation {
 public:
  Installation(Transport& transport, const Worker& worker, const InstallSettings& settings,
               const ProgramFiles& programs)
      : m_transport(transport), m_worker(worker), m_settings(settings), m_programs(programs) {}

  InstallResult run() {
    if (!needs_install()) {
      return m_result;
    }
    std::vector<std::string> reasons;
    for (ProgramFile* program : candidates()) {
      try {
        const Checksum checksum = program->checksum();
        if (!send(*program) || place(*program, checksum) != Placed::does_not_start) {
          return m_result;
        }
      } catch (const base::SystemError& error) {
        m_result.message = error.what();
      }
      reasons.push_back(program->program().name + ": " + m_result.message);
    }
    m_result.message = explain(reasons);
    return m_result;
  }

 private:
  /// @returns whether a program must be installed
  bool needs_install() {
    const auto call = m_transport.run(m_worker.address, {.script = find_torc_script(m_worker, m_settings)});
    const auto report = judge(call);
    if (!report) {
      return false;
    }
    try {
      m_result.path = report->path_if_any("has_torc");
      m_target = report->path("target");
    } catch (const BadReport& error) {
      m_result.message = error.what();
      return false;
    }
    if (!m_result.path.empty()) {
      m_result.ok = true;
      const auto build = build_of(report->get("probe"));
      if (!build.empty() && build != m_settings.build_id) {
        m_result.message = "another build of the same version; --force replaces it";
      }
      return false;
    }
    m_machine = report->get("machine");
    m_has_gzip = report->has("gzip");
    return true;
  }

  /// The programs for the worker's kind of machine.
  std::vector<ProgramFile*> candidates() const {
    std::vector<ProgramFile*> found;
    for (const auto& program : m_programs) {
      if (program->program().machine == m_machine) {
        found.push_back(program.get());
      }
    }
    return found;
  }

  /// Why no program could be installed, and the remedy.
  std::string explain(const std::vector<std::string>& reasons) const {
    const std::string machine = shown(m_machine);
    if (machine.empty()) {
      return "the worker does not report its system and processor (uname -sm)";
    }
    if (reasons.empty() && m_machine != "Linux x86_64" && m_machine != "Linux aarch64") {
      return fmt::format("the worker is {}, for which there is no portable program; build torc on the worker", machine);
    }
    const std::string portable = "torc-linux-" + machine.substr(machine.rfind(' ') + 1);
    const std::string remedy =
        fmt::format("there is no {} in {}; see --binary-dir", portable, base::printable(m_settings.binary_dir));
    if (reasons.empty()) {
      return fmt::format("the worker is {}, and {}", machine, remedy);
    }
    const bool has_portable = std::any_of(m_programs.begin(), m_programs.end(),
                                          [&](const auto& program) { return program->program().name == portable; });
    return base::join(reasons, "; ") + (has_portable ? "" : "; " + remedy);
  }

  proc::CommandResult transfer(ProgramFile& program) {
    if (m_has_gzip) {
      std::string packed;
      try {
        packed = program.compressed();
      } catch (const base::SystemError&) {
        // Without enough memory for the copy, the file itself is sent.
      }
      if (!packed.empty()) {
        return m_transport.send(m_worker.address, packed, m_temporary + std::string(k_packed_suffix));
      }
    }
    return m_transport.send(m_worker.address, program.program().path, m_temporary);
  }

  bool send(ProgramFile& program) {
    const auto directory = m_target.substr(0, m_target.rfind('/'));
    m_temporary = fmt::format("{}/.torc-install.{}", directory, base::to_hex(base::random64(), 16));
    const auto call = transfer(program);
    if (call.ok()) {
      return true;
    }
    m_result.canceled = call.end == proc::CommandResult::End::canceled;
    const auto cleanup =
        m_transport.run(m_worker.address, {.script = discard_torc_script(m_temporary), .cleans_up = true});
    const auto report = Report::parse(cleanup.out);
    const auto said = report ? report->text("discarded") : "";
    if (said.find("No space left") != std::string::npos || said.find("quota exceeded") != std::string::npos) {
      m_result.message = "no space left for " + m_target;
    } else {
      m_result.message = said.empty() || m_result.canceled ? failure_reason(call) : said;
    }
    if (!report) {
      m_result.message += fmt::format("; {}* may be left on the worker", m_temporary);
    }
    return false;
  }

  enum class Placed { yes, does_not_start, failed };

  /// Unless the program is in its place afterwards, the result says why.
  Placed place(const ProgramFile& program, const Checksum& checksum) {
    // Runs even after a stop request: it is short, and deletes the temporary file.
    const auto call =
        m_transport.run(m_worker.address,
                        {.script = place_torc_script(m_settings, checksum, m_temporary, m_target), .cleans_up = true});
    const auto report = judge(call);
    if (!report) {
      if (!m_result.reached) {
        m_result.message += fmt::format("; {}* may be left on the worker", m_temporary);
      }
      return Placed::failed;
    }
    m_result.ok = m_result.installed = report->has("installed");
    if (!m_result.ok) {
      m_result.message = why_not_started(*report, m_settings.version);
      return Placed::does_not_start;
    }
    m_result.path = m_target;
    m_result.program = program.program().name;
    m_result.message.clear();
    return Placed::yes;
  }

  /// Returns the report of a script that succeeded; otherwise puts the reason into the result.
  std::optional<Report> judge(const proc::CommandResult& call) {
    auto report = Report::parse(call.out);
    m_result.reached = report.has_value();
    m_result.canceled = call.end == proc::CommandResult::End::canceled;
    if (!report || report->has("failed")) {
      m_result.message = report ? report->text("failed") : failure_reason(call);
      return std::nullopt;
    }
    return report;
  }

  Transport& m_transport;
  const Worker& m_worker;
  const InstallSettings& m_settings;
  const ProgramFiles& m_programs;
  InstallResult m_result;
  std::string m_target;
  std::string m_temporary;
  std::string m_machine;
  bool m_has_gzip{false};
};

}  // namespace

std::string own_machine() {
  struct utsname names {};
  return ::uname(&names) == 0 ? fmt::format("{} {}", names.sysname, names.machine) : "";
}

std::vector<InstallProgram> portable_programs(const std::string& directory) {
  std::vector<InstallProgram> programs;
  for (const char* processor : {"x86_64", "aarch64"}) {
    const std::string name = fmt::format("torc-linux-{}", processor);
    const std::string path = directory + "/" + name;
    std::error_code ignored;
    if (std::filesystem::is_regular_file(path, ignored)) {
      programs.push_back({.path = path, .name = name, .machine = fmt::format("Linux {}", processor)});
    }
  }
  return programs;
}

std::vector<InstallResult> install_on_workers(Transport& transport, const std::vector<Worker>& workers,
                                              const InstallSettings& settings) {
  ProgramFiles programs;
  for (const auto& program : settings.programs) {
    programs.push_back(std::make_unique<ProgramFile>(program));
  }
  return proc::fan_out(workers, transport.width(),
                       [&](const Worker& worker) { return Installation(transport, worker, settings, programs).run(); });
}

void check_prefix(const std::string& prefix) {
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  if (prefix.empty() || std::any_of(prefix.begin(), prefix.end(), is_control)) {
    throw base::UsageError("--prefix must name a directory on the workers, without control characters");
  }
}

}  // namespace torc::remote
