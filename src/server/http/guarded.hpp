#pragma once

#include <exception>
#include <utility>

#include "torc/base/log.hpp"

namespace torc::server {

/// Runs a piece of a thread's work so that no exception ends the process: exceptions are logged, and the caller
/// continues with the next piece. Replies that the piece held are destroyed without a call, which closes their
/// connections.
/// @param what  Name of the work in the log, such as "the writer of the database".
template <typename Work>
void run_guarded(const char* what, Work&& work) noexcept {
  try {
    try {
      std::forward<Work>(work)();
    } catch (const std::exception& error) {
      base::log_error("{} failed and continues: {}", what, error.what());
    } catch (...) {
      base::log_error("{} failed and continues: unknown exception", what);
    }
  } catch (...) {
    // The log cannot be written either, so there is no way to report the error.
    return;
  }
}

}  // namespace torc::server
