#pragma once

// A browser sends requests on behalf of every page that its user opens, even to servers that only this machine or
// network can reach. A page of another site must not use the server through such a browser, neither directly
// (cross-site request forgery) nor under a name of its own that it has pointed at the server's address (DNS rebinding).
// The rules below distinguish such requests from those of programs and of the server's own pages. They are pure
// functions: no network, no clock.
//
// Sources: the Host field and the authority, RFC 9112 section 3.2 and RFC 3986 section 3.2; Origin, RFC 6454 section 7
// and the Fetch standard; Sec-Fetch-Site and Sec-Fetch-Mode, W3C "Fetch Metadata Request Headers"; names of loopback,
// RFC 6761 section 6.3.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace torc::server {

/// One field of a request's head: its first value, and the number of times the request has it.
struct HeadField {
  std::string_view value{};
  unsigned count{0};
};

/// The parts of a request's head that the rules use. The views refer to the request.
struct BrowserFields {
  HeadField host{};
  HeadField origin{};
  HeadField fetch_site{};  ///< Sec-Fetch-Site
  HeadField fetch_mode{};  ///< Sec-Fetch-Mode
  HeadField media_type{};  ///< Content-Type
  bool has_body{false};    ///< The announced length is above 0. A chunked body may turn out to be empty.
};

/// The parts of the server's configuration that the rules use. Names are in lower case, without a final dot.
struct BrowserRules {
  /// Whether the name in Host is checked: a name that belongs to someone else may resolve to this server.
  bool checks_host{true};
  std::vector<std::string> allowed_origins{};  ///< As `normalized_origin` returns them.
  std::vector<std::string> allowed_hosts{};    ///< As `normalized_host` returns them.
  std::vector<std::string> machine_names{};    ///< In addition to the names of loopback.
  /// Whether the server has the options --allowed-origin and --allowed-host, so that messages may name them.
  bool has_options{true};
};

/// Why a request is refused.
struct RuleRefusal {
  int status{403};
  std::string message{};
};

/// Applies all rules to the complete head of a request. A refused request must not be handled, and its body need not be
/// read.
/// @param method  As on the request line.
/// @param target  As on the request line: a path, or a URL with an authority (absolute form).
std::optional<RuleRefusal> refusal_by_rules(const BrowserRules& rules, std::string_view method, std::string_view target,
                                            const BrowserFields& fields);

/// The rule for bodies alone: a body must be declared as JSON, because any page may send text/plain and forms to any
/// server without permission. Must be applied again to a chunked body that is complete and not empty.
std::optional<RuleRefusal> media_type_refusal(const HeadField& media_type);

/// Converts "HTTP://Example.org:80" to "http://example.org". Returns nothing for other text than a scheme and an
/// authority.
std::optional<std::string> normalized_origin(std::string_view text);

/// Converts a name or an IP address without port to lower case without a final dot. Returns nothing for other text.
std::optional<std::string> normalized_host(std::string_view text);

}  // namespace torc::server
