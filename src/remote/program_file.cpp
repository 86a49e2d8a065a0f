#include "remote/program_file.hpp"

#include <unistd.h>

#include <fmt/format.h>

#include "torc/archive/gzip_file.hpp"

namespace torc::remote {

Checksum ProgramFile::checksum() {
  const std::lock_guard lock(m_mutex);
  if (!m_checksum) {
    m_checksum = checksum_of_file(m_program.path);
  }
  return *m_checksum;
}

std::string ProgramFile::compressed() {
  const std::lock_guard lock(m_mutex);
  if (!m_compressed) {
    m_compressed = archive::gzip_file(m_program.path);
  }
  return fmt::format("/proc/{}/fd/{}", ::getpid(), m_compressed.get());
}

}  // namespace torc::remote
