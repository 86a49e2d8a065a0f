#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace torc::runner {

/// The GPUs of a runner, given out one by one to its jobs. One thread.
class GpuPool {
 public:
  /// Numbered from 0.
  explicit GpuPool(std::size_t count);
  /// As CUDA knows them: numbers, or UUIDs.
  explicit GpuPool(std::vector<std::string> devices);

  std::size_t free() const { return m_free.size(); }

  /// The lowest ones that are free. No more than there are: a runner whose jobs are claimed by count may start more.
  std::vector<std::string> take(std::size_t count);
  void release(const std::vector<std::string>& devices);

 private:
  std::vector<std::string> m_devices;
  std::vector<std::size_t> m_free;  ///< Positions in m_devices, ascending.
};

/// What this process may use: those of CUDA_VISIBLE_DEVICES where it is set, else those that nvidia-smi lists, else
/// those of /proc/driver/nvidia/gpus.
std::vector<std::string> detect_gpus();

}  // namespace torc::runner
