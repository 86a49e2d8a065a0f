#pragma once

#include <filesystem>
#include <string>
#include <thread>

#include "torc/app/reporter.hpp"

namespace torc::app {

/// Reports once a second, from a thread of its own, how many bytes of files with a name's beginning have come into a
/// directory since it was made; not if nobody sees it.
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
