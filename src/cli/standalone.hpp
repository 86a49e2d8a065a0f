#pragma once

#include <memory>
#include <string>

#include "torc/client/rest_api.hpp"

namespace torc::cli {

/// The server of --standalone: in this process, on a free port of the loopback, for as long as it lives.
class StandaloneServer {
 public:
  /// @param database  Its directory is made where there is none.
  /// @param login     User and password of the only ones it answers; none: all that can reach it.
  /// @throws base::Error
  explicit StandaloneServer(const std::string& database, const client::Connection* login = nullptr);
  StandaloneServer(const StandaloneServer&) = delete;
  StandaloneServer& operator=(const StandaloneServer&) = delete;
  ~StandaloneServer();

  std::string url() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> m_impl;
};

}  // namespace torc::cli
