#include "runner/jobs/monitor_config.hpp"

#include <gtest/gtest.h>

namespace torc::runner {
namespace {

using Detail = MonitorConfig::Detail;

MonitorConfig monitoring(const std::string& text) {
  model::Workflow workflow;
  workflow.resource_monitor_config = text;
  return monitor_config_of(workflow);
}

TEST(MonitorConfigTest, IsParsedFromTheWorkflow) {
  const auto config = monitoring(
      R"({"enabled":true,"granularity":"summary","sample_interval_seconds":3,"generate_plots":true,
          "jobs":{"enabled":true,"granularity":"time_series"},"compute_node":{"enabled":true,"granularity":"summary"}})");
  EXPECT_EQ(config.jobs, Detail::time_series);
  EXPECT_EQ(config.node, Detail::summary);
  EXPECT_EQ(config.interval, std::chrono::seconds(3));
  EXPECT_TRUE(config.generate_plots);
  EXPECT_TRUE(config.records());
  EXPECT_EQ(monitoring(R"({"enabled":true,"compute_node":null})").jobs, Detail::summary) << "as in older files";
}

TEST(MonitorConfigTest, OmitsUnwantedValuesOfTheMachine) {
  const auto all = monitoring(R"({"compute_node":{"enabled":true}})");
  EXPECT_TRUE(all.node_cpu && all.node_memory);
  const auto memory = monitoring(R"({"compute_node":{"enabled":true,"cpu":false}})");
  EXPECT_EQ(memory.node, Detail::summary);
  EXPECT_FALSE(memory.node_cpu);
  EXPECT_TRUE(memory.node_memory);
  EXPECT_EQ(monitoring(R"({"compute_node":{"enabled":true,"cpu":false,"memory":false}})").node, Detail::off);
}

TEST(MonitorConfigTest, IsOffIfInvalid) {
  for (const char* const text : {"", "nonsense", "[]", "{}", R"({"jobs":{"enabled":"yes"}})"}) {
    EXPECT_EQ(monitoring(text).jobs, Detail::off) << text;
    EXPECT_FALSE(monitoring(text).records()) << text;
  }
  EXPECT_EQ(monitoring(R"({"sample_interval_seconds":-5})").interval, std::chrono::seconds(1));
}

}  // namespace
}  // namespace torc::runner
