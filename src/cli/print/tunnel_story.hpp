#pragma once

#include <mutex>
#include <string>

#include "torc/cli/command.hpp"
#include "torc/remote/tunnel_link.hpp"

namespace torc::cli {

/// What becomes of a tunnel: for people and programs on standard output, or in the log of one in the background, and
/// for other commands in its note. Whatever cannot be written costs no worker its server: the tunnel goes on.
///
/// Thread-safety: any threads.
class TunnelStory {
 public:
  /// @param output  Outlives this. @param in_background  It has a log in place of the output.
  /// @throws base::SystemError where the note cannot be written at all
  TunnelStory(const Output& output, bool in_background, remote::TunnelPlace place, remote::TunnelNote note);

  /// A line for people alone.
  void line(const std::string& text);
  /// The same on standard error.
  void say(const std::string& text);
  void changed(const remote::Forward& forward);
  /// @param why   "signal 15"
  /// @param over  Nobody needs it any more.
  void ended(const std::string& why, bool over);

 private:
  void print(const remote::Forward& forward);
  void write_note();

  const Output& m_output;
  bool m_in_background;
  remote::TunnelPlace m_place;
  remote::TunnelNote m_note;
  std::mutex m_mutex{};
};

}  // namespace torc::cli
