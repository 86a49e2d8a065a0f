#include "torc/base/non_blocking.hpp"

#include <fcntl.h>

#include "torc/base/error.hpp"

namespace torc::base {

void set_non_blocking(int fd) {
  const int flags = ::fcntl(fd, F_GETFL);
  if (flags < 0 || ::fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0) {
    throw SystemError("cannot make a descriptor non-blocking");
  }
}

}  // namespace torc::base
