#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace torc::runner {

/// The GPUs of a runner, assigned to its jobs. One thread.
class GpuPool {
 public:
  /// GPUs numbered from 0.
  explicit GpuPool(std::size_t count);
  /// GPUs with their CUDA names: numbers or UUIDs.
  explicit GpuPool(std::vector<std::string> devices);

  std::size_t free() const { return m_free.size(); }

  /// Takes the first free GPUs: fewer than `count` if there are not enough, since a runner that claims jobs by count
  /// may start more jobs than it has GPUs for.
  std::vector<std::string> take(std::size_t count);
  void release(const std::vector<std::string>& devices);

 private:
  std::vector<std::string> m_devices;
  std::vector<std::size_t> m_free;  ///< Positions in m_devices, ascending.
};

/// The GPUs that this process may use: those in CUDA_VISIBLE_DEVICES if it is set, else those that nvidia-smi lists,
/// else those in /proc/driver/nvidia/gpus.
std::vector<std::string> detect_gpus();

}  // namespace torc::runner
