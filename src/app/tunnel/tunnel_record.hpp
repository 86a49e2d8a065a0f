#pragma once

#include <mutex>
#include <string>

#include "torc/app/reporter.hpp"
#include "torc/remote/tunnel_link.hpp"

namespace torc::app {

/// Keeps the state file through which other commands find a tunnel, and reports changes of the tunnel. If the file
/// cannot be updated, the tunnel continues.
///
/// Thread-safe.
class TunnelRecord {
 public:
  /// @param reporter  Must outlive this object.
  /// @throws base::SystemError if the file cannot be created
  TunnelRecord(Reporter& reporter, remote::TunnelPlace place, remote::TunnelInfo info);

  void record_change(const remote::Forward& forward);
  /// @param why   "signal 15"
  /// @param over  No runner needs the tunnel any more.
  void record_end(const std::string& why, bool over);

 private:
  void write_info();

  Reporter& m_reporter;
  remote::TunnelPlace m_place;
  remote::TunnelInfo m_info;
  std::mutex m_mutex{};
};

}  // namespace torc::app
