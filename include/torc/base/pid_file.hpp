#pragma once

#include <string>

#include "torc/base/fd.hpp"

namespace torc::base {

/// A file with the pid of this process, during the lifetime of this object. A lock on it distinguishes a living owner
/// from a killed one, even if the pid has been reused.
class PidFile {
 public:
  /// Takes over the file of a dead owner.
  /// @throws Error that names the file, if its owner is alive or it is not a pid file; SystemError
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
