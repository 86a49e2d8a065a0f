#include "cli/standalone.hpp"

#include "torc/base/error.hpp"

namespace torc::cli {

struct StandaloneServer::Impl {
  std::string url;
};

StandaloneServer::StandaloneServer(const std::string& /*database*/) {
  throw base::UsageError("--standalone is not there yet");
}

StandaloneServer::~StandaloneServer() = default;

std::string StandaloneServer::url() const {
  return m_impl->url;
}

}  // namespace torc::cli
