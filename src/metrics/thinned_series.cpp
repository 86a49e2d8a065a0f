#include "metrics/thinned_series.hpp"

#include <algorithm>
#include <utility>

namespace torc::metrics {

ThinnedSeries::ThinnedSeries(std::size_t samples, double first_time, double last_time, std::size_t most)
    : m_first(first_time), m_span(last_time - first_time), m_is_thinned(samples > most && m_span > 0) {
  if (m_is_thinned) {
    m_points.resize(std::max<std::size_t>(most, 1));
  } else {
    m_points.reserve(samples);
  }
}

void ThinnedSeries::add(const RecordedPoint& sample) {
  if (!m_is_thinned) {
    m_points.push_back(sample);
    return;
  }
  const double part = std::clamp((sample.time - m_first) / m_span, 0.0, 1.0);
  const auto slot = static_cast<std::size_t>(part * static_cast<double>(m_points.size()));
  RecordedPoint& point = m_points[std::min(slot, m_points.size() - 1)];
  point.time = point.time > 0 ? std::min(point.time, sample.time) : sample.time;
  point.cpu_percent = std::max(point.cpu_percent, sample.cpu_percent);
  point.memory_bytes = std::max(point.memory_bytes, sample.memory_bytes);
  point.processes = std::max(point.processes, sample.processes);
}

std::vector<RecordedPoint> ThinnedSeries::take() {
  if (m_is_thinned) {
    std::erase_if(m_points, [](const RecordedPoint& point) { return point.time <= 0; });
  }
  std::stable_sort(m_points.begin(), m_points.end(),
                   [](const RecordedPoint& left, const RecordedPoint& right) { return left.time < right.time; });
  return std::move(m_points);
}

}  // namespace torc::metrics
