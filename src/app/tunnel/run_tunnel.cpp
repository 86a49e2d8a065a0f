#include "torc/app/tunnel/run_tunnel.hpp"

#include <unistd.h>

#include <chrono>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "app/tunnel/tunnel_lifetime.hpp"
#include "app/tunnel/tunnel_record.hpp"
#include "torc/app/fleet/workers.hpp"
#include "torc/app/reporter.hpp"
#include "torc/base/error.hpp"
#include "torc/base/random.hpp"
#include "torc/proc/open_files.hpp"

namespace torc::app {
namespace {

/// The environment of ssh, without the credentials for the server.
std::vector<std::string> environment_of_ssh() {
  std::vector<std::string> variables;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text(*entry);
    if (!text.starts_with("TORC_PASSWORD=") && !text.starts_with("TORC_COOKIE_HEADER=")) {
      variables.push_back(text);
    }
  }
  return variables;
}

/// How long runners wait for a server that does not answer, plus the time until they notice.
std::chrono::seconds server_timeout(client::Api& api, model::Id workflow_id) {
  constexpr std::chrono::minutes k_default{20};
  constexpr std::chrono::seconds k_until_noticed{30};
  const auto minutes = api.get_workflow(workflow_id).compute_node_wait_for_healthy_database_minutes;
  return (minutes ? std::chrono::minutes(*minutes) : k_default) + k_until_noticed;
}

/// Keeps only the workers of the previous tunnel, whose runners may still need one; commands request further workers.
void keep_workers_with_forwards(std::vector<remote::Worker>& workers, const remote::TunnelPlace& place) {
  const auto before = place.info();
  std::erase_if(workers, [&](const remote::Worker& worker) {
    return !before || before->over || !before->ports.contains(worker.stored);
  });
}

remote::TunnelInfo first_info(const TunnelClaim& claim) {
  auto info = remote::TunnelInfo::of_this_process(claim.target);
  if (const auto before = claim.place.info()) {
    info.ports = before->ports;  // Runners may still use these ports.
    info.id = before->id;        // Connections with this ID may still exist.
  } else {
    info.id = base::random_uuid();
  }
  return info;
}

}  // namespace

TunnelClaim claim_tunnel(client::Api& api, const Fleet& fleet, bool on_demand, const ServerAccess& server) {
  proc::raise_open_files();  // Each worker needs three.
  const auto target = remote::tunnel_target(server.connection.url, server.connection.tls_insecure);
  const auto workflow = workflow_ref(api, fleet.workflow_id);
  TunnelClaim claim{
      .workflow = workflow, .target = target, .place = remote::TunnelPlace(workflow), .workers = fleet.workers};
  claim.place.make();
  claim.lock = claim.place.take_lock();
  if (on_demand) {
    keep_workers_with_forwards(claim.workers, claim.place);
  }
  return claim;
}

void run_tunnel(std::unique_ptr<client::Api> api, const TunnelClaim& claim, const TunnelOptions& options,
                const remote::SshOptions& ssh, Reporter& reporter, const std::stop_token& stop) {
  const auto info = first_info(claim);
  remote::TunnelSettings settings{.workflow = claim.workflow,
                                  .id = info.id,
                                  .target = claim.target,
                                  .slots = ssh.slots,
                                  .ports = info.ports,
                                  .environment = environment_of_ssh()};
  TunnelRecord record(reporter, claim.place, info);
  settings.on_change = [&record](const remote::Forward& forward) { record.record_change(forward); };
  remote::Tunnel tunnel(std::move(settings));
  tunnel.listen(claim.place.listen());
  reporter.report(TunnelBegun{.workers = claim.workers.size(), .target = claim.target.text()});
  for (const auto& worker : claim.workers) {
    tunnel.hold(worker, ssh);
  }
  std::stop_source over;
  std::string why;
  const std::stop_callback on_stop(stop, [&over] { over.request_stop(); });
  const auto timeout = server_timeout(*api, claim.workflow.workflow_id);
  TunnelLifetime watch(
      std::move(api), tunnel,
      {.workflow_id = claim.workflow.workflow_id,
       .until_pid = options.until_pid,
       .timeout = timeout,
       .on_problem = [&](const std::string& text) { reporter.report(TunnelServerChanged{.text = text}); },
       .on_over =
           [&](const std::string& reason) {
             why = reason;
             over.request_stop();
           }});
  if (options.on_ready) {
    options.on_ready();
  }
  tunnel.run(over.get_token());
  const bool was_stopped = stop.stop_requested();
  record.record_end(was_stopped ? fmt::format("signal {}", options.stop_signal()) : why, !was_stopped);
  if (!watch.stop()) {
    ::_exit(
        base::k_exit_ok);  // Do not wait for a server that does not answer: ssh has ended, and everything is written.
  }
}

}  // namespace torc::app
