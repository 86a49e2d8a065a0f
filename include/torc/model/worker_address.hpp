#pragma once

#include <compare>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace torc::model {

/// The address of an ssh worker: `[user@]host[:port]`. An IPv6 address needs brackets if a port follows, and may have a
/// zone (`fe80::1%eth0`). A user name may contain '@' or '\' (`alice@example.com@ws1`, `DOMAIN\alice@ws1`).
struct WorkerAddress {
  std::string user;         ///< If empty, ssh decides.
  std::string host;         ///< Without brackets.
  std::optional<int> port;  ///< If absent, ssh decides.

  bool operator==(const WorkerAddress&) const = default;

  /// Parses one address; surrounding white space is ignored. Client and server accept the same addresses.
  ///
  /// Rejected: an empty host ("Empty hostname"), "Unclosed bracket in IPv6 address", a host with colons that is not an
  /// IPv6 address, a port that is not a number from 1 to 65535 ("Invalid port '99999' in 'TEXT'"), and a user or host
  /// that
  /// - starts with '-', because ssh would read it as an option,
  /// - contains a character that is special in a shell, because ProxyCommand and `Match exec` of ssh_config(5) pass
  ///   names to a shell (compare valid_hostname and valid_ruser in OpenSSH's ssh.c): ` $ ; | & ( ) < > { } quotes,
  ///   comma,
  /// - contains white space, control or other invisible characters, brackets, or a slash; or is not UTF-8.
  /// A host must not contain '\' or '@'; a user must not contain ':' or end in '\'.
  /// @throws base::Error
  static WorkerAddress parse(std::string_view text);
};

/// The host's name in a form that can be compared: lower case, without a final dot. All forms of an IP address that
/// getaddrinfo(3) accepts (`127.1`, `0x7f.1`, `0:0::1`, `::ffff:127.0.0.1`) become the same text. A zone is kept.
std::string host_identity(std::string_view host);
/// Whether the host is an IP address, in any form. Two IP addresses with the same identity are the same host,
/// regardless of ssh_config(5).
bool is_ip_address(std::string_view host);

/// The address in the form that users write: `alice@h2:2222`, `[::1]:2222`. IPv6 addresses are always in brackets.
std::string to_string(const WorkerAddress& address);

/// Collects the hosts of one list and rejects duplicates. Names that differ only in case or in a final dot count as
/// different, because it depends on ssh's configuration whether they are.
class DistinctHosts {
 public:
  /// @throws base::Error "Duplicate host ..."
  void add(const WorkerAddress& address);
  std::size_t size() const { return m_first.size(); }

 private:
  /// The first spelling of each host, by identity (IP addresses) or name.
  std::map<std::string, std::string> m_first;
};

/// Names under which several workers are displayed: the host alone if every host is listed once, otherwise the whole
/// address for every worker.
std::vector<std::string> display_names(const std::vector<WorkerAddress>& workers);

/// File names for the workers: the whole address, with bytes outside [A-Za-z0-9-] replaced by '_'. If two addresses of
/// the list would get the same key, '_' and 8 hex digits of the address's hash are appended.
std::vector<std::string> worker_keys(const std::vector<WorkerAddress>& workers);

}  // namespace torc::model
