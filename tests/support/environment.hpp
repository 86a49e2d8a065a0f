#pragma once

#include <stdlib.h>

#include <optional>
#include <string>

namespace torc::support {

/// Sets an environment variable of this process for as long as it lives. For tests without other threads.
class EnvironmentVariable {
 public:
  EnvironmentVariable(const char* name, const std::string& value) : m_name(name) {
    if (const char* const before = ::getenv(name)) {
      m_before = before;
    }
    ::setenv(name, value.c_str(), 1);
  }
  EnvironmentVariable(const EnvironmentVariable&) = delete;
  EnvironmentVariable& operator=(const EnvironmentVariable&) = delete;
  ~EnvironmentVariable() {
    if (m_before) {
      ::setenv(m_name, m_before->c_str(), 1);
    } else {
      ::unsetenv(m_name);
    }
  }

 private:
  const char* m_name;
  std::optional<std::string> m_before;
};

}  // namespace torc::support
