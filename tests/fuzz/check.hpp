#pragma once

#include <cstdio>
#include <cstdlib>
#include <string>

namespace torc::fuzz {

/// Ends the program if `good` is false, so that the fuzzer keeps the input.
inline void check(bool good, const char* what, const std::string& found = {}) {
  if (!good) {
    std::fprintf(stderr, "not so: %s\n%s\n", what, found.c_str());
    std::abort();
  }
}

}  // namespace torc::fuzz
