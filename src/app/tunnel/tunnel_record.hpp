#pragma once

#include <mutex>
#include <string>

#include "torc/app/reporter.hpp"
#include "torc/remote/tunnel_link.hpp"

namespace torc::app {

/// Keeps the note by which other commands know of a tunnel, and reports what happens to it. A note that cannot be
/// written costs no worker its server: the tunnel continues.
///
/// Thread-safety: any threads.
class TunnelRecord {
 public:
  /// @param reporter  Outlives this.
  /// @throws base::SystemError where the note cannot be written at all
  TunnelRecord(Reporter& reporter, remote::TunnelPlace place, remote::TunnelNote note);

  void record_change(const remote::Forward& forward);
  /// @param why   "signal 15"
  /// @param over  Nobody needs it any more.
  void record_end(const std::string& why, bool over);

 private:
  void write_note();

  Reporter& m_reporter;
  remote::TunnelPlace m_place;
  remote::TunnelNote m_note;
  std::mutex m_mutex{};
};

}  // namespace torc::app
