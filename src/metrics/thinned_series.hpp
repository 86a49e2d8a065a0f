#pragma once

#include <cstddef>
#include <vector>

#include "torc/metrics/recording.hpp"

namespace torc::metrics {

/// Reduces samples, in any order, to a limited number of points: one per time slot, with the maximum of each value.
class ThinnedSeries {
 public:
  /// @param samples  Number of samples between `first_time` and `last_time`.
  /// @param most     Maximum number of points to keep.
  ThinnedSeries(std::size_t samples, double first_time, double last_time, std::size_t most);

  void add(const RecordedPoint& sample);
  /// The points, ordered by time.
  std::vector<RecordedPoint> take();

 private:
  double m_first;
  double m_span;
  bool m_is_thinned;
  std::vector<RecordedPoint> m_points;  ///< If thinned, one per time slot, with time 0 for empty slots.
};

}  // namespace torc::metrics
