#pragma once

#include <atomic>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "torc/model/models.hpp"

namespace torc::store {

using model::Id;

enum class Severity { debug, info, warning, error };
const char* to_string(Severity severity);
/// False where `text` names none.
bool parse(std::string_view text, Severity& severity);

/// Something that happened to a workflow, for those who follow its events.
struct Notice {
  Id workflow_id{0};
  std::int64_t timestamp{0};  ///< Milliseconds since 1970
  std::string type{};         ///< "job_started"
  Severity severity{Severity::info};
  nlohmann::json data{};
};

/// What the changes made over one connection mean to those who wait for them. The functions of the store note it while
/// they change the database; who commits takes it. What was rolled back may stand in the sets, never in `notices`, if
/// `forget_after` is called.
struct Changes {
  std::set<Id> claimable{};       ///< Workflows in which there may be something to claim that was not there before.
  std::set<Id> ended{};           ///< Workflows that may be over now: complete or canceled.
  std::set<Id> deleted{};         ///< Workflows that are gone.
  std::vector<Notice> notices{};  ///< In the order they happened; only while there are listeners.

  /// The number of listeners for notices; null: there never are any. Must outlive the connection.
  const std::atomic<int>* listeners{nullptr};
  bool wanted() const { return listeners != nullptr && listeners->load(std::memory_order_relaxed) > 0; }

  /// Drops the notices from the `count`-th on: they were rolled back.
  void forget_after(std::size_t count) { notices.resize(count); }
};

}  // namespace torc::store
