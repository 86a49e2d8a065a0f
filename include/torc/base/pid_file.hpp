#pragma once

#include <string>

#include "torc/base/fd.hpp"

namespace torc::base {

/// A file that holds this process's id for as long as this object lives. A lock on it tells a live owner from one that
/// was killed, whatever process has got that id since.
class PidFile {
 public:
  /// Takes over the file of an owner that is gone.
  /// @throws Error that names the file, where its owner lives, where it holds something else, or SystemError
  explicit PidFile(std::string path);
  PidFile(const PidFile&) = delete;
  PidFile& operator=(const PidFile&) = delete;
  /// Removes the file.
  ~PidFile();

 private:
  std::string m_path;
  Fd m_file;
};

}  // namespace torc::base
