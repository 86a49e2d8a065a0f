#include "torc/metrics/system_sampler.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <optional>
#include <string_view>

#include "torc/base/error.hpp"
#include "torc/base/file.hpp"

namespace torc::metrics {
namespace {

using Buffer = std::array<char, 4096>;

/// The beginning of a /proc file, which contains the values needed here.
std::string_view read_beginning(const base::Fd& file, Buffer& buffer, std::string_view name) {
  ssize_t size = 0;
  do {
    size = ::pread(file.get(), buffer.data(), buffer.size(), 0);
  } while (size < 0 && errno == EINTR);
  if (size < 0) {
    throw base::SystemError(name);
  }
  return {buffer.data(), static_cast<std::size_t>(size)};
}

/// The number after `name` and spaces.
std::optional<std::int64_t> number_after(std::string_view text, std::string_view name) {
  const auto found = text.find(name);
  if (found == std::string_view::npos) {
    return std::nullopt;
  }
  text.remove_prefix(found + name.size());
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} ? std::optional(number) : std::nullopt;
}

}  // namespace

SystemSampler::SystemSampler(Clock::time_point now)
    : m_stat(base::open_file("/proc/stat", O_RDONLY)),
      m_meminfo(base::open_file("/proc/meminfo", O_RDONLY)),
      m_first(read_cpu()),
      m_last(m_first),
      m_time(now) {}

SystemSampler::CpuTicks SystemSampler::read_cpu() const {
  // user, nice, system, idle, iowait, irq, softirq, steal; a guest's time is part of user and nice.
  constexpr std::size_t k_count = 8;
  constexpr std::size_t k_idle = 3;
  constexpr std::size_t k_iowait = 4;
  Buffer buffer;  // NOLINT: filled below
  std::string_view text = read_beginning(m_stat, buffer, "cannot read /proc/stat");
  text.remove_prefix(std::min(text.find(' '), text.size()));
  CpuTicks ticks;
  const char* at = text.data();
  const char* const end = text.data() + text.size();
  for (std::size_t field = 0; field < k_count; ++field) {
    while (at != end && *at == ' ') {
      ++at;
    }
    std::uint64_t number = 0;
    const auto [stop, error] = std::from_chars(at, end, number);
    if (error != std::errc{}) {
      break;  // Old kernels have fewer fields.
    }
    at = stop;
    ticks.total += number;
    ticks.busy += field == k_idle || field == k_iowait ? 0 : number;
  }
  return ticks;
}

void SystemSampler::read_memory(SystemUsage& usage) const {
  Buffer buffer;  // NOLINT: filled below
  const auto text = read_beginning(m_meminfo, buffer, "cannot read /proc/meminfo");
  const std::int64_t total = number_after(text, "MemTotal:").value_or(0);
  const std::int64_t available = number_after(text, "MemAvailable:").value_or(0);
  usage.total_memory_bytes = total * 1024;
  usage.memory_bytes = std::max<std::int64_t>(total - available, 0) * 1024;
}

SystemUsage SystemSampler::sample(Clock::time_point now) {
  SystemUsage usage;
  read_memory(usage);
  const CpuTicks ticks = read_cpu();
  // Keep the last value within one tick, or if a counter has decreased (iowait can).
  if (ticks.total > m_last.total && ticks.busy >= m_last.busy) {
    m_cpu_percent = std::min(
        100.0, 100.0 * static_cast<double>(ticks.busy - m_last.busy) / static_cast<double>(ticks.total - m_last.total));
    m_last = ticks;
  }
  usage.cpu_percent = m_cpu_percent;

  const double seconds = std::chrono::duration<double>(now - m_time).count();
  m_time = now;
  m_seconds += seconds;
  m_byte_seconds += seconds * static_cast<double>(usage.memory_bytes);
  ++m_summary.samples;
  m_summary.peak_cpu_percent = std::max(m_summary.peak_cpu_percent, usage.cpu_percent);
  m_summary.peak_memory_bytes = std::max(m_summary.peak_memory_bytes, usage.memory_bytes);
  return usage;
}

UsageSummary SystemSampler::summary() const {
  UsageSummary summary = m_summary;
  if (m_last.total > m_first.total) {
    summary.avg_cpu_percent =
        100.0 * static_cast<double>(m_last.busy - m_first.busy) / static_cast<double>(m_last.total - m_first.total);
  }
  summary.avg_memory_bytes =
      m_seconds > 0 ? static_cast<std::int64_t>(m_byte_seconds / m_seconds) : m_summary.peak_memory_bytes;
  return summary;
}

}  // namespace torc::metrics
