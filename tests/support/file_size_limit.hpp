#pragma once

#include <signal.h>
#include <sys/resource.h>

#include <gtest/gtest.h>

namespace torc::support {

/// Limits the size of files that this process writes, while the object exists. For SQLite, a write beyond the limit is
/// an I/O error (EFBIG), as is one beyond a quota; SQLite reports a full disk only for ENOSPC.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) : m_handler(::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &m_before);
    const rlimit limit{bytes, m_before.rlim_max};
    EXPECT_EQ(::setrlimit(RLIMIT_FSIZE, &limit), 0);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &m_before);
    ::signal(SIGXFSZ, m_handler);
  }

 private:
  sighandler_t m_handler;
  rlimit m_before{};
};

}  // namespace torc::support
