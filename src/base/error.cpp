#include "torc/base/error.hpp"

#include <system_error>

namespace torc::base {

Error::Error(std::string message, int exit_code)
    : std::runtime_error(message), m_message(std::move(message)), m_exit_code(exit_code) {}

void Error::add_context(std::string_view context) {
  m_message.insert(0, std::string(context) + ": ");
}

SystemError::SystemError(std::string_view what, int error_number)
    : Error(std::string(what) + ": " + errno_text(error_number)), m_error_number(error_number) {}

bool is_outage(const ApiError& error) {
  if (error.status() < 400) {
    return true;  // No answer, or one from another program that currently listens there.
  }
  switch (error.status()) {
    case 401:  // Temporary if the server was restarted with the wrong users.
    case 403:
    case 408:
    case 429:
    case 502:
    case 503:
    case 504:
    case 507:
      return true;
    default:
      return false;
  }
}

std::string errno_text(int error_number) {
  return std::generic_category().message(error_number);
}

}  // namespace torc::base
