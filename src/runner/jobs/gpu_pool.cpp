#include "runner/jobs/gpu_pool.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <system_error>

#include "torc/base/strings.hpp"
#include "torc/proc/command.hpp"
#include "torc/proc/spawn.hpp"

namespace torc::runner {
namespace {

/// A hanging driver must not keep a runner from starting.
constexpr std::chrono::milliseconds k_smi_limit{10'000};

std::vector<std::string> numbered(std::size_t count) {
  std::vector<std::string> devices;
  for (std::size_t i = 0; i < count; ++i) {
    devices.push_back(std::to_string(i));
  }
  return devices;
}

std::size_t count_in_proc() {
  std::error_code error;
  std::size_t count = 0;
  std::filesystem::directory_iterator it("/proc/driver/nvidia/gpus", error);
  for (; !error && it != std::filesystem::directory_iterator(); it.increment(error)) {
    ++count;
  }
  return count;
}

std::size_t count_of_smi() {
  if (!proc::is_in_path("nvidia-smi")) {
    return 0;  // Most machines do not have it; this saves a process.
  }
  const auto listing = proc::run_command({.argv = {"nvidia-smi", "-L"}, .limit = k_smi_limit});
  if (!listing.ok()) {
    return 0;
  }
  const auto lines = base::split_lines(listing.out);
  return static_cast<std::size_t>(
      std::count_if(lines.begin(), lines.end(), [](const auto& line) { return line.starts_with("GPU "); }));
}

}  // namespace

GpuPool::GpuPool(std::size_t count) : GpuPool(numbered(count)) {}

GpuPool::GpuPool(std::vector<std::string> devices) : m_devices(std::move(devices)) {
  for (std::size_t i = 0; i < m_devices.size(); ++i) {
    m_free.push_back(i);
  }
}

std::vector<std::string> GpuPool::take(std::size_t count) {
  const auto end = m_free.begin() + static_cast<std::ptrdiff_t>(std::min(count, m_free.size()));
  std::vector<std::string> taken;
  std::transform(m_free.begin(), end, std::back_inserter(taken), [this](std::size_t i) { return m_devices[i]; });
  m_free.erase(m_free.begin(), end);
  return taken;
}

void GpuPool::release(const std::vector<std::string>& devices) {
  for (const auto& device : devices) {
    const auto it = std::find(m_devices.begin(), m_devices.end(), device);
    m_free.push_back(static_cast<std::size_t>(it - m_devices.begin()));
  }
  std::sort(m_free.begin(), m_free.end());
}

std::vector<std::string> detect_gpus() {
  if (const char* const visible = std::getenv("CUDA_VISIBLE_DEVICES"); visible != nullptr) {
    std::vector<std::string> devices;
    for (const auto& word : base::split(visible, ',')) {
      const auto device = base::trim(word);
      if (device.empty() || device == "-1") {
        break;  // Like CUDA, ignores all devices after an invalid one.
      }
      devices.emplace_back(device);
    }
    return devices;
  }
  const std::size_t count = count_of_smi();
  return numbered(count > 0 ? count : count_in_proc());
}

}  // namespace torc::runner
