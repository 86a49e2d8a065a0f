#pragma once

#include "torc/base/fd.hpp"

namespace torc::proc {

/// Which of the two processes after `detach` this is.
struct Detached {
  bool is_parent{false};
  int exit_status{0};     ///< Of the parent: 0 once the child was ready, else the child's own.
  base::Fd parent_waits;  ///< The child's, for `tell_ready`.
};

/// Makes a child that goes on in a session of its own, without a terminal. The parent waits until the child says that
/// it is ready or ends, and should then exit. Until then the child writes to the same standard output and error.
/// Called while there is only one thread.
/// @throws base::SystemError
Detached detach();

/// In the child: lets the parent exit with 0, and turns standard input, output and error to /dev/null.
/// @throws base::SystemError, also if the parent is gone, because nothing would report that the child runs
void tell_ready(Detached& detached);

}  // namespace torc::proc
