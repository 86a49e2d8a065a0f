#include "torc/model/worker_address.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include <fmt/format.h>

#include "torc/base/error.hpp"
#include "torc/base/strings.hpp"

namespace torc::model {
namespace {

using base::Error;

[[noreturn]] void throw_bad_name(std::string_view what, std::string_view name, std::string_view text,
                                 std::string_view why) {
  throw Error(fmt::format("Invalid {} '{}' in '{}': {}", what, base::printable(name), base::printable(text), why));
}

/// Whether the name contains white space beyond ASCII (Unicode's property White_Space), in UTF-8.
bool has_wide_space(std::string_view name) {
  static constexpr std::array<std::string_view, 18> k_spaces{
      "\xc2\x85",     "\xc2\xa0",     "\xe1\x9a\x80", "\xe2\x80\x80", "\xe2\x80\x81", "\xe2\x80\x82",
      "\xe2\x80\x83", "\xe2\x80\x84", "\xe2\x80\x85", "\xe2\x80\x86", "\xe2\x80\x87", "\xe2\x80\x88",
      "\xe2\x80\x89", "\xe2\x80\x8a", "\xe2\x80\xa8", "\xe2\x80\xa9", "\xe2\x80\xaf", "\xe3\x80\x80"};
  return name.find("\xe2\x81\x9f") != std::string_view::npos ||
         std::any_of(k_spaces.begin(), k_spaces.end(),
                     [&](auto space) { return name.find(space) != std::string_view::npos; });
}

[[noreturn]] void throw_bad_character(std::string_view what, std::string_view name, std::string_view text,
                                      std::string_view character) {
  throw_bad_name(what, name, text,
                 fmt::format("contains '{}', which is not allowed in a {}", base::printable(character), what));
}

/// Rejects names that ssh would not accept as names or would pass to a shell that interprets them differently.
/// @param forbidden  Characters that are not allowed in this kind of name, in addition to those that are never allowed.
void check_name(std::string_view what, std::string_view name, std::string_view text, std::string_view forbidden) {
  constexpr std::string_view k_forbidden = "`$;|&()<>{}'\",[]/";
  if (name.starts_with('-')) {
    throw_bad_name(what, name, text, "it starts with '-', which ssh would take for an option");
  }
  if (base::valid_utf8_prefix(name) != name.size()) {
    throw_bad_name(what, name, text, "it is not UTF-8");
  }
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= 0x20 || byte == 0x7f || k_forbidden.find(c) != std::string_view::npos ||
        forbidden.find(c) != std::string_view::npos) {
      throw_bad_character(what, name, text, std::string_view(&c, 1));
    }
  }
  if (has_wide_space(name) || base::printable(name) != name) {
    throw_bad_name(what, name, text,
                   fmt::format("contains white space or an invisible character, which is not allowed in a {}", what));
  }
}

/// The text of an IPv6 address as inet_ntop(3) writes it, or nothing for other text. An IPv4 address in IPv6 form is
/// written as IPv4.
std::optional<std::string> canonical_ipv6(const std::string& text) {
  in6_addr address{};
  if (::inet_pton(AF_INET6, text.c_str(), &address) != 1) {
    return std::nullopt;
  }
  std::array<char, INET6_ADDRSTRLEN> buffer{};
  if (IN6_IS_ADDR_V4MAPPED(&address)) {
    constexpr std::size_t k_ipv4_at = 12;
    ::inet_ntop(AF_INET, &address.s6_addr[k_ipv4_at], buffer.data(), buffer.size());
  } else {
    ::inet_ntop(AF_INET6, &address, buffer.data(), buffer.size());
  }
  return std::string(buffer.data());
}

/// The canonical text of an IPv4 address in any form that inet_aton(3), and therefore getaddrinfo(3), accepts.
std::optional<std::string> canonical_ipv4(const std::string& text) {
  in_addr address{};
  if (text.find_first_not_of("0123456789abcdefABCDEFxX.") != std::string::npos ||
      ::inet_aton(text.c_str(), &address) == 0) {
    return std::nullopt;
  }
  std::array<char, INET_ADDRSTRLEN> buffer{};
  ::inet_ntop(AF_INET, &address, buffer.data(), buffer.size());
  return std::string(buffer.data());
}

/// The canonical text of an IP address, with its zone; nothing for a name.
std::optional<std::string> canonical_ip(std::string_view host) {
  const auto percent = host.find('%');
  const std::string address(host.substr(0, percent));
  const std::string_view zone = percent == std::string_view::npos ? "" : host.substr(percent);
  if (auto ipv6 = canonical_ipv6(address)) {
    return *ipv6 + std::string(zone);
  }
  return zone.empty() ? canonical_ipv4(address) : std::nullopt;
}

void check_host(std::string_view host, std::string_view text) {
  if (host.empty()) {
    throw Error("Empty hostname");
  }
  // With '*', '?' or '!', a name would be a pattern in ssh_config(5) and in --host.
  check_name("host name", host, text, "\\@*?!");
  if (host.starts_with('.') || host.find("..") != std::string_view::npos) {
    throw_bad_name("host name", host, text, "it has an empty part before or between dots");
  }
  if (host.find(':') != std::string_view::npos && (!is_ip_address(host) || host.ends_with('%'))) {
    throw_bad_name("host name", host, text, "it contains colons but is not an IPv6 address");
  }
}

void check_user(std::string_view user, std::string_view text) {
  check_name("user name", user, text, ":");
  if (user.ends_with('\\')) {
    throw_bad_name("user name", user, text, "it ends in '\\'");
  }
}

int parse_port(std::string_view port, std::string_view text) {
  const auto number = base::parse_int(port);
  if (!number || *number < 1 || *number > 65'535 || port.starts_with('+')) {
    throw Error(fmt::format("Invalid port '{}' in '{}'", base::printable(port), base::printable(text)));
  }
  return static_cast<int>(*number);
}

/// Host and port of "[HOST]", "[HOST]:PORT", "HOST:PORT", "HOST" or an IPv6 address without brackets.
void parse_host_and_port(std::string_view rest, std::string_view text, WorkerAddress& address) {
  if (rest.starts_with('[')) {
    const auto end = rest.find(']');
    if (end == std::string_view::npos) {
      throw Error("Unclosed bracket in IPv6 address");
    }
    address.host = rest.substr(1, end - 1);
    const std::string_view after = rest.substr(end + 1);
    if (after.starts_with(':')) {
      address.port = parse_port(after.substr(1), text);
    } else if (!after.empty()) {
      throw Error(
          fmt::format("Unexpected '{}' after the bracket in '{}'", base::printable(after), base::printable(text)));
    }
    return;
  }
  const auto colon = rest.find(':');
  // More than one colon without brackets: an IPv6 address, which cannot have a port.
  if (colon != std::string_view::npos && rest.find(':', colon + 1) == std::string_view::npos) {
    address.host = rest.substr(0, colon);
    address.port = parse_port(rest.substr(colon + 1), text);
  } else {
    address.host = rest;
  }
}

bool host_stands_twice(const std::vector<WorkerAddress>& workers) {
  std::set<std::string_view> hosts;
  return !std::all_of(workers.begin(), workers.end(),
                      [&](const WorkerAddress& worker) { return hosts.insert(worker.host).second; });
}

}  // namespace

WorkerAddress WorkerAddress::parse(std::string_view text) {
  text = base::trim(text);
  WorkerAddress address;
  std::string_view rest = text;
  // Split at the last '@': a user name may contain '@', a host name may not.
  if (const auto at = text.rfind('@'); at != std::string_view::npos) {
    address.user = text.substr(0, at);
    rest = text.substr(at + 1);
    if (address.user.empty()) {
      throw Error(fmt::format("Empty user name in '{}'", base::printable(text)));
    }
  }
  parse_host_and_port(rest, text, address);
  check_host(address.host, text);
  if (!address.user.empty()) {
    check_user(address.user, text);
  }
  return address;
}

std::string host_identity(std::string_view host) {
  if (host.size() > 1 && host.ends_with('.')) {
    host.remove_suffix(1);
  }
  if (auto address = canonical_ip(host)) {
    return *address;
  }
  std::string name(host);
  std::transform(name.begin(), name.end(), name.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return name;
}

bool is_ip_address(std::string_view host) {
  return canonical_ip(host).has_value();
}

std::string to_string(const WorkerAddress& address) {
  std::string text;
  if (!address.user.empty()) {
    text += address.user + "@";
  }
  text += address.host.find(':') == std::string::npos ? address.host : "[" + address.host + "]";
  if (address.port) {
    text += ":" + std::to_string(*address.port);
  }
  return text;
}

void DistinctHosts::add(const WorkerAddress& address) {
  const auto [at, is_new] =
      m_first.emplace(is_ip_address(address.host) ? host_identity(address.host) : address.host, address.host);
  if (!is_new) {
    const std::string same = at->second == address.host ? "" : fmt::format(", the same as '{}'", at->second);
    throw Error(fmt::format("Duplicate host '{}'{} (each host should only appear once)", address.host, same));
  }
}

std::vector<std::string> display_names(const std::vector<WorkerAddress>& workers) {
  const bool whole = host_stands_twice(workers);
  std::vector<std::string> names;
  names.reserve(workers.size());
  for (const auto& worker : workers) {
    names.push_back(whole ? to_string(worker) : worker.host);
  }
  return names;
}

std::vector<std::string> worker_keys(const std::vector<WorkerAddress>& workers) {
  std::vector<std::string> keys;
  std::map<std::string, int> count;
  for (const auto& worker : workers) {
    std::string key;
    for (const char c : to_string(worker)) {
      const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
      key += plain ? c : '_';
    }
    ++count[key];
    keys.push_back(std::move(key));
  }
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (count[keys[i]] > 1) {
      keys[i] += "_" + base::to_hex(base::hash64(to_string(workers[i])), 8);
    }
  }
  return keys;
}

}  // namespace torc::model
