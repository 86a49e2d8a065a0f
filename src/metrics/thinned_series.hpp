#pragma once

#include <cstddef>
#include <vector>

#include "torc/metrics/recording.hpp"

namespace torc::metrics {

/// Takes samples in any order and keeps a limited number of points: each the highest of its part of the time.
class ThinnedSeries {
 public:
  /// @param samples  How many there are, between `first_time` and `last_time`
  /// @param most     How many points to keep
  ThinnedSeries(std::size_t samples, double first_time, double last_time, std::size_t most);

  void add(const RecordedPoint& sample);
  /// What was kept, by time.
  std::vector<RecordedPoint> take();

 private:
  double m_first;
  double m_span;
  bool m_is_thinned;
  std::vector<RecordedPoint> m_points;  ///< Thinned: a slot for each part of the time, time 0 where nothing fell there.
};

}  // namespace torc::metrics
