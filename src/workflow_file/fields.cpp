#include "workflow_file/fields.hpp"

#include <algorithm>

#include "torc/base/strings.hpp"

namespace torc::workflow_file {
namespace {

bool contains(std::span<const std::string_view> keys, std::string_view key) {
  return std::find(keys.begin(), keys.end(), key) != keys.end();
}

[[noreturn]] void fail_unknown_key(const Document& document, const Node& value, const std::string& key,
                                   const Keys& keys) {
  const std::vector<std::string> allowed(keys.allowed.begin(), keys.allowed.end());
  const auto meant = key.size() <= 100 ? base::closest(key, allowed) : std::nullopt;
  fail(document, value, "unknown key '{}' in {}{}; allowed are {}", shown(key), keys.what,
       meant ? fmt::format(" (did you mean '{}'?)", *meant) : "", base::join(allowed, ", "));
}

void refuse_blank(const Document& document, const Node& node, std::string_view key, const std::string& text) {
  if (base::trim(text).empty()) {
    fail(document, node, "'{}' must not be empty", key);
  }
}

/// "a, b or c"
std::string alternatives(std::span<const std::string_view> choices) {
  std::string result;
  for (std::size_t i = 0; i < choices.size(); ++i) {
    result += i == 0 ? "" : i + 1 == choices.size() ? " or " : ", ";
    result += choices[i];
  }
  return result;
}

}  // namespace

std::int64_t integer_of(const Document& document, const Node& node, std::string_view key, std::int64_t minimum,
                        std::int64_t maximum) {
  const auto number = node.kind == Node::Kind::integer ? base::parse_int(node.text) : std::nullopt;
  if (!number) {
    fail(document, node, "'{}' must be an integer of at most 64 bits, found {}", key, describe(node));
  }
  if (*number < minimum) {
    fail(document, node, "'{}' must be at least {}, found {}", key, minimum, *number);
  }
  if (*number > maximum) {
    fail(document, node, "'{}' must be at most {}, found {}", key, maximum, *number);
  }
  return *number;
}

const std::string& text_of(const Document& document, const Node& node, std::string_view key) {
  if (node.kind != Node::Kind::text) {
    const bool scalar =
        node.kind == Node::Kind::boolean || node.kind == Node::Kind::integer || node.kind == Node::Kind::real;
    fail(document, node, "'{}' must be a text, found {}{}", key, describe(node),
         scalar ? fmt::format(" (write it in quotes: \"{}\")", shown(node.text)) : "");
  }
  if (node.text.find('\0') != std::string::npos) {
    fail(document, node, "'{}' contains a NUL byte", key);
  }
  return node.text;
}

Fields::Fields(const Document& document, const Node& node, const Keys& keys)
    : m_document(document), m_node(node), m_keys(keys) {
  if (node.kind != Node::Kind::map) {
    fail(document, node, "{} must be a map, found {}", keys.what, describe(node));
  }
  for (const auto& member : node.members) {
    if (contains(keys.not_yet, member.key)) {
      fail(document, *member.value, "'{}' is not supported yet", member.key);
    }
    if (!contains(keys.allowed, member.key)) {
      fail_unknown_key(document, *member.value, member.key, keys);
    }
  }
}

const Node& Fields::required(std::string_view key) const {
  const Node* value = find(key);
  if (value == nullptr) {
    fail(m_document, m_node, "'{}' is missing in {}", key, m_keys.what);
  }
  return *value;
}

std::string Fields::required_text(std::string_view key) const {
  const Node& value = required(key);
  const std::string& result = text_of(m_document, value, key);
  refuse_blank(m_document, value, key, result);
  return result;
}

std::optional<std::string> Fields::text(std::string_view key) const {
  const Node* value = find(key);
  return value == nullptr ? std::nullopt : std::optional(text_of(m_document, *value, key));
}

std::optional<bool> Fields::boolean(std::string_view key) const {
  const Node* value = find(key);
  if (value == nullptr) {
    return std::nullopt;
  }
  if (value->kind != Node::Kind::boolean) {
    fail(m_document, *value, "'{}' must be true or false, found {}", key, describe(*value));
  }
  return value->text == "true";
}

std::optional<std::int64_t> Fields::integer(std::string_view key, std::int64_t minimum, std::int64_t maximum) const {
  const Node* value = find(key);
  return value == nullptr ? std::nullopt : std::optional(integer_of(m_document, *value, key, minimum, maximum));
}

std::optional<std::string> Fields::choice(std::string_view key, std::span<const std::string_view> choices) const {
  const auto value = text(key);
  if (value && !contains(choices, *value)) {
    fail(m_document, *find(key), "'{}' must be {}, found '{}'", key, alternatives(choices), shown(*value));
  }
  return value;
}

std::int64_t Fields::required_integer(std::string_view key, std::int64_t minimum) const {
  required(key);
  return *integer(key, minimum);
}

std::span<const Node::Member> Fields::list(std::string_view key) const {
  const Node* value = find(key);
  if (value == nullptr) {
    return {};
  }
  if (value->kind != Node::Kind::list) {
    fail(m_document, *value, "'{}' must be a list, found {}", key, describe(*value));
  }
  return value->members;
}

std::vector<std::string> Fields::texts(std::string_view key) const {
  const auto members = list(key);
  std::vector<std::string> result;
  result.reserve(members.size());
  for (const auto& member : members) {
    result.push_back(text_of(m_document, *member.value, key));
    refuse_blank(m_document, *member.value, key, result.back());
  }
  return result;
}

}  // namespace torc::workflow_file
