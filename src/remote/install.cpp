#include "torc/remote/install.hpp"

#include <sys/utsname.h>

#include <algorithm>
#include <exception>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "remote/scripts/scripts.hpp"
#include "torc/base/error.hpp"
#include "torc/base/random.hpp"
#include "torc/base/strings.hpp"
#include "torc/model/json.hpp"
#include "torc/proc/fan_out.hpp"

namespace torc::remote {
namespace {

/// "Linux x86_64", as `uname -sm` prints it.
std::string own_machine() {
  struct utsname names {};
  return ::uname(&names) == 0 ? fmt::format("{} {}", names.sysname, names.machine) : "";
}

std::string build_of(const std::string& probe) {
  try {
    return model::parse_json(probe).at("build_id").get<std::string>();
  } catch (const std::exception&) {
    return {};
  }
}

/// Explains why the program does not start on a worker, and the remedy, from what it printed instead of its version.
std::string why_not_started(const Report& report) {
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
    return fmt::format(
        "the worker's C library is too old for this program ({}); build torc on the oldest of the systems",
        said.substr(version));
  }
  if (!libraries.empty()) {
    return fmt::format(
        "it does not start there: {} missing; install the package that contains {}, or copy a statically linked torc",
        base::join(libraries, ", ") + (libraries.size() == 1 ? " is" : " are"), libraries.size() == 1 ? "it" : "them");
  }
  if (said.find("Exec format error") != std::string::npos || said.find("cannot execute binary") != std::string::npos) {
    return "it does not start there: it was built for another kind of machine (Exec format error); build torc on the "
           "worker";
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
        "it does not start there: the dynamic loader is missing because the system has another C library ({}); build "
        "torc on the worker",
        said);
  }
  return "it does not start there: " + (said.empty() ? "exit status " + report.text("status") : said);
}

/// One worker's installation.
class Installation {
 public:
  Installation(Transport& transport, const Worker& worker, const InstallSettings& settings, const Checksum& checksum)
      : m_transport(transport), m_worker(worker), m_settings(settings), m_checksum(checksum) {}

  InstallResult run() {
    if (needs_install() && send()) {
      place();
    }
    return m_result;
  }

 private:
  /// @returns whether the program must be installed
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
    if (const auto machine = report->get("machine"); machine != m_settings.machine) {
      m_result.message = fmt::format("the worker is {}, but this program was built for {}; build torc on the worker",
                                     shown(machine), m_settings.machine);
      return false;
    }
    const auto directory = m_target.substr(0, m_target.rfind('/'));
    m_temporary = fmt::format("{}/.torc-install.{}", directory, base::to_hex(base::random64(), 16));
    return true;
  }

  bool send() {
    const auto call = m_transport.send(m_worker.address, m_settings.program, m_temporary);
    if (call.ok()) {
      return true;
    }
    m_result.canceled = call.end == proc::CommandResult::End::canceled;
    const auto cleanup =
        m_transport.run(m_worker.address, {.script = discard_torc_script(m_temporary), .cleans_up = true});
    const auto report = Report::parse(cleanup.out);
    const auto said = report ? report->text("discarded") : "";
    if (said.find("No space left") != std::string::npos) {
      m_result.message = "no space left for " + m_target;
    } else {
      m_result.message = said.empty() || m_result.canceled ? failure_reason(call) : said;
    }
    if (!report) {
      m_result.message += fmt::format("; {} may be left on the worker", m_temporary);
    }
    return false;
  }

  void place() {
    // Runs even after a stop request: it is short, and deletes the temporary file.
    const auto call = m_transport.run(
        m_worker.address,
        {.script = place_torc_script(m_settings, m_checksum, m_temporary, m_target), .cleans_up = true});
    const auto report = judge(call);
    if (!report) {
      return;
    }
    m_result.ok = m_result.installed = report->has("installed");
    if (m_result.ok) {
      m_result.path = m_target;
    } else {
      m_result.message = why_not_started(*report);
    }
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
  const Checksum& m_checksum;
  InstallResult m_result;
  std::string m_target;
  std::string m_temporary;
};

}  // namespace

std::vector<InstallResult> install_on_workers(Transport& transport, const std::vector<Worker>& workers,
                                              const InstallSettings& settings) {
  InstallSettings complete = settings;
  if (complete.machine.empty()) {
    complete.machine = own_machine();
  }
  const Checksum checksum = checksum_of_file(complete.program);
  return proc::fan_out(workers, transport.width(),
                       [&](const Worker& worker) { return Installation(transport, worker, complete, checksum).run(); });
}

void check_prefix(const std::string& prefix) {
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  if (prefix.empty() || std::any_of(prefix.begin(), prefix.end(), is_control)) {
    throw base::UsageError("--prefix must name a directory on the workers, without control characters");
  }
}

}  // namespace torc::remote
