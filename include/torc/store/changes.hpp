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
/// @returns false if `text` is not a severity
bool parse(std::string_view text, Severity& severity);

/// A change of a workflow, for clients that follow its events.
struct Notice {
  Id workflow_id{0};
  std::int64_t timestamp{0};  ///< Milliseconds since 1970
  std::string type{};         ///< "job_started"
  Severity severity{Severity::info};
  nlohmann::json data{};
};

/// What the changes made over one connection mean for clients that wait for them. The functions of the store record it
/// while they change the database; the caller takes it after the commit. The sets may contain workflows whose changes
/// were rolled back; `notices` does not, if `forget_after` is called.
struct Changes {
  std::set<Id> claimable{};       ///< Workflows in which jobs may have become claimable.
  std::set<Id> ended{};           ///< Workflows that may have ended: complete or canceled.
  std::set<Id> deleted{};         ///< Deleted workflows.
  std::vector<Notice> notices{};  ///< In chronological order; recorded only while there are listeners.

  /// The number of listeners for notices; null if there never are any. Must outlive the connection.
  const std::atomic<int>* listeners{nullptr};
  bool wanted() const { return listeners != nullptr && listeners->load(std::memory_order_relaxed) > 0; }

  /// Drops all but the first `count` notices, because they were rolled back.
  void forget_after(std::size_t count) { notices.resize(count); }
};

}  // namespace torc::store
