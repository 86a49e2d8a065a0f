#include "torc/server/password_file.hpp"

#include <crypt.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "torc/base/error.hpp"
#include "torc/base/fd.hpp"
#include "torc/base/file.hpp"
#include "torc/base/log.hpp"
#include "torc/base/strings.hpp"

namespace torc::server {
namespace {

constexpr std::size_t k_hash_length = 60;

/// Why `name` is not a valid user name, or nothing if it is.
std::optional<std::string> name_error(std::string_view name) {
  if (name.empty()) {
    return "the user name is empty";
  }
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  if (name.find(':') != std::string_view::npos || std::any_of(name.begin(), name.end(), is_control)) {
    return fmt::format("the user name '{}' contains a colon or a control character", base::printable(name));
  }
  if (base::valid_utf8_prefix(name) != name.size()) {
    return fmt::format("the user name '{}' is not UTF-8", base::printable(name));
  }
  if (name.front() == '#' || base::trim(name) != name) {
    return fmt::format("the user name '{}' starts with '#', or starts or ends with white space", name);
  }
  return std::nullopt;
}

/// "$2y$", the cost, and the salt in bcrypt's base64. Only libxcrypt has a function for this; the crypt(3) of musl
/// supports bcrypt without it.
std::string bcrypt_setting(const std::array<unsigned char, 16>& salt, int cost) {
  constexpr std::string_view k_digits = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  std::string setting = fmt::format("$2y${:02}$", cost);
  unsigned bits = 0;
  unsigned count = 0;
  for (const unsigned char byte : salt) {
    bits = bits << 8U | byte;
    for (count += 8; count >= 6; count -= 6) {
      setting += k_digits[bits >> (count - 6) & 63U];
    }
  }
  setting += k_digits[bits << (6 - count) & 63U];
  return setting;
}

bool is_bcrypt_digit(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' || c == '/';
}

/// Why `hash` is not a valid bcrypt hash ("$2y$12$" and 53 digits), or nothing if it is.
std::optional<std::string> hash_error(std::string_view hash) {
  const bool is_bcrypt = hash.starts_with("$2y$") || hash.starts_with("$2a$") || hash.starts_with("$2b$");
  if (!is_bcrypt) {
    return "the password's hash is not bcrypt ($2y$...); make one with 'torc server htpasswd' or 'htpasswd -B'";
  }
  const auto cost = hash.size() == k_hash_length && hash[6] == '$' ? base::parse_int(hash.substr(4, 2)) : std::nullopt;
  if (!cost || !std::all_of(hash.begin() + 7, hash.end(), is_bcrypt_digit)) {
    return "the bcrypt hash is damaged";
  }
  if (*cost < k_lowest_cost || *cost > k_highest_cost) {
    return fmt::format("the hash's cost is {}, but must be from {} to {}", *cost, k_lowest_cost, k_highest_cost);
  }
  return std::nullopt;
}

bool is_entry(std::string_view line) {
  return !base::trim(line).empty() && !line.starts_with('#');
}

std::string_view user_of(std::string_view line) {
  return line.substr(0, line.find(':'));
}

std::vector<std::string> lines_or_empty(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0 && errno == ENOENT) {
    return {};
  }
  return base::split_lines(base::read_file(path));
}

/// Makes others wait that change a file in this directory.
base::Fd lock_directory_of(const std::filesystem::path& path) {
  const auto directory = path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
  base::Fd lock = base::open_file(directory, O_RDONLY | O_DIRECTORY);
  if (::flock(lock.get(), LOCK_EX) != 0) {
    throw base::SystemError(fmt::format("cannot lock the directory {}", directory.string()));
  }
  return lock;
}

/// Preserves mode and owner, so that users (the server's, perhaps) who can read the file still can afterwards.
void write_lines(const std::string& path, const std::vector<std::string>& lines) {
  struct stat before {};
  const bool existed = ::stat(path.c_str(), &before) == 0;
  std::string text;
  for (const auto& line : lines) {
    text += line + '\n';
  }
  base::write_file_atomically(path, text, existed ? before.st_mode & 0777U : 0600U);
  if (existed && ::chown(path.c_str(), before.st_uid, before.st_gid) != 0) {
    base::log_warning("{} now has another owner: {}", path, std::strerror(errno));
  }
}

/// The hash of a password with the settings in `setting`, which is a hash or the start of one. Empty if they are
/// invalid.
std::string crypted(const std::string& password, const std::string& setting) {
  const auto work = std::make_unique<crypt_data>();
  const char* const made = ::crypt_r(password.c_str(), setting.c_str(), work.get());
  std::string hash = made != nullptr && made[0] == '$' ? made : "";
  OPENSSL_cleanse(work.get(), sizeof(crypt_data));
  return hash;
}

}  // namespace

void check_user_name(std::string_view user) {
  if (const auto fault = name_error(user)) {
    throw base::UsageError(*fault);
  }
}

PasswordHashes read_password_file(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode)) {
    throw base::Error(fmt::format("{} is not a regular file", path));  // Reading a pipe could block forever.
  }
  PasswordHashes hashes;
  std::size_t number = 0;
  for (const auto& line : base::split_lines(base::read_file(path))) {
    ++number;
    if (!is_entry(line)) {
      continue;
    }
    const auto fail = [&](const std::string& why) { throw base::Error(fmt::format("{}:{}: {}", path, number, why)); };
    const auto colon = line.find(':');
    if (colon == std::string::npos) {
      fail("expected NAME:HASH");
    }
    const std::string user = line.substr(0, colon);
    const std::string hash = line.substr(colon + 1);
    if (const auto fault = name_error(user)) {
      fail(*fault);
    }
    if (const auto fault = hash_error(hash)) {
      fail(*fault);
    }
    if (!hashes.emplace(user, hash).second) {
      fail(fmt::format("duplicate user '{}'", user));
    }
  }
  return hashes;
}

bool set_password(const std::string& named, const std::string& user, const std::string& hash) {
  check_user_name(user);
  const std::string path = base::real_path(named).string();
  const base::Fd lock = lock_directory_of(path);
  auto lines = lines_or_empty(path);
  const auto found = std::find_if(lines.begin(), lines.end(),
                                  [&](const auto& line) { return is_entry(line) && user_of(line) == user; });
  const std::string entry = user + ':' + hash;
  const bool is_new = found == lines.end();
  if (is_new) {
    lines.push_back(entry);
  } else {
    *found = entry;
  }
  write_lines(path, lines);
  return is_new;
}

bool remove_password(const std::string& named, const std::string& user) {
  const std::string path = base::real_path(named).string();
  const base::Fd lock = lock_directory_of(path);
  auto lines = base::split_lines(base::read_file(path));
  const auto removed = std::erase_if(lines, [&](const auto& line) { return is_entry(line) && user_of(line) == user; });
  if (removed != 0) {
    write_lines(path, lines);
  }
  return removed != 0;
}

std::string hash_password(const std::string& password, int cost) {
  if (password.empty() || password.size() > k_max_password_bytes || password.find('\0') != std::string::npos) {
    throw base::UsageError(
        fmt::format("a password must have 1 to {} bytes, because bcrypt ignores the rest, and must not contain NUL",
                    k_max_password_bytes));
  }
  std::array<unsigned char, 16> random{};
  if (RAND_bytes(random.data(), static_cast<int>(random.size())) != 1) {
    throw base::Error("OpenSSL cannot generate random bytes");
  }
  std::string hash = crypted(password, bcrypt_setting(random, cost));
  if (hash.empty()) {
    throw base::Error("crypt(3) cannot create a bcrypt hash");
  }
  return hash;
}

bool password_matches(const std::string& password, const std::string& hash) {
  // A C function would only read the part before a NUL.
  const bool is_text = password.find('\0') == std::string::npos;
  const std::string made = crypted(password, hash);
  return is_text && made.size() == hash.size() && CRYPTO_memcmp(made.data(), hash.data(), hash.size()) == 0;
}

}  // namespace torc::server
