#pragma once

#include "torc/base/fd.hpp"

namespace torc::proc {

/// The two processes after `detach`.
struct Detached {
  bool is_parent{false};
  int exit_status{0};     ///< Parent only: 0 if the child is ready, else the child's exit status.
  base::Fd parent_waits;  ///< Child only, for `report_ready`.
};

/// Creates a child that continues in its own session, without a terminal. The parent waits until the child reports that
/// it is ready, or ends, and should then exit. Until then, the child uses the same standard output and error. Call this
/// while there is only one thread.
/// @throws base::SystemError
Detached detach();

/// In the child: lets the parent exit with 0, and redirects standard input, output and error to /dev/null.
/// @throws base::SystemError, also if the parent is gone, because nothing would report then that the child runs
void report_ready(Detached& detached);

}  // namespace torc::proc
