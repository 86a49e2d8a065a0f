#pragma once

#include <optional>
#include <string>

namespace torc::cli {

/// Whether the user can be asked: standard input is a terminal.
bool can_ask();

/// Shows `prompt` on standard error and reads a line of standard input; std::nullopt at its end.
std::optional<std::string> ask_line(const std::string& prompt);

/// Asks `question` until it is answered by yes or no; the end of input counts as no.
bool ask_yes_no(const std::string& question);

/// Reads a password from the controlling terminal without showing it.
/// @throws UsageError if the process has no controlling terminal
std::string ask_password(const std::string& prompt);

}  // namespace torc::cli
