#pragma once

#include <filesystem>
#include <string>
#include <thread>

#include "torc/app/reporter.hpp"

namespace torc::app {

/// Reports once per second, from a separate thread, how many bytes of files with a prefix have arrived in a directory
/// since this object was created. Does nothing if progress is not shown.
class TransferMeter {
 public:
  TransferMeter(std::filesystem::path directory, std::string prefix, Reporter& reporter);
  TransferMeter(const TransferMeter&) = delete;
  TransferMeter& operator=(const TransferMeter&) = delete;
  /// Reports TransferEnded.
  ~TransferMeter();

 private:
  std::filesystem::path m_directory;
  std::string m_prefix;
  Reporter& m_reporter;
  std::jthread m_thread{};
};

}  // namespace torc::app
