#include "runner/jobs/gpu_pool.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>

#include "runner_support.hpp"
#include "support/environment.hpp"

namespace torc::runner {
namespace {

using Devices = std::vector<std::string>;

TEST(GpuPoolTest, AssignsEachGpuOnce) {
  GpuPool pool(4);
  const auto first = pool.take(1);
  EXPECT_EQ(first, Devices{"0"});
  EXPECT_EQ(pool.take(2), (Devices{"1", "2"}));
  pool.release(first);
  EXPECT_EQ(pool.free(), 2U);
  EXPECT_EQ(pool.take(2), (Devices{"0", "3"}));
  EXPECT_EQ(pool.take(1), Devices{}) << "all GPUs are in use";
}

TEST(GpuPoolTest, AssignsNamedDevices) {
  GpuPool pool(Devices{"GPU-a", "GPU-b"});
  EXPECT_EQ(pool.take(1), Devices{"GPU-a"});
}

TEST(DetectGpus, UsesCudaVisibleDevices) {
  {
    const support::EnvironmentVariable visible("CUDA_VISIBLE_DEVICES", "2, GPU-x,-1,3");
    EXPECT_EQ(detect_gpus(), (Devices{"2", "GPU-x"}));
  }
  const support::EnvironmentVariable none("CUDA_VISIBLE_DEVICES", "");
  EXPECT_EQ(detect_gpus(), Devices{});
}

TEST(DetectGpus, UsesNvidiaSmi) {
  const testing::TempDir directory;
  base::write_file_atomically(
      directory.file("nvidia-smi"),
      "#!/bin/sh\n[ \"$1\" = -L ] && echo 'GPU 0: A (UUID: GPU-1)' && echo 'GPU 1: A (UUID: GPU-2)'\n", 0755);
  ::unsetenv("CUDA_VISIBLE_DEVICES");
  const support::EnvironmentVariable path("PATH", directory.path().string() + ":" + ::getenv("PATH"));
  EXPECT_EQ(detect_gpus(), (Devices{"0", "1"}));
}

}  // namespace
}  // namespace torc::runner
