#include "remote/program_file.hpp"

#include <unistd.h>

#include <utility>

#include <fmt/format.h>

#include "torc/archive/gzip_file.hpp"

namespace torc::remote {

ProgramFile::ProgramFile(InstallProgram program)
    : m_program(std::move(program)), m_checksum(checksum_of_file(m_program.path)) {}

std::string ProgramFile::compressed() {
  const std::lock_guard lock(m_mutex);
  if (!m_compressed) {
    m_compressed = archive::gzip_file(m_program.path);
  }
  return fmt::format("/proc/{}/fd/{}", ::getpid(), m_compressed.get());
}

}  // namespace torc::remote
