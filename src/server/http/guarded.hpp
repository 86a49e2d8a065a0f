#pragma once

#include <exception>
#include <utility>

#include "torc/base/log.hpp"

namespace torc::server {

/// Runs a piece of a thread's work so that nothing it throws ends the process: the exception is logged, and the caller
/// goes on with its next piece. Replies that the piece held are destroyed uncalled, which closes their connections.
/// @param what  Names the work in the log, such as "the writer of the database".
template <typename Work>
void run_guarded(const char* what, Work&& work) noexcept {
  try {
    try {
      std::forward<Work>(work)();
    } catch (const std::exception& error) {
      base::log_error("{} failed and goes on: {}", what, error.what());
    } catch (...) {
      base::log_error("{} failed and goes on: unknown exception", what);
    }
  } catch (...) {
    // The log could not be written either: nothing is left to report to.
    return;
  }
}

}  // namespace torc::server
