#pragma once

#include <memory>
#include <string>

#include "torc/base/path_trust.hpp"
#include "torc/client/rest_api.hpp"

namespace torc::cli {

/// The server of --standalone: runs in this process, on a free port of 127.0.0.1, until this object is destroyed.
class StandaloneServer {
 public:
  /// @param database  If its directory does not exist, it is created, accessible to this user only.
  /// @param owner     Which owners of the database are accepted.
  /// @param login     The user and password that clients must give; nullptr: every client is accepted.
  /// @throws base::Error
  StandaloneServer(const std::string& database, base::Owner owner, const client::Connection* login = nullptr);
  StandaloneServer(const StandaloneServer&) = delete;
  StandaloneServer& operator=(const StandaloneServer&) = delete;
  ~StandaloneServer();

  std::string url() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> m_impl;
};

}  // namespace torc::cli
