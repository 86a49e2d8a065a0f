#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace torc::model {

/// Where an ssh worker is: `[user@]host[:port]`, IPv6 in brackets where a port follows.
struct WorkerAddress {
  std::string user;         ///< Empty: ssh's own choice.
  std::string host;         ///< Without brackets.
  std::optional<int> port;  ///< Nothing: ssh's own choice.

  bool operator==(const WorkerAddress&) const = default;

  /// Parses one address; white space around it is passed over.
  ///
  /// Refused: an empty host ("Empty hostname"), "Unclosed bracket in IPv6 address", a port that is no number from 1 to
  /// 65535 ("Invalid port '99999' in 'TEXT'"), a user or host that starts with '-' (ssh would take it for an option)
  /// or holds white space, control characters or a slash.
  /// @throws base::Error
  static WorkerAddress parse(std::string_view text);
};

/// The address as the user may write it again: `alice@h2:2222`, `[::1]:2222`. IPv6 always stands in brackets.
std::string to_string(const WorkerAddress& address);

/// Names under which several workers are shown: the host alone where it stands once, the whole address for every
/// worker where some host stands twice.
std::vector<std::string> display_names(const std::vector<WorkerAddress>& workers);

/// Keys under which workers keep their files: the whole address, bytes outside [A-Za-z0-9-] replaced by '_', with '_'
/// and 8 hex digits of the address's hash added where two addresses of the list would collide.
std::vector<std::string> worker_keys(const std::vector<WorkerAddress>& workers);

}  // namespace torc::model
