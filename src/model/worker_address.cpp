#include "torc/model/worker_address.hpp"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "torc/base/error.hpp"
#include "torc/base/strings.hpp"

namespace torc::model {
namespace {

using base::Error;

/// Refuses what ssh would not take for a name.
void check_name(std::string_view what, std::string_view name, std::string_view text) {
  if (name.starts_with('-')) {
    throw Error(fmt::format("Invalid {} '{}' in '{}': it starts with '-', which ssh would take for an option", what,
                            base::printable(name), base::printable(text)));
  }
  if (base::valid_utf8_prefix(name) != name.size()) {
    throw Error(
        fmt::format("Invalid {} '{}' in '{}': it is not UTF-8", what, base::printable(name), base::printable(text)));
  }
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= 0x20 || byte == 0x7f || c == '/' || c == '\\' || c == '\'' || c == '"' || c == '@' || c == '[' ||
        c == ']') {
      throw Error(fmt::format("Invalid {} '{}' in '{}': it holds a character that no such name can have", what,
                              base::printable(name), base::printable(text)));
    }
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
  // More than one colon without brackets: an IPv6 address, which cannot carry a port.
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
  // The last '@': a user name may hold one, a host may not.
  if (const auto at = text.rfind('@'); at != std::string_view::npos) {
    address.user = text.substr(0, at);
    rest = text.substr(at + 1);
    if (address.user.empty()) {
      throw Error(fmt::format("Empty user name in '{}'", base::printable(text)));
    }
  }
  parse_host_and_port(rest, text, address);
  if (address.host.empty()) {
    throw Error("Empty hostname");
  }
  check_name("host name", address.host, text);
  if (address.user.starts_with('-')) {
    check_name("user name", address.user, text);
  }
  std::string user_without_at = base::replace_all(address.user, "@", "");
  check_name("user name", user_without_at, text);
  return address;
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
