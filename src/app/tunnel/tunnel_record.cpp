#include "app/tunnel/tunnel_record.hpp"

#include <utility>

#include "torc/base/error.hpp"
#include "torc/base/log.hpp"

namespace torc::app {

TunnelRecord::TunnelRecord(Reporter& reporter, remote::TunnelPlace place, remote::TunnelNote note)
    : m_reporter(reporter), m_place(std::move(place)), m_note(std::move(note)) {
  m_place.write(m_note);
}

void TunnelRecord::record_change(const remote::Forward& forward) {
  const std::lock_guard lock(m_mutex);
  if (forward.up) {
    m_note.ports[forward.worker] = forward.port;
    m_note.down.erase(forward.name);
  } else {
    m_note.down[forward.name] = forward.error;
  }
  write_note();
  m_reporter.report(ForwardChanged{.forward = forward, .target = m_note.target});
}

void TunnelRecord::record_end(const std::string& why, bool over) {
  m_reporter.report(TunnelEnded{.why = why});
  const std::lock_guard lock(m_mutex);
  m_note.ended = why;
  m_note.over = over;
  m_note.down.clear();
  write_note();
}

void TunnelRecord::write_note() {
  try {
    m_place.write(m_note);
  } catch (const base::SystemError& error) {
    base::log_warning("{}", error.what());  // A full disk must not end the tunnel.
  }
}

}  // namespace torc::app
