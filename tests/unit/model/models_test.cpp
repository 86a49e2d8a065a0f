#include "torc/model/models.hpp"

#include <set>

#include <gtest/gtest.h>

#include "torc/model/completions.hpp"
#include "torc/model/json.hpp"
#include "torc/model/relationships.hpp"
#include "torc/model/summary.hpp"

namespace torc::model {
namespace {

using nlohmann::json;

/// Gives each field a unique value, so that swapped fields are detected.
class Fill {
 public:
  template <typename Member>
  void operator()(const char*, Member& member) {
    set(member);
  }

 private:
  void set(std::int64_t& value) { value = ++m_count; }
  void set(double& value) { value = ++m_count + 0.5; }
  void set(bool& value) { value = true; }
  void set(std::string& value) { value = "text " + std::to_string(++m_count); }
  void set(json& value) { value = json{{"number", ++m_count}}; }
  void set(JobStatus& value) { value = k_job_statuses[static_cast<std::size_t>(++m_count) % k_job_statuses.size()]; }
  template <detail::Model T>
  void set(T& value) {
    value.visit(*this);
  }
  template <typename T>
  void set(std::vector<T>& value) {
    value.resize(3);
    for (T& item : value) {
      set(item);
    }
  }
  template <typename T>
  void set(std::optional<T>& value) {
    set(value.emplace());
  }

  int m_count{0};
};

template <typename Model>
std::set<std::string> field_names() {
  std::set<std::string> names;
  const Model model{};
  model.visit([&](const char* name, const auto&) { EXPECT_TRUE(names.insert(name).second) << name; });
  return names;
}

template <typename Model>
class EveryModel : public ::testing::Test {};

using Models =
    ::testing::Types<Workflow, WorkflowStatus, Completion, ComputeNodeSchedule, Job, ResourceRequirements, Result,
                     ComputeNode, ComputeNodesResources, File, UserData, Event, RemoteWorker, ScheduledComputeNode,
                     ServerVersion, Heartbeat, Summary, ReadyJobRequirements, JobCompletion, CompletionError,
                     CompletedJobs, JobDependency, FileRelationship, UserDataRelationship>;
TYPED_TEST_SUITE(EveryModel, Models);

TYPED_TEST(EveryModel, RoundTripsThroughJsonWithAllFields) {
  TypeParam model{};
  Fill fill;
  model.visit(fill);
  const json document = to_json(model);
  std::set<std::string> names;
  for (const auto& [name, value] : document.items()) {
    names.insert(name);
  }
  EXPECT_EQ(names, field_names<TypeParam>());
  // Through text, as on the wire.
  EXPECT_EQ(to_json(from_json<TypeParam>(parse_json(dump_json(document)))), document);
}

TYPED_TEST(EveryModel, RoundTripsWithoutOptionalFields) {
  const json document = to_json(TypeParam{});
  EXPECT_EQ(to_json(from_json<TypeParam>(document)), document);
}

TYPED_TEST(EveryModel, AcceptsNullForAnAbsentField) {
  json document = to_json(TypeParam{});
  for (const auto& name : field_names<TypeParam>()) {
    document.emplace(name, nullptr);  // if it is absent
  }
  EXPECT_EQ(to_json(from_json<TypeParam>(document)), to_json(TypeParam{}));
}

TYPED_TEST(EveryModel, NamesEachFieldOfTheWrongType) {
  TypeParam model{};
  Fill fill;
  model.visit(fill);
  const json good = to_json(model);
  for (const auto& [name, value] : good.items()) {
    if (value.is_object()) {
      continue;  // free JSON
    }
    json bad = good;
    bad[name] = json{{"an", "object"}};
    try {
      from_json<TypeParam>(bad);
      ADD_FAILURE() << name << ": no error";
    } catch (const JsonError& error) {
      EXPECT_EQ(error.field(), name) << error.what();
      EXPECT_EQ(error.reason(), JsonError::Reason::wrong_type);
    }
  }
}

}  // namespace
}  // namespace torc::model
