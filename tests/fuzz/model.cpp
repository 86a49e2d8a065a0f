// JSON to models and back. The first byte selects the model, the rest is the text.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "fuzz/check.hpp"
#include "torc/model/access.hpp"
#include "torc/model/automation.hpp"
#include "torc/model/json.hpp"
#include "torc/model/models.hpp"
#include "torc/model/provenance.hpp"
#include "torc/model/schedulers.hpp"

namespace torc::fuzz {
namespace {

/// Checks that both writers write the same, and that reading it again returns the same model.
template <typename T>
void round_trip(const nlohmann::json& json) {
  const T model = model::from_json<T>(json);
  const auto tree = model::to_json(model);
  std::string text;
  model::append_json(text, model);
  check(model::parse_json(text) == model::parse_json(model::dump_json(tree)), "both writers write the same", text);
  check(model::to_json(model::from_json<T>(tree)) == tree, "reading what was written returns the same model", text);
}

using RoundTrip = void (*)(const nlohmann::json&);

constexpr RoundTrip k_models[] = {
    round_trip<model::Workflow>,
    round_trip<model::WorkflowStatus>,
    round_trip<model::Job>,
    round_trip<model::ResourceRequirements>,
    round_trip<model::Result>,
    round_trip<model::ComputeNode>,
    round_trip<model::ComputeNodesResources>,
    round_trip<model::File>,
    round_trip<model::UserData>,
    round_trip<model::Event>,
    round_trip<model::RemoteWorker>,
    round_trip<model::ScheduledComputeNode>,
    round_trip<model::ServerVersion>,
    round_trip<model::AccessGroup>,
    round_trip<model::GroupMembership>,
    round_trip<model::WorkflowAccessGroup>,
    round_trip<model::FailureHandler>,
    round_trip<model::WorkflowAction>,
    round_trip<model::RoCrateEntity>,
    round_trip<model::SlurmScheduler>,
    round_trip<model::LocalScheduler>,
    round_trip<model::SlurmStats>,
    round_trip<model::Completion>,
};

}  // namespace
}  // namespace torc::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) {
    return 0;
  }
  const std::string_view text{reinterpret_cast<const char*>(data) + 1, size - 1};
  try {
    torc::fuzz::k_models[data[0] % std::size(torc::fuzz::k_models)](torc::model::parse_json(text));
  } catch (const torc::model::JsonError&) {
    // Refused, as it should be.
  }
  return 0;
}
