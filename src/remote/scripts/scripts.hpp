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

// What runs on the workers: POSIX sh, as dash, bash and busybox have it, and Linux's /proc. The scripts need no torc
// there but for the start, fork as little as possible and sleep only where a process that is not theirs has to come to
// an end or, of a foreign torc, to live for a while.

namespace torc::remote {

/// A server's id as the name of a directory: one of a strange server is replaced by its hash.
std::string safe_id(const std::string& id);

/// A script with the variables that name the worker's places, and the functions that all scripts share.
Script worker_script(const Worker& worker, const WorkflowRef& workflow, const std::string& output_dir);

/// A script that needs nothing but the functions for reports.
Script bare_script();

/// The function `forget_session`, which unsets the variables by which sshd and shells describe the session.
std::string_view session_function();

/// Functions that look for a worker's torc (`find_torc`) and ask it who it is (`ask_torc`). They take the variables
/// `remote_torc` and `probe_limit`.
std::string_view torc_functions();

/// Reports that it was reached.
std::string connectivity_script();

/// How long one call of the worker's torc may take.
std::chrono::seconds probe_limit(const StartSettings& settings);
/// Looks the worker over: torc, version, server, output directory.
std::string check_script(const Worker& worker, const StartSettings& settings);
/// Starts the runner that a check found good.
std::string start_script(const Worker& worker, const StartSettings& settings, const Check& check);
/// The check, the question whether to go on, the start.
std::string check_and_start_script(const Worker& worker, const StartSettings& settings);

std::string status_script(const Worker& worker, const WorkflowRef& workflow, const std::string& output_dir);
/// Signals the worker.
std::string stop_script(const Worker& worker, const StopRequest& request);
/// Waits for the end of one that was signaled, as long as the request says.
std::string wait_script(const Worker& worker, const StopRequest& request);
/// The signal, the question whether to wait, the wait.
std::string stop_and_wait_script(const Worker& worker, const StopRequest& request);

/// What a tunnel's connection does on the worker: says k_tunnel_up, or k_tunnel_refused where another user has the
/// port, and stays until its standard input ends.
/// @param tunnel_id  TunnelSettings::id
std::string hold_tunnel_script(const Worker& worker, const WorkflowRef& workflow, const std::string& tunnel_id,
                               int port);
inline constexpr const char* k_tunnel_up = "#torc-tunnel-up";
inline constexpr const char* k_tunnel_refused = "#torc-tunnel-refused";
/// Ends the connection that held the worker's forward for this tunnel before, if it is still there.
std::string release_tunnel_port_script(const Worker& worker, const WorkflowRef& workflow, const std::string& tunnel_id);

/// Prints a job's files between marks, or an empty report where there is none.
std::string job_output_script(const Worker& worker, const JobOutputRequest& request);
/// Prints them and what they grow by, until standard input ends.
std::string follow_output_script(const Worker& worker, const JobOutputRequest& request);

enum class AfterPacking {
  ask,   ///< Wait for an answer, then delete the archive.
  keep,  ///< Leave the archive; `discard_script` or `delete_packed_script` delete it.
};

std::string pack_script(const Worker& worker, const CollectSettings& settings, AfterPacking after);
/// Deletes an archive that was left. @param packed_in  The temporary directory that `pack_script` reported.
std::string discard_script(const std::string& packed_in);
/// Deletes the directory that was packed, if nothing changed in it since, and the archive.
std::string delete_packed_script(const Worker& worker, const CollectSettings& settings, const std::string& packed_in);
std::string delete_script(const Worker& worker, const WorkflowRef& workflow, const std::string& output_dir);

/// Looks for a torc of the wanted version, and where there is none makes the directory for it.
std::string find_torc_script(const Worker& worker, const InstallSettings& settings);
/// Verifies what was sent to `temporary`, starts it to see whether it does, and gives it the name `target`; whatever
/// goes wrong, nothing is left at `temporary`.
std::string place_torc_script(const InstallSettings& settings, const Checksum& checksum, const std::string& temporary,
                              const std::string& target);
/// Deletes what was sent in part, and tells whether there was no room for more.
std::string discard_torc_script(const std::string& temporary);

}  // namespace torc::remote
