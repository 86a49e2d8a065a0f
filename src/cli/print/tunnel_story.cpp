#include "cli/print/tunnel_story.hpp"

#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "torc/base/error.hpp"
#include "torc/base/log.hpp"

namespace torc::cli {

TunnelStory::TunnelStory(const Output& output, bool in_background, remote::TunnelPlace place, remote::TunnelNote note)
    : m_output(output), m_in_background(in_background), m_place(std::move(place)), m_note(std::move(note)) {
  m_place.write(m_note);
}

void TunnelStory::line(const std::string& text) {
  const std::lock_guard lock(m_mutex);
  if (!m_in_background) {
    m_output.line(text);
  }
}

void TunnelStory::say(const std::string& text) {
  const std::lock_guard lock(m_mutex);
  if (m_in_background) {
    base::log_info("{}", text);
  } else if (!m_output.json()) {
    m_output.note(text);
  }
}

void TunnelStory::changed(const remote::Forward& forward) {
  const std::lock_guard lock(m_mutex);
  if (forward.up) {
    m_note.ports[forward.worker] = forward.port;
    m_note.down.erase(forward.name);
  } else {
    m_note.down[forward.name] = forward.error;
  }
  write_note();
  if (m_in_background) {
    base::log_info("{}: {}", forward.name, forward.up ? fmt::format("up, port {}", forward.port) : forward.error);
  } else {
    print(forward);
  }
}

void TunnelStory::print(const remote::Forward& forward) {
  if (m_output.json()) {
    m_output.document_line(
        {{"worker", forward.worker}, {"up", forward.up}, {"port", forward.port}, {"message", forward.error}});
  }
  m_output.line(forward.up
                    ? fmt::format("  [UP] {}: 127.0.0.1:{} leads to {}", forward.name, forward.port, m_note.target)
                    : fmt::format("  [DOWN] {}: {}; trying again", forward.name, forward.error));
}

void TunnelStory::ended(const std::string& why, bool over) {
  say("The tunnel ends: " + why);
  const std::lock_guard lock(m_mutex);
  m_note.ended = why;
  m_note.over = over;
  m_note.down.clear();
  write_note();
}

void TunnelStory::write_note() {
  try {
    m_place.write(m_note);
  } catch (const base::SystemError& error) {
    base::log_warning("{}", error.what());  // A disk that is full must not cost the workers their server.
  }
}

}  // namespace torc::cli
