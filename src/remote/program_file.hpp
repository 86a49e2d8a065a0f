#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "remote/logs/checksum.hpp"
#include "torc/base/fd.hpp"
#include "torc/remote/install.hpp"

namespace torc::remote {

/// A torc to copy to workers, and its compressed copy, which is made once, when a worker first needs it. Thread-safe.
class ProgramFile {
 public:
  /// @throws base::SystemError if the file cannot be read
  explicit ProgramFile(InstallProgram program);

  const InstallProgram& program() const { return m_program; }
  const Checksum& checksum() const { return m_checksum; }

  /// A path of the file compressed with gzip, for other processes of this user, while this object lives. Blocks while
  /// it is being made.
  /// @throws base::SystemError
  std::string compressed();

 private:
  const InstallProgram m_program;
  const Checksum m_checksum;
  std::mutex m_mutex;
  base::Fd m_compressed;
};

}  // namespace torc::remote
