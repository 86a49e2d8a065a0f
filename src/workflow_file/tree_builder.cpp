#include "workflow_file/tree_builder.hpp"

#include <algorithm>
#include <utility>

namespace torc::workflow_file {
namespace {

constexpr const char* k_merge_key = "<<";

bool has_member(const std::vector<Node::Member>& members, const std::string& key) {
  return std::any_of(members.begin(), members.end(), [&](const auto& member) { return member.key == key; });
}

}  // namespace

const Node& TreeBuilder::add(Node::Kind kind, int line, std::string text) {
  const bool named = !m_open.empty() && m_open.back().has_key;
  const int at = named ? m_open.back().key_line : line;
  count(1, at);
  Node& node = m_document.nodes.emplace_back();
  node.kind = kind;
  node.line = at;
  node.text = std::move(text);
  if (m_open.empty()) {
    m_document.root = &node;
  } else {
    node.parent = m_open.back().node;
    node.index = static_cast<std::uint32_t>(node.parent->members.size());
    attach(node);
  }
  if (kind == Node::Kind::list || kind == Node::Kind::map) {
    if (m_open.size() >= k_max_depth) {
      fail(m_document, node, "lists and maps are nested more than {} deep", k_max_depth);
    }
    m_open.push_back({.node = &node});
  } else if (!m_open.empty()) {
    m_open.back().node->weight += node.weight;
  }
  return node;
}

void TreeBuilder::add_alias(const Node& target, int line) {
  count(target.weight, line);
  if (m_open.empty()) {
    m_document.root = &target;
    return;
  }
  attach(target);
  m_open.back().node->weight += target.weight;
}

void TreeBuilder::key(std::string name, int line) {
  constexpr std::size_t k_many = 32;
  Level& level = m_open.back();
  const auto& members = level.node->members;
  if (members.size() == k_many) {
    for (const auto& member : members) {
      level.seen.insert(member.key);
    }
  }
  const bool repeated = members.size() < k_many ? has_member(members, name) : !level.seen.insert(name).second;
  level.key_line = line;
  level.key = std::move(name);
  level.has_key = true;
  if (repeated) {
    // The node gives the error its place, including the JSON pointer.
    const std::string message = fmt::format("the key '{}' appears twice in one map", shown(level.key));
    fail(m_document, add(Node::Kind::null, line), std::string_view(message));
  }
}

void TreeBuilder::close() {
  Node& node = *m_open.back().node;
  m_open.pop_back();
  if (node.kind == Node::Kind::map && !m_document.is_json) {
    merge(node);
  }
  if (!m_open.empty()) {
    m_open.back().node->weight += node.weight;
  }
}

bool TreeBuilder::wants_key() const {
  return !m_open.empty() && m_open.back().node->kind == Node::Kind::map && !m_open.back().has_key;
}

bool TreeBuilder::is_open(const Node& node) const {
  return std::any_of(m_open.begin(), m_open.end(), [&](const Level& level) { return level.node == &node; });
}

void TreeBuilder::attach(const Node& value) {
  Level& level = m_open.back();
  level.node->members.push_back({std::move(level.key), &value});
  level.key.clear();
  level.has_key = false;
}

void TreeBuilder::count(std::int64_t weight, int line) {
  m_total += weight;
  if (m_total > k_max_nodes) {
    fail_at(line, fmt::format("the file contains more than {} values (aliases count as the values that they refer to)",
                              k_max_nodes));
  }
}

void TreeBuilder::merge(Node& map) {
  const auto found = std::find_if(map.members.begin(), map.members.end(),
                                  [](const auto& member) { return member.key == k_merge_key; });
  if (found == map.members.end()) {
    return;
  }
  const Node& source = *found->value;
  std::vector<const Node*> maps;
  if (source.kind == Node::Kind::list) {
    for (const auto& item : source.members) {
      maps.push_back(item.value);
    }
  } else {
    maps.push_back(&source);
  }
  map.members.erase(found);
  std::unordered_set<std::string> present;
  for (const auto& member : map.members) {
    present.insert(member.key);
  }
  for (const Node* other : maps) {
    if (other->kind != Node::Kind::map) {
      fail(m_document, source, "'<<' must be a map or a list of maps, found {}", describe(*other));
    }
    // Keys of the map itself, and those added first, take precedence.
    for (const auto& member : other->members) {
      if (present.insert(member.key).second) {
        map.members.push_back(member);
      }
    }
  }
}

void TreeBuilder::fail_at(int line, std::string_view message) const {
  const std::string place = line > 0 ? fmt::format("{}:{}", m_document.name, line) : m_document.name;
  throw base::Error(fmt::format("{}: {}", place, message));
}

}  // namespace torc::workflow_file
