#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "remote/logs/checksum.hpp"
#include "torc/base/fd.hpp"
#include "torc/remote/install.hpp"

namespace torc::remote {

/// A torc to copy to workers. It is read when a worker first needs it. Thread-safe.
class ProgramFile {
 public:
  explicit ProgramFile(InstallProgram program) : m_program(std::move(program)) {}

  const InstallProgram& program() const { return m_program; }

  /// @throws base::SystemError if the file cannot be read
  Checksum checksum();

  /// A path of the file compressed with gzip, for other processes of this user, while this object lives. Blocks until
  /// the copy exists.
  /// @throws base::SystemError
  std::string compressed();

 private:
  const InstallProgram m_program;
  std::mutex m_mutex;
  std::optional<Checksum> m_checksum;
  base::Fd m_compressed;
};

}  // namespace torc::remote
