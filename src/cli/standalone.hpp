#pragma once

#include <memory>
#include <string>

#include "torc/base/path_trust.hpp"
#include "torc/client/rest_api.hpp"

namespace torc::cli {

/// The server of --standalone: in this process, on a free port of the loopback, for as long as it lives.
class StandaloneServer {
 public:
  /// @param database  Its directory is made, for this user alone, if there is none.
  /// @param owner     Whose database is used.
  /// @param login     User and password of the only ones it answers; none: all that can reach it.
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
