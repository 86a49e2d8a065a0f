#include "cli/standalone.hpp"

#include <filesystem>
#include <system_error>

#include "torc/base/error.hpp"
#include "torc/server/server.hpp"

namespace torc::cli {
namespace {

server::ServerOptions server_options(const std::string& database) {
  const auto directory = std::filesystem::path(database).parent_path();
  std::error_code error;
  if (!directory.empty() && !std::filesystem::create_directories(directory, error) && error) {
    throw base::SystemError("cannot make the directory " + directory.string() + " of the database", error.value());
  }
  server::ServerOptions options;
  options.port = 0;
  options.database = database;
  // One command asks, one question at a time: a second reader would only cost its start.
  options.readers = 1;
  // Whoever else could reach it could have commands run.
  options.own_user_only = true;
  return options;
}

}  // namespace

struct StandaloneServer::Impl {
  explicit Impl(const std::string& database) : server(server_options(database)) {}

  server::Server server;
};

StandaloneServer::StandaloneServer(const std::string& database) : m_impl(std::make_unique<Impl>(database)) {}

StandaloneServer::~StandaloneServer() = default;

std::string StandaloneServer::url() const {
  return m_impl->server.url();
}

}  // namespace torc::cli
