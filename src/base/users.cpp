#include "torc/base/users.hpp"

#include <pwd.h>

#include <cstdio>
#include <memory>
#include <vector>

#include <fmt/format.h>

#include "torc/base/strings.hpp"

namespace torc::base {
namespace {

struct ClosePipe {
  void operator()(std::FILE* pipe) const noexcept { ::pclose(pipe); }
};

/// A line of passwd(5): name, password, uid, gid, comment, home, shell.
std::optional<User> parse(const std::string& line) {
  const auto fields = split(line, ':');
  if (fields.size() < 6 || fields[0].empty()) {
    return std::nullopt;
  }
  return User{.name = fields[0], .home = fields[5]};
}

std::optional<User> ask_getent(uid_t id) {
  const std::string command = fmt::format("exec getent passwd {} 2>/dev/null </dev/null", id);
  const std::unique_ptr<std::FILE, ClosePipe> pipe{::popen(command.c_str(), "re")};
  if (pipe == nullptr) {
    return std::nullopt;
  }
  std::string line;
  for (int c = 0; (c = std::fgetc(pipe.get())) != EOF && c != '\n';) {
    line += static_cast<char>(c);
  }
  return parse(line);
}

}  // namespace

std::optional<User> find_user(uid_t id) {
  std::vector<char> buffer(16384);
  passwd entry{};
  passwd* found = nullptr;
  if (::getpwuid_r(id, &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr) {
    return User{.name = found->pw_name, .home = found->pw_dir};
  }
  return ask_getent(id);
}

}  // namespace torc::base
