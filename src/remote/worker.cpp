#include "torc/remote/worker.hpp"

#include <algorithm>

#include "torc/base/error.hpp"
#include "torc/base/strings.hpp"

namespace torc::remote {

std::vector<Worker> make_workers(const std::vector<std::string>& addresses) {
  std::vector<model::WorkerAddress> parsed;
  parsed.reserve(addresses.size());
  for (const auto& address : addresses) {
    try {
      parsed.push_back(model::WorkerAddress::parse(address));
    } catch (const base::Error&) {
      parsed.push_back({.user = {}, .host = address, .port = std::nullopt});
    }
  }
  const auto names = model::display_names(parsed);
  const auto keys = model::worker_keys(parsed);
  std::vector<Worker> workers;
  workers.reserve(addresses.size());
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    workers.push_back(
        {.address = parsed[i], .stored = addresses[i], .name = base::printable(names[i]), .key = keys[i]});
  }
  return workers;
}

void check_remote_directory(const std::string& directory) {
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  if (directory.empty()) {
    throw base::UsageError("the output directory on the workers must not be empty");
  }
  if (directory.find_first_not_of("/.") == std::string::npos || directory == "~" || directory == "~/") {
    throw base::UsageError(
        "the output directory on the workers cannot be '" + directory +
        "': choose a directory for output alone, since collect-logs fetches it and delete-logs deletes it");
  }
  if (std::any_of(directory.begin(), directory.end(), is_control)) {
    throw base::UsageError("the output directory '" + base::printable(directory) + "' contains a control character");
  }
}

}  // namespace torc::remote
