#include "torc/base/backoff.hpp"

#include <algorithm>
#include <cmath>

#include "torc/base/random.hpp"

namespace torc::base {

std::chrono::milliseconds growing_pause(int attempt, std::chrono::milliseconds first, std::chrono::milliseconds longest,
                                        double jitter) {
  // Factors above 2^16 exceed any longest pause; limiting them keeps the result within the range of a double.
  const double doubled = std::ldexp(static_cast<double>(first.count()), std::clamp(attempt - 1, 0, 16));
  const double bounded = std::min(doubled, static_cast<double>(longest.count()));
  return std::chrono::milliseconds(std::llround(bounded * std::clamp(jitter, 0.5, 1.0)));
}

double random_jitter() {
  // The 53 bits of a double's mantissa.
  return 0.5 + std::ldexp(static_cast<double>(random64() >> 11U), -54);
}

}  // namespace torc::base
