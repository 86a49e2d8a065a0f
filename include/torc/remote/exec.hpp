#pragma once

#include <string>
#include <vector>

#include "torc/remote/transport.hpp"
#include "torc/remote/worker.hpp"

namespace torc::remote {

/// What a command did on a worker.
struct ExecResult {
  bool reached{false};  ///< The command was run and ended.
  bool canceled{false};
  int exit_status{0};     ///< Of the command; 128 + N for the end by signal N.
  std::string output{};   ///< Standard output and standard error, in the order in which they came.
  std::string message{};  ///< Why not `reached`.
};

/// Runs a command in the worker's home directory, its standard input empty. Several words are a program and its
/// arguments, to which no shell does anything; a single word is a command line for sh.
ExecResult exec_on_worker(Transport& transport, const Worker& worker, const std::vector<std::string>& words);

}  // namespace torc::remote
