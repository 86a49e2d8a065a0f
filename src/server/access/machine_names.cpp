#include "server/access/machine_names.hpp"

#include <netdb.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <climits>
#include <future>
#include <thread>
#include <utility>

#include "server/access/browser_rules.hpp"
#include "server/http/guarded.hpp"
#include "torc/base/file.hpp"
#include "torc/base/log.hpp"
#include "torc/base/strings.hpp"

namespace torc::server {
namespace {

constexpr std::chrono::seconds k_resolver_limit{2};

std::string kernel_host_name() {
  std::array<char, HOST_NAME_MAX + 1> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

/// The resolver's canonical name, or "" if there is none.
std::string canonical_name(const std::string& host_name) {
  addrinfo hints{};
  hints.ai_flags = AI_CANONNAME;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(host_name.c_str(), nullptr, &hints, &found) != 0) {
    return {};
  }
  std::string name = found->ai_canonname != nullptr ? found->ai_canonname : "";
  ::freeaddrinfo(found);
  return name;
}

/// Like canonical_name, with a time limit: without a name server the resolver may take half a minute, which would delay
/// the start.
std::string canonical_name_soon(const std::string& host_name) {
  std::promise<std::string> promise;
  auto name = promise.get_future();
  std::thread([promise = std::move(promise), host_name]() mutable {
    std::string found;
    run_guarded("the look-up of this machine's name", [&] { found = canonical_name(host_name); });
    promise.set_value(std::move(found));
  }).detach();
  if (name.wait_for(k_resolver_limit) != std::future_status::ready) {
    base::log_warning("looking up the full name of '{}' timed out; clients that use it need --allowed-host NAME",
                      base::printable(host_name));
    return {};
  }
  return name.get();
}

void add_name(std::vector<std::string>& names, std::string_view name) {
  if (auto normalized = normalized_host(name)) {
    names.push_back(std::move(*normalized));
  }
}

std::vector<std::string> words_of(std::string_view line) {
  std::vector<std::string> words;
  constexpr std::string_view k_blanks = " \t\r";
  for (;;) {
    line.remove_prefix(std::min(line.find_first_not_of(k_blanks), line.size()));
    if (line.empty()) {
      return words;
    }
    words.emplace_back(line.substr(0, line.find_first_of(k_blanks)));
    line.remove_prefix(words.back().size());
  }
}

}  // namespace

std::vector<std::string> names_in_hosts_file(std::string_view text, std::string_view host_name) {
  std::vector<std::string> names;
  for (const auto& line : base::split_lines(text)) {
    const auto words = words_of(std::string_view{line}.substr(0, line.find('#')));
    bool is_ours = !words.empty() && (words[0].starts_with("127.") || normalized_host(words[0]) == "::1");
    for (std::size_t i = 1; i < words.size() && !is_ours; ++i) {
      is_ours = !host_name.empty() && base::to_lower(words[i]) == base::to_lower(host_name);
    }
    for (std::size_t i = 1; i < words.size() && is_ours; ++i) {
      add_name(names, words[i]);
    }
  }
  return names;
}

std::vector<std::string> machine_names(bool ask_resolver) {
  const std::string host_name = kernel_host_name();
  auto names = names_in_hosts_file(base::read_file_or_empty("/etc/hosts"), host_name);
  add_name(names, host_name);
  add_name(names, host_name.substr(0, host_name.find('.')));
  if (ask_resolver && !host_name.empty()) {
    add_name(names, canonical_name_soon(host_name));
  }
  return names;
}

}  // namespace torc::server
