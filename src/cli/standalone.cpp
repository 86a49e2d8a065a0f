#include "cli/standalone.hpp"

#include <unistd.h>

#include <filesystem>
#include <optional>

#include <fmt/format.h>

#include "torc/base/private_file.hpp"
#include "torc/base/random.hpp"
#include "torc/server/password_file.hpp"
#include "torc/server/server.hpp"

namespace torc::cli {
namespace {

server::ServerOptions server_options(const std::string& database, base::Owner owner) {
  // The directory must exist before the login file is created beside the database.
  base::require_trusted_path(database, base::PathKind::file, owner, "database");
  base::make_private_directories(std::filesystem::path(database).parent_path());
  server::ServerOptions options;
  options.owner = owner;
  options.port = 0;
  options.database = database;
  // One command sends one request at a time, so a second reader would be useless.
  options.readers = 1;
  // Anyone else who could reach the server could run commands.
  options.own_user_only = true;
  return options;
}

/// A temporary file with one login, until the server has read it. It is beside the database, where its owner can write.
class LoginFile {
 public:
  LoginFile(const std::string& database, const client::Connection& login)
      : m_path(fmt::format("{}.login.{}", database, base::random_uuid())) {
    // The password is random and cannot be guessed, so the hash need not be slow.
    server::set_password(m_path, login.user, server::hash_password(login.password, server::k_lowest_cost));
  }
  LoginFile(const LoginFile&) = delete;
  LoginFile& operator=(const LoginFile&) = delete;
  ~LoginFile() { ::unlink(m_path.c_str()); }

  const std::string& path() const { return m_path; }

 private:
  std::string m_path;
};

}  // namespace

struct StandaloneServer::Impl {
  explicit Impl(const server::ServerOptions& options) : server(options) {}

  server::Server server;
};

StandaloneServer::StandaloneServer(const std::string& database, base::Owner owner, const client::Connection* login) {
  auto options = server_options(database, owner);
  std::optional<LoginFile> file;
  if (login != nullptr) {
    file.emplace(database, *login);
    options.security.auth_file = file->path();
    options.security.require_auth = true;
  }
  m_impl = std::make_unique<Impl>(options);
}

StandaloneServer::~StandaloneServer() = default;

std::string StandaloneServer::url() const {
  return m_impl->server.url();
}

}  // namespace torc::cli
