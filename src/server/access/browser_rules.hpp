#pragma once

// A browser sends requests for every page that its user opens, also to servers that only this machine or this network
// can reach. A page of another site must not use the server through such a browser, neither directly (cross-site request
// forgery) nor under a name of its own that it has pointed at the server's address (DNS rebinding). The rules below tell
// such requests from those of programs and of the server's own pages. They are pure: no network, no clock.
//
// Sources: the Host field and the authority, RFC 9112 section 3.2 and RFC 3986 section 3.2; Origin, RFC 6454 section 7
// and the Fetch standard; Sec-Fetch-Site and Sec-Fetch-Mode, W3C "Fetch Metadata Request Headers"; names of loopback,
// RFC 6761 section 6.3.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace torc::server {

/// One field of a request's head: the first value, and how often the request has the field.
struct HeadField {
  std::string_view value{};
  unsigned count{0};
};

/// What the rules look at in a request's head. The views are the request's.
struct BrowserFields {
  HeadField host{};
  HeadField origin{};
  HeadField fetch_site{};  ///< Sec-Fetch-Site
  HeadField fetch_mode{};  ///< Sec-Fetch-Mode
  HeadField media_type{};  ///< Content-Type
  bool has_body{false};    ///< It announces a length above 0. A chunked body may turn out to be empty.
};

/// What the rules know about the server. Names are in lower case, without a final dot.
struct BrowserRules {
  /// Whether the name in Host matters: a name that somebody else owns may lead to this server.
  bool checks_host{true};
  std::vector<std::string> allowed_origins{};  ///< As `normalized_origin` returns them.
  std::vector<std::string> allowed_hosts{};    ///< As `normalized_host` returns them.
  std::vector<std::string> machine_names{};    ///< Beside the names of loopback.
  /// Whether the server has the options --allowed-origin and --allowed-host, so that messages may name them.
  bool has_options{true};
};

/// Why a request is not answered.
struct RuleRefusal {
  int status{403};
  std::string message{};
};

/// Applies all rules to a request whose head has come in. A request that is refused must not be handled, and its body
/// need not be read.
/// @param method  As on the request line.
/// @param target  As on the request line: a path, or a URL with an authority (absolute form).
std::optional<RuleRefusal> refusal_by_rules(const BrowserRules& rules, std::string_view method, std::string_view target,
                                            const BrowserFields& fields);

/// The rule for bodies alone: a body must be declared as JSON, since every page may send text/plain and forms anywhere
/// without asking. To be applied once more to a chunked body that has come in and is not empty.
std::optional<RuleRefusal> media_type_refusal(const HeadField& media_type);

/// "HTTP://Example.org:80" as "http://example.org". Nothing for what is not a scheme and an authority.
std::optional<std::string> normalized_origin(std::string_view text);

/// A name or an IP address without port, in lower case and without a final dot. Nothing for anything else.
std::optional<std::string> normalized_host(std::string_view text);

}  // namespace torc::server
