#pragma once

#include <string>
#include <vector>

#include "torc/remote/transport.hpp"
#include "torc/remote/worker.hpp"

namespace torc::remote {

/// The outcome of a command on a worker.
struct ExecResult {
  bool reached{false};  ///< The command ran to its end.
  bool canceled{false};
  int exit_status{0};     ///< Exit status of the command; 128 + N if signal N ended it.
  std::string output{};   ///< Standard output and standard error, in the order in which they arrived.
  std::string message{};  ///< The reason if `reached` is false.
};

/// Runs a command in the worker's home directory, with empty standard input. Several words are a program and its
/// arguments, which no shell expands; a single word is a command line for sh.
ExecResult exec_on_worker(Transport& transport, const Worker& worker, const std::vector<std::string>& words);

}  // namespace torc::remote
