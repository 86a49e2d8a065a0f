#pragma once

#include <compare>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace torc::model {

/// Where an ssh worker is: `[user@]host[:port]`. An IPv6 address is in brackets if a port follows; it may have a zone
/// (`fe80::1%eth0`). A user may have an '@' or a '\' in it (`alice@example.com@ws1`, `DOMAIN\alice@ws1`).
struct WorkerAddress {
  std::string user;         ///< Empty: ssh's own choice.
  std::string host;         ///< Without brackets.
  std::optional<int> port;  ///< Nothing: ssh's own choice.

  bool operator==(const WorkerAddress&) const = default;

  /// Parses one address; white space around it is passed over. Client and server both refuse what this refuses.
  ///
  /// Refused: an empty host ("Empty hostname"), "Unclosed bracket in IPv6 address", what has colons and is no IPv6 address,
  /// a port that is no number from 1 to 65535 ("Invalid port '99999' in 'TEXT'"), and a user or host that
  /// - starts with '-', which ssh would take for an option,
  /// - has a character that means something to a shell, as ProxyCommand and `Match exec` of ssh_config(5) pass names to
  ///   one (compare valid_hostname and valid_ruser in OpenSSH's ssh.c): ` $ ; | & ( ) < > { } quotes, comma,
  /// - has white space, control or other invisible characters, or brackets, or a slash; or is not UTF-8.
  /// A host has no '\' or '@'; a user has no ':' and does not end in '\'.
  /// @throws base::Error
  static WorkerAddress parse(std::string_view text);
};

/// The host's name for comparisons of text: without case and final dot; an IP address in one form, whichever of the forms
/// that getaddrinfo(3) takes it has (`127.1`, `0x7f.1`, `0:0::1`, `::ffff:127.0.0.1`). A zone stays.
std::string host_identity(std::string_view host);
/// Whether the host is an IP address, in any form: then equal identities are equal hosts, whatever ssh_config(5) says.
bool is_ip_address(std::string_view host);

/// The address as the user may write it again: `alice@h2:2222`, `[::1]:2222`. IPv6 always stands in brackets.
std::string to_string(const WorkerAddress& address);

/// Takes the hosts of one list, and refuses one that is in it already. Spellings of a name that differ in case or a final dot
/// count as distinct: whether they are, ssh's configuration decides.
class DistinctHosts {
 public:
  /// @throws base::Error "Duplicate host ..."
  void add(const WorkerAddress& address);
  std::size_t size() const { return m_first.size(); }

 private:
  std::map<std::string, std::string> m_first;  ///< By identity (an IP address) or by name: how it was written.
};

/// Names under which several workers are shown: the host alone where it stands once, the whole address for every
/// worker where some host stands twice.
std::vector<std::string> display_names(const std::vector<WorkerAddress>& workers);

/// Keys under which workers keep their files: the whole address, bytes outside [A-Za-z0-9-] replaced by '_', with '_'
/// and 8 hex digits of the address's hash added where two addresses of the list would collide.
std::vector<std::string> worker_keys(const std::vector<WorkerAddress>& workers);

}  // namespace torc::model
