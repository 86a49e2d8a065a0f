#include "torc/client/rest_api.hpp"

#include "torc/base/error.hpp"

namespace torc::client {

std::unique_ptr<Api> make_rest_api(Connection /*connection*/) {
  throw base::Error("the client is not there yet");
}

}  // namespace torc::client
