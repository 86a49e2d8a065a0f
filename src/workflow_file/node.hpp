#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "torc/base/error.hpp"

namespace torc::workflow_file {

/// Limits of a file, so that no file of moderate size can exhaust memory or stack.
inline constexpr std::size_t k_max_file_bytes = 256U << 20U;
inline constexpr int k_max_depth = 64;
inline constexpr std::int64_t k_max_nodes = 20'000'000;  ///< Aliases count as the values that they refer to.

/// One value of a workflow file, the same for YAML and JSON. Owned by its Document; never changes once read.
struct Node {
  enum class Kind { null, boolean, integer, real, text, list, map };

  struct Member {
    std::string key;  ///< Empty in a list.
    const Node* value{nullptr};
  };

  Kind kind{Kind::null};
  int line{0};             ///< From 1; 0 for JSON, where errors name the pointer instead.
  std::uint32_t index{0};  ///< Index of this node among the members of `parent`.
  const Node* parent{nullptr};
  /// Number of values in this node and below it; aliases count as the values that they refer to.
  std::int64_t weight{1};
  std::string text{};  ///< Text of a scalar, as written.
  std::vector<Member> members{};

  /// The value of a key, or nullptr if it is absent or null.
  const Node* find(std::string_view key) const;
};

/// A file read into nodes. The nodes live as long as the document and do not move.
struct Document {
  std::string name;  ///< Name of the file in errors.
  bool is_json{false};
  std::deque<Node> nodes{};
  const Node* root{nullptr};
};

/// "FILE:LINE" (YAML) or "FILE: /pointer" (JSON).
std::string where(const Document& document, const Node& node);

/// "the number 5", "the text 'abc'", "a list", ..., for messages with "found ...".
std::string describe(const Node& node);

/// A text of the file for a message: shortened if it is long, with control characters as \xNN.
std::string shown(std::string_view text);

/// Ends reading with an error.
/// @throws base::Error "FILE:LINE: MESSAGE"
[[noreturn]] void fail(const Document& document, const Node& node, std::string_view message);

template <typename... Args>
[[noreturn]] void fail(const Document& document, const Node& node, fmt::format_string<Args...> format,
                       Args&&... args) requires(sizeof...(Args) > 0) {
  fail(document, node, std::string_view(fmt::format(format, std::forward<Args>(args)...)));
}

}  // namespace torc::workflow_file
