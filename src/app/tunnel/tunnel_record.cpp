#include "app/tunnel/tunnel_record.hpp"

#include <utility>

#include "torc/base/error.hpp"
#include "torc/base/log.hpp"

namespace torc::app {

TunnelRecord::TunnelRecord(Reporter& reporter, remote::TunnelPlace place, remote::TunnelInfo info)
    : m_reporter(reporter), m_place(std::move(place)), m_info(std::move(info)) {
  m_place.write(m_info);
}

void TunnelRecord::record_change(const remote::Forward& forward) {
  const std::lock_guard lock(m_mutex);
  if (forward.up) {
    m_info.ports[forward.worker] = forward.port;
    m_info.down.erase(forward.name);
  } else {
    m_info.down[forward.name] = forward.error;
  }
  write_info();
  m_reporter.report(ForwardChanged{.forward = forward, .target = m_info.target});
}

void TunnelRecord::record_end(const std::string& why, bool over) {
  m_reporter.report(TunnelEnded{.why = why});
  const std::lock_guard lock(m_mutex);
  m_info.ended = why;
  m_info.over = over;
  m_info.down.clear();
  write_info();
}

void TunnelRecord::write_info() {
  try {
    m_place.write(m_info);
  } catch (const base::SystemError& error) {
    base::log_warning("{}", error.what());  // A full disk must not end the tunnel.
  }
}

}  // namespace torc::app
