#include <fmt/format.h>

#include "remote/scripts/scripts.hpp"

namespace torc::remote {
namespace {

constexpr std::string_view k_hold_main = R"sh(
# Records the process that listens here for the tunnel: sshd's process for this connection, which is this shell's
# parent.
record_holder() {
  ticks_of() { shift 19; ticks=$1; }
  read_identity
  stat_line=
  IFS= read -r stat_line 2>/dev/null <"/proc/$PPID/stat" || return 0
  ticks_of ${stat_line##*) }
  (
    umask 077
    make_state && printf 'pid=%s\nstart_ticks=%s\nboot_id=%s\n' "$PPID" "$ticks" "$boot_now" >"$state/tunnel.$$" &&
      mv -f -- "$state/tunnel.$$" "$state/tunnel-$tunnel_id"
  )
}

# Whether sshd listens at the port for this user. If localhost has two addresses, sshd is content with one of them,
# while another user may listen at 127.0.0.1.
is_ours() {
  [ -r /proc/net/tcp ] || return 0
  me=$(id -u) || return 0
  found=
  while read -r slot local remote state_code queues timer resent uid rest; do
    case "$local $state_code" in
      "0100007F:$port_hex 0A" | "7F000001:$port_hex 0A" | "00000000:$port_hex 0A")
        [ "$uid" = "$me" ] || [ "$uid" = 0 ] || return 1
        found=1
        ;;
    esac
  done </proc/net/tcp
  [ -n "$found" ]
}

main() {
  set_places
  if ! is_ours; then
    printf '\n%s\n' '#torc-tunnel-refused'
    exit 1
  fi
  record_holder 2>/dev/null
  printf '\n%s\n' '#torc-tunnel-up'
  # Until the connection ends.
  while IFS= read -r line; do :; done
}
)sh";

constexpr std::string_view k_release_main = R"sh(
# Ends the sshd process of a broken connection, which may still hold the port because the worker has not noticed the
# break. The connections of tunnels on other machines have other IDs.
main() {
  set_places
  if read_worker_file "$state/tunnel-$tunnel_id" && alive "$w_pid" "$w_ticks" "$w_boot"; then
    name=
    IFS= read -r name 2>/dev/null <"/proc/$w_pid/comm"
    case $name in
      sshd*)
        kill "$w_pid" 2>/dev/null
        for signal in 0 0 KILL KILL; do
          alive "$w_pid" "$w_ticks" "$w_boot" || break
          sleep 1
          kill -s "$signal" "$w_pid" 2>/dev/null
        done
        ;;
    esac
  fi
  report_begin
  report_end
}
)sh";

}  // namespace

std::string hold_tunnel_script(const Worker& worker, const WorkflowRef& workflow, const std::string& tunnel_id,
                               int port) {
  return worker_script(worker, workflow, "")
      .set("tunnel_id", tunnel_id)
      .set("port_hex", fmt::format("{:04X}", port))
      .add(k_hold_main)
      .text();
}

std::string release_tunnel_port_script(const Worker& worker, const WorkflowRef& workflow,
                                       const std::string& tunnel_id) {
  return worker_script(worker, workflow, "").set("tunnel_id", tunnel_id).add(k_release_main).text();
}

}  // namespace torc::remote
