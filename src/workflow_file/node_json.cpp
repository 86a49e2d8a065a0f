#include "workflow_file/node_json.hpp"

#include <charconv>
#include <cstdint>
#include <string>
#include <system_error>
#include <utility>

#include "torc/base/strings.hpp"
#include "workflow_file/fields.hpp"

namespace torc::workflow_file {
namespace {

nlohmann::json number(const Document& document, const Node& node) {
  const std::string& text = node.text;
  if (const auto integer = base::parse_int(text)) {
    return *integer;
  }
  std::uint64_t large = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), large);
  if (error == std::errc() && end == text.data() + text.size()) {
    return large;
  }
  if (const auto real = base::parse_double(text)) {
    return *real;
  }
  fail(document, node, "{} is too large, or cannot be represented in JSON", describe(node));
}

}  // namespace

nlohmann::json json_of(const Document& document, const Node& node,
                       const std::function<std::string(const std::string&)>& fill) {
  switch (node.kind) {
    case Node::Kind::null:
      return nullptr;
    case Node::Kind::boolean:
      return node.text == "true";
    case Node::Kind::integer:
    case Node::Kind::real:
      return number(document, node);
    case Node::Kind::text:
      return fill(text_of(document, node, "data"));
    case Node::Kind::list:
    case Node::Kind::map:
      break;
  }
  const bool is_map = node.kind == Node::Kind::map;
  nlohmann::json result = is_map ? nlohmann::json::object() : nlohmann::json::array();
  for (const auto& member : node.members) {
    // The reader limits the depth of the recursion.
    nlohmann::json value = json_of(document, *member.value, fill);
    if (is_map) {
      if (member.key.find('\0') != std::string::npos) {
        fail(document, *member.value, "a key in 'data' contains a NUL byte");
      }
      result[member.key] = std::move(value);
    } else {
      result.push_back(std::move(value));
    }
  }
  return result;
}

}  // namespace torc::workflow_file
