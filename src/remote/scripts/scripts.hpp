#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "remote/logs/checksum.hpp"
#include "remote/scripts/script.hpp"
#include "torc/remote/install.hpp"
#include "torc/remote/job_output_reader.hpp"
#include "torc/remote/logs.hpp"
#include "torc/remote/start.hpp"
#include "torc/remote/state.hpp"
#include "torc/remote/stop.hpp"
#include "torc/remote/worker.hpp"

// The scripts that run on the workers, in POSIX sh as implemented by dash, bash and busybox, with Linux's /proc. Only
// starting a runner needs torc on the worker. The scripts fork as little as possible, and sleep only while they wait
// for a process to end, for a lock, or for the start of a torc that does not report when it is ready.

namespace torc::remote {

/// A server's ID as the name of a directory; an ID that is unsafe as a name is replaced by its hash.
std::string safe_id(const std::string& id);

/// A script with the variables for the worker's directories, and the functions that all scripts share.
Script worker_script(const Worker& worker, const WorkflowRef& workflow, const std::string& output_dir);

/// A script with the functions for reports only.
Script bare_script();

/// The shell function `forget_session`, which unsets the variables with which sshd and shells describe the session.
std::string_view session_function();

/// Shell functions that search for torc on the worker (`find_torc`) and query its version (`ask_torc`). They use the
/// variables `remote_torc` and `probe_limit`.
std::string_view torc_functions();

/// Reports that the worker was reached.
std::string connectivity_script();

/// Time limit for one call of the worker's torc.
std::chrono::seconds probe_limit(const StartSettings& settings);
/// Checks torc, its version, access to the server, and the output directory.
std::string check_script(const Worker& worker, const StartSettings& settings);
/// Starts the runner after a successful check.
std::string start_script(const Worker& worker, const StartSettings& settings, const Check& check);
/// Checks, asks whether to continue, and starts the runner.
std::string check_and_start_script(const Worker& worker, const StartSettings& settings);

std::string status_script(const Worker& worker, const WorkflowRef& workflow, const std::string& output_dir);
/// Signals the runner.
std::string stop_script(const Worker& worker, const StopRequest& request);
/// Waits for the end of a runner that was signaled, for the time in the request.
std::string wait_script(const Worker& worker, const StopRequest& request);
/// Signals the runner, asks whether to wait, and waits.
std::string stop_and_wait_script(const Worker& worker, const StopRequest& request);

/// The script of a tunnel's connection: prints k_tunnel_up, or k_tunnel_refused if another user has the port, and runs
/// until its standard input ends.
/// @param tunnel_id  TunnelSettings::id
std::string hold_tunnel_script(const Worker& worker, const WorkflowRef& workflow, const std::string& tunnel_id,
                               int port);
inline constexpr const char* k_tunnel_up = "#torc-tunnel-up";
inline constexpr const char* k_tunnel_refused = "#torc-tunnel-refused";
/// Ends an old connection that still holds this tunnel's forward on the worker, if there is one.
std::string release_tunnel_port_script(const Worker& worker, const WorkflowRef& workflow, const std::string& tunnel_id);

/// Prints a job's output files between marks, or an empty report if there are none.
std::string job_output_script(const Worker& worker, const JobOutputRequest& request);
/// Prints a job's output files and what is appended to them, until standard input ends.
std::string follow_output_script(const Worker& worker, const JobOutputRequest& request);

enum class AfterPacking {
  ask,   ///< Wait for an answer, then delete the archive.
  keep,  ///< Keep the archive; `discard_script` or `delete_packed_script` deletes it.
};

std::string pack_script(const Worker& worker, const CollectSettings& settings, AfterPacking after);
/// Deletes an archive that was kept. @param packed_in  The temporary directory that `pack_script` reported.
std::string discard_script(const std::string& packed_in);
/// Deletes the packed directory, unless something in it has changed since, and the archive.
std::string delete_packed_script(const Worker& worker, const CollectSettings& settings, const std::string& packed_in);
std::string delete_script(const Worker& worker, const WorkflowRef& workflow, const std::string& output_dir);

/// Searches for a torc of the wanted version, and creates the target directory if there is none.
std::string find_torc_script(const Worker& worker, const InstallSettings& settings);
/// Appended to the name of a file that is sent compressed with gzip.
inline constexpr std::string_view k_packed_suffix = ".gz";

/// Unpacks and verifies the file that was sent to `temporary`, starts it as a test, and renames it to `target`; after any failure,
/// `temporary` is deleted.
std::string place_torc_script(const InstallSettings& settings, const Checksum& checksum, const std::string& temporary,
                              const std::string& target);
/// Deletes a partial file, and reports whether the file system is full.
std::string discard_torc_script(const std::string& temporary);

}  // namespace torc::remote
