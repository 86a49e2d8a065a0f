#include "server/access/browser_rules.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "server/router.hpp"
#include "torc/base/strings.hpp"

namespace torc::server {
namespace {

/// Longer values are truncated in messages.
constexpr std::size_t k_shown = 200;

/// Names that resolve to loopback on common systems (RFC 6761, and the hosts files of Debian and Fedora).
constexpr std::array<std::string_view, 8> k_loopback_names{
    "localhost",  "localhost.localdomain",   "localhost4",    "localhost4.localdomain4",
    "localhost6", "localhost6.localdomain6", "ip6-localhost", "ip6-loopback"};

/// HOST[:PORT], split and normalized.
struct Authority {
  std::string host{};
  std::string port{};  ///< Empty for the default port.
  bool is_address{false};
};

struct Origin {
  std::string scheme{};
  Authority authority{};  ///< Its port is never empty for http and https.
};

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_port(std::string_view text) {
  return text.size() <= 5 && std::all_of(text.begin(), text.end(), is_digit);
}

bool is_ipv4(const std::string& text) {
  in_addr address{};
  return ::inet_pton(AF_INET, text.c_str(), &address) == 1;
}

/// Normalizes an IPv6 address; a zone (fe80::1%eth0) is ignored.
std::optional<std::string> canonical_ipv6(std::string_view text) {
  const std::string without_zone{text.substr(0, text.find('%'))};
  in6_addr address{};
  std::array<char, INET6_ADDRSTRLEN> spelling{};
  if (::inet_pton(AF_INET6, without_zone.c_str(), &address) != 1 ||
      ::inet_ntop(AF_INET6, &address, spelling.data(), spelling.size()) == nullptr) {
    return std::nullopt;
  }
  return spelling.data();
}

std::optional<Authority> bracketed_authority(std::string_view text) {
  const auto end = text.find(']');
  if (end == std::string_view::npos) {
    return std::nullopt;
  }
  auto host = canonical_ipv6(text.substr(1, end - 1));
  std::string_view port = text.substr(end + 1);
  if (!host || (!port.empty() && port.front() != ':')) {
    return std::nullopt;
  }
  port.remove_prefix(port.empty() ? 0 : 1);
  return is_port(port) ? std::optional(Authority{std::move(*host), std::string{port}, true}) : std::nullopt;
}

std::optional<Authority> parse_authority(std::string_view text) {
  if (text.starts_with('[')) {
    return bracketed_authority(text);
  }
  if (auto address = canonical_ipv6(text)) {
    return Authority{std::move(*address), {}, true};
  }
  const auto colon = std::min(text.find(':'), text.size());
  std::string_view name = text.substr(0, colon);
  const std::string_view port = colon < text.size() ? text.substr(colon + 1) : std::string_view{};
  if (name.ends_with('.')) {
    name.remove_suffix(1);
  }
  const bool is_name = std::all_of(
      name.begin(), name.end(), [](char c) { return is_letter(c) || is_digit(c) || c == '-' || c == '_' || c == '.'; });
  const bool has_empty_label =
      name.empty() || name.front() == '.' || name.back() == '.' || name.find("..") != std::string_view::npos;
  if (!is_name || has_empty_label || !is_port(port)) {
    return std::nullopt;
  }
  Authority authority{base::to_lower(name), std::string{port}, false};
  authority.is_address = is_ipv4(authority.host);
  return authority;
}

std::string_view default_port(std::string_view scheme) {
  return scheme == "http" ? "80" : scheme == "https" ? "443" : "";
}

std::optional<Origin> parse_origin(std::string_view text) {
  const auto end = text.find("://");
  if (end == std::string_view::npos || end == 0) {
    return std::nullopt;
  }
  const std::string_view scheme = text.substr(0, end);
  const bool is_scheme = is_letter(scheme.front()) && std::all_of(scheme.begin(), scheme.end(), [](char c) {
                           return is_letter(c) || is_digit(c) || c == '+' || c == '-' || c == '.';
                         });
  auto authority = parse_authority(text.substr(end + 3));
  if (!is_scheme || !authority) {
    return std::nullopt;
  }
  Origin origin{base::to_lower(scheme), std::move(*authority)};
  if (origin.authority.port.empty()) {
    origin.authority.port = default_port(origin.scheme);
  }
  return origin;
}

std::string text_of(const Origin& origin) {
  const auto& [host, port, is_address] = origin.authority;
  const bool is_ipv6 = host.find(':') != std::string::npos;
  return fmt::format("{}://{}{}{}{}{}", origin.scheme, is_ipv6 ? "[" : "", host, is_ipv6 ? "]" : "",
                     port == default_port(origin.scheme) ? "" : ":", port == default_port(origin.scheme) ? "" : port);
}

/// A value of the request in a form that a message may contain.
std::string cut_printable(std::string_view text) {
  return base::printable(text.size() > k_shown ? std::string{text.substr(0, k_shown)} + "..." : std::string{text});
}

bool is_in(const std::vector<std::string>& list, std::string_view text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

/// The authority of a target in absolute form ("http://host:port/path").
std::optional<std::string_view> authority_of(std::string_view target) {
  const auto scheme_end = target.find("://");
  if (target.starts_with('/') || scheme_end == std::string_view::npos) {
    return std::nullopt;
  }
  const std::string_view rest = target.substr(scheme_end + 3);
  return rest.substr(0, rest.find_first_of("/?#"));
}

/// The path of a target in any form, without the query.
std::string_view path_of(std::string_view target) {
  if (const auto authority = authority_of(target)) {
    const auto end = static_cast<std::size_t>(authority->data() + authority->size() - target.data());
    target.remove_prefix(end);
  }
  return target.substr(0, target.find('?'));
}

/// Whether the path belongs to the REST interface and not to a page. In doubt it does.
bool is_rest(std::string_view target) {
  const std::string_view path = path_of(target);
  return !path.starts_with('/') || path.starts_with(Router::k_prefix.substr(0, Router::k_prefix.find('/', 1))) ||
         path.find('%') != std::string_view::npos;
}

bool is_ping(std::string_view method, std::string_view target) {
  const std::string_view path = path_of(target);
  return method == "GET" && path.starts_with(Router::k_prefix) && path.substr(Router::k_prefix.size()) == "/ping";
}

bool is_known_name(const BrowserRules& rules, const std::string& name) {
  return std::find(k_loopback_names.begin(), k_loopback_names.end(), name) != k_loopback_names.end() ||
         name.ends_with(".localhost") || is_in(rules.machine_names, name) || is_in(rules.allowed_hosts, name);
}

std::optional<RuleRefusal> host_refusal(const BrowserRules& rules, std::string_view text) {
  const auto host = parse_authority(text);
  if (host && (host->is_address || is_known_name(rules, host->host))) {
    return std::nullopt;
  }
  if (!host) {
    return RuleRefusal{403, fmt::format("the request's Host '{}' is not a host name or an IP address with an optional "
                                        "port; use the server's IP address in the URL",
                                        cut_printable(text))};
  }
  return RuleRefusal{
      403,
      fmt::format("the request's Host '{}' is not a name of this machine: a web page may have led a browser here "
                  "(DNS rebinding). Use the server's IP address in the URL{}",
                  cut_printable(text),
                  rules.has_options ? ", or start the server with --allowed-host " + cut_printable(host->host) : "")};
}

std::optional<RuleRefusal> hosts_refusal(const BrowserRules& rules, std::string_view target,
                                         const BrowserFields& fields) {
  if (fields.host.count == 0) {
    return RuleRefusal{403,
                       "the request has no Host field, so it may come from a browser under another name. Send "
                       "'Host: 127.0.0.1', as HTTP/1.1 requires; only GET /ping works without it"};
  }
  if (auto refusal = host_refusal(rules, fields.host.value)) {
    return refusal;
  }
  const auto authority = authority_of(target);
  return authority ? host_refusal(rules, *authority) : std::nullopt;
}

bool is_allowed_origin(const BrowserRules& rules, const Origin& origin) {
  return is_in(rules.allowed_origins, text_of(origin));
}

bool is_own_origin(const Origin& origin, std::string_view host_field) {
  const auto host = parse_authority(host_field);
  const std::string_view usual_port = default_port(origin.scheme);
  return host && !usual_port.empty() && origin.authority.host == host->host &&
         origin.authority.port == (host->port.empty() ? usual_port : std::string_view{host->port});
}

std::optional<RuleRefusal> origin_refusal(const BrowserRules& rules, const BrowserFields& fields,
                                          const std::optional<Origin>& origin) {
  if (fields.origin.count == 0) {
    return std::nullopt;
  }
  if (fields.origin.count > 1) {
    return RuleRefusal{403, "the request has more than one Origin field; browsers send only one"};
  }
  if (!origin) {
    return RuleRefusal{
        403,
        fmt::format("the request comes from a web page whose Origin is '{}', which can be any page. Use a program, "
                    "or open the page from a web server",
                    cut_printable(fields.origin.value))};
  }
  if (is_allowed_origin(rules, *origin) || is_own_origin(*origin, fields.host.value)) {
    return std::nullopt;
  }
  return RuleRefusal{
      403, fmt::format(
               "the request comes from a web page of {}, which is not this server ({}): pages of other sites may not "
               "use it{}",
               cut_printable(text_of(*origin)), cut_printable(fields.host.value),
               rules.has_options ? ". If you trust that site, start the server with --allowed-origin " +
                                       cut_printable(text_of(*origin))
                                 : "")};
}

/// Whether a comma-separated list contains the word.
bool has_word(std::string_view list, std::string_view word) {
  while (!list.empty()) {
    const auto end = std::min(list.find(','), list.size());
    if (base::to_lower(base::trim(list.substr(0, end))) == word) {
      return true;
    }
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return false;
}

std::optional<RuleRefusal> fetch_refusal(const BrowserRules& rules, std::string_view method, std::string_view target,
                                         const BrowserFields& fields, const std::optional<Origin>& origin) {
  if (fields.fetch_site.count == 0) {
    return std::nullopt;
  }
  // Unknown values are accepted, because the standard reserves them for the future.
  const bool is_foreign = fields.fetch_site.count > 1 || has_word(fields.fetch_site.value, "cross-site") ||
                          has_word(fields.fetch_site.value, "same-site");
  const bool opens_page = method == "GET" && !is_rest(target) && fields.fetch_mode.count == 1 &&
                          base::to_lower(base::trim(fields.fetch_mode.value)) == "navigate";
  // An allowed origin is not the server's own, so browsers mark all its requests as cross-site.
  if (!is_foreign || opens_page || (origin && is_allowed_origin(rules, *origin))) {
    return std::nullopt;
  }
  return RuleRefusal{
      403,
      fmt::format("a browser sent the request for a page of another site (Sec-Fetch-Site: {}): pages of other sites "
                  "may not use this server. Type the URL into the browser yourself, or use a program",
                  cut_printable(fields.fetch_site.value))};
}

bool is_token(std::string_view text) {
  constexpr std::string_view k_marks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return is_letter(c) || is_digit(c) || k_marks.find(c) != std::string_view::npos;
  });
}

/// Whether the type is JSON; parameters are ignored.
bool is_json(std::string_view media_type) {
  const std::string type = base::to_lower(base::trim(media_type.substr(0, media_type.find(';'))));
  const auto slash = type.find('/');
  if (slash == std::string::npos || !is_token(type.substr(0, slash)) || !is_token(type.substr(slash + 1))) {
    return false;
  }
  constexpr std::string_view k_suffix = "+json";
  return type == "application/json" || (type.ends_with(k_suffix) && type.size() > slash + 1 + k_suffix.size());
}

}  // namespace

std::optional<RuleRefusal> refusal_by_rules(const BrowserRules& rules, std::string_view method, std::string_view target,
                                            const BrowserFields& fields) {
  if (fields.host.count > 1) {
    return RuleRefusal{400, "the request has more than one Host field"};
  }
  if (rules.checks_host && !is_ping(method, target)) {
    if (auto refusal = hosts_refusal(rules, target, fields)) {
      return refusal;
    }
  }
  const auto origin = fields.origin.count == 1 ? parse_origin(fields.origin.value) : std::nullopt;
  if (auto refusal = origin_refusal(rules, fields, origin)) {
    return refusal;
  }
  if (auto refusal = fetch_refusal(rules, method, target, fields, origin)) {
    return refusal;
  }
  return fields.has_body ? media_type_refusal(fields.media_type) : std::nullopt;
}

std::optional<RuleRefusal> media_type_refusal(const HeadField& media_type) {
  if (media_type.count == 1 && is_json(media_type.value)) {
    return std::nullopt;
  }
  constexpr std::string_view k_remedy = "add the header 'Content-Type: application/json' to the request";
  if (media_type.count == 0) {
    return RuleRefusal{415, fmt::format("the body has no media type; {}", k_remedy)};
  }
  if (media_type.count > 1) {
    return RuleRefusal{415, "the request has more than one Content-Type; send 'Content-Type: application/json' once"};
  }
  return RuleRefusal{
      415, fmt::format("the body's media type is '{}', not JSON; {}", cut_printable(media_type.value), k_remedy)};
}

std::optional<std::string> normalized_origin(std::string_view text) {
  const auto origin = parse_origin(text);
  return origin ? std::optional(text_of(*origin)) : std::nullopt;
}

std::optional<std::string> normalized_host(std::string_view text) {
  auto authority = parse_authority(text);
  if (!authority || !authority->port.empty()) {
    return std::nullopt;
  }
  return std::move(authority->host);
}

}  // namespace torc::server
