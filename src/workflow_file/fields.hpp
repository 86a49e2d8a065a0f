#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "workflow_file/node.hpp"

namespace torc::workflow_file {

/// The highest exit code of a job; one that a signal ended has 128 and the signal's number.
inline constexpr std::int64_t k_max_exit_code = 255;

/// What one kind of map may hold.
struct Keys {
  const char* what;  ///< "a job": for messages.
  std::span<const std::string_view> allowed;
  std::span<const std::string_view> not_yet{};  ///< Known, but refused as "not supported yet".
};

/// Typed access to the keys of one map. Every function throws base::Error with the place where a value is of the wrong
/// type; absent keys and nulls give nothing.
class Fields {
 public:
  /// Refuses a node that is no map, and keys that do not belong there.
  Fields(const Document& document, const Node& node, const Keys& keys);

  const Document& document() const { return m_document; }
  const Node& node() const { return m_node; }
  const Node* find(std::string_view key) const { return m_node.find(key); }

  /// A text that must be there and not be blank.
  std::string required_text(std::string_view key) const;
  std::optional<std::string> text(std::string_view key) const;
  std::optional<bool> boolean(std::string_view key) const;
  std::optional<std::int64_t> integer(std::string_view key, std::int64_t minimum,
                                      std::int64_t maximum = std::numeric_limits<std::int64_t>::max()) const;
  std::int64_t required_integer(std::string_view key, std::int64_t minimum) const;
  /// One of the texts in `choices`.
  std::optional<std::string> choice(std::string_view key, std::span<const std::string_view> choices) const;
  /// A list of texts, none of them blank.
  std::vector<std::string> texts(std::string_view key) const;
  /// The members of a list, or nothing.
  std::span<const Node::Member> list(std::string_view key) const;

 private:
  const Node& required(std::string_view key) const;

  const Document& m_document;
  const Node& m_node;
  const Keys& m_keys;
};

/// The number of a node that is a whole one; `key` is for the message.
/// @throws base::Error where it is none, or not within the bounds
std::int64_t integer_of(const Document& document, const Node& node, std::string_view key, std::int64_t minimum,
                        std::int64_t maximum);

/// The text of a scalar node that is a text; `key` is for the message.
/// @throws base::Error where it is none, or holds a NUL byte
const std::string& text_of(const Document& document, const Node& node, std::string_view key);

}  // namespace torc::workflow_file
