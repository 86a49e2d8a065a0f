#include "workflow_file/node.hpp"

#include "torc/base/strings.hpp"

namespace torc::workflow_file {
namespace {

/// A key as one step of a JSON pointer (RFC 6901).
std::string escaped(const std::string& key) {
  return base::replace_all(base::replace_all(key, "~", "~0"), "/", "~1");
}

std::string pointer(const Node& node) {
  std::string result;
  for (const Node* at = &node; at->parent != nullptr; at = at->parent) {
    const bool in_list = at->parent->kind == Node::Kind::list;
    const std::string step = in_list ? std::to_string(at->index) : shown(escaped(at->parent->members[at->index].key));
    result.insert(0, "/" + step);
  }
  return result;
}

}  // namespace

const Node* Node::find(std::string_view key) const {
  for (const auto& member : members) {
    if (member.key == key) {
      return member.value->kind == Kind::null ? nullptr : member.value;
    }
  }
  return nullptr;
}

std::string shown(std::string_view text) {
  constexpr std::size_t k_shown = 100;
  std::string cut(text.substr(0, k_shown));
  if (text.size() > k_shown) {
    // Do not cut within a character.
    while (!cut.empty() && (static_cast<unsigned char>(cut.back()) & 0xC0U) == 0x80) {
      cut.pop_back();
    }
    cut.replace(cut.empty() ? 0 : cut.size() - 1, 1, "...");
  }
  return base::replace_all(base::printable(cut), "\n", "\\n");
}

std::string where(const Document& document, const Node& node) {
  if (!document.is_json) {
    return fmt::format("{}:{}", document.name, node.line);
  }
  const std::string path = pointer(node);
  return path.empty() ? document.name : document.name + ": " + path;
}

std::string describe(const Node& node) {
  switch (node.kind) {
    case Node::Kind::null:
      return "nothing";
    case Node::Kind::boolean:
      return "the boolean " + node.text;
    case Node::Kind::integer:
    case Node::Kind::real:
      return "the number " + shown(node.text);
    case Node::Kind::text:
      return "the text '" + shown(node.text) + "'";
    case Node::Kind::list:
      return "a list";
    case Node::Kind::map:
      return "a map";
  }
  return {};
}

void fail(const Document& document, const Node& node, std::string_view message) {
  throw base::Error(where(document, node) + ": " + std::string(message));
}

}  // namespace torc::workflow_file
