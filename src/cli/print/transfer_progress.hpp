#pragma once

#include <filesystem>
#include <string>
#include <thread>

namespace torc::cli {

/// A line on the terminal at standard error that tells how many bytes of files with a name's beginning have come into a
/// directory since it was made; nothing where that is no terminal. Looks once a second, in a thread of its own.
class TransferProgress {
 public:
  TransferProgress(std::filesystem::path directory, std::string prefix, bool wanted);
  TransferProgress(const TransferProgress&) = delete;
  TransferProgress& operator=(const TransferProgress&) = delete;
  /// Wipes the line out.
  ~TransferProgress();

 private:
  std::filesystem::path m_directory;
  std::string m_prefix;
  std::jthread m_painter;
};

}  // namespace torc::cli
