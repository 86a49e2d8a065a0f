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

/// The highest exit code of a job; a job ended by signal N has 128 + N.
inline constexpr std::int64_t k_max_exit_code = 255;

/// The keys that one kind of map may contain.
struct Keys {
  const char* what;  ///< "a job": for messages.
  std::span<const std::string_view> allowed;
  std::span<const std::string_view> not_yet{};  ///< Known keys that are rejected as "not supported yet".
};

/// Typed access to the keys of one map. Every function throws base::Error with the place if a value has the wrong type;
/// absent keys and nulls give std::nullopt or an empty value.
class Fields {
 public:
  /// Rejects a node that is not a map, and unknown keys.
  Fields(const Document& document, const Node& node, const Keys& keys);

  const Document& document() const { return m_document; }
  const Node& node() const { return m_node; }
  const Node* find(std::string_view key) const { return m_node.find(key); }

  /// A required text that must not be blank.
  std::string required_text(std::string_view key) const;
  std::optional<std::string> text(std::string_view key) const;
  std::optional<bool> boolean(std::string_view key) const;
  std::optional<std::int64_t> integer(std::string_view key, std::int64_t minimum,
                                      std::int64_t maximum = std::numeric_limits<std::int64_t>::max()) const;
  std::int64_t required_integer(std::string_view key, std::int64_t minimum) const;
  /// A text that must be one of `choices`.
  std::optional<std::string> choice(std::string_view key, std::span<const std::string_view> choices) const;
  /// A list of texts that must not be blank.
  std::vector<std::string> texts(std::string_view key) const;
  /// The members of a list; empty if the key is absent.
  std::span<const Node::Member> list(std::string_view key) const;

 private:
  const Node& required(std::string_view key) const;

  const Document& m_document;
  const Node& m_node;
  const Keys& m_keys;
};

/// The integer in a node; `key` is for the message.
/// @throws base::Error if it is not an integer, or out of range
std::int64_t integer_of(const Document& document, const Node& node, std::string_view key, std::int64_t minimum,
                        std::int64_t maximum);

/// The text in a scalar node; `key` is for the message.
/// @throws base::Error if it is not a text, or contains a NUL byte
const std::string& text_of(const Document& document, const Node& node, std::string_view key);

}  // namespace torc::workflow_file
