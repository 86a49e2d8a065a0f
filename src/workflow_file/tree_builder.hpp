#pragma once

#include <string>
#include <unordered_set>
#include <vector>

#include "workflow_file/node.hpp"

namespace torc::workflow_file {

/// Builds nodes from the events of a parser, within the limits of node.hpp. Every function throws base::Error if the
/// file exceeds a limit or repeats a key.
class TreeBuilder {
 public:
  explicit TreeBuilder(Document& document) : m_document(document) {}

  /// Adds a value to the innermost open list or map; a new list or map stays open until `close`.
  const Node& add(Node::Kind kind, int line, std::string text = {});
  /// Adds an alias: a value that exists already.
  /// @param line  Line of the alias.
  void add_alias(const Node& target, int line);
  /// Sets the key of the open map's next value.
  void key(std::string name, int line);
  /// Closes the innermost list or map; a map with "<<" gets the keys of the maps there.
  void close();

  /// Whether the innermost open value is a map that expects a key.
  bool wants_key() const;
  bool is_open(const Node& node) const;

 private:
  struct Level {
    Node* node{nullptr};
    std::string key{};
    int key_line{0};
    bool has_key{false};
    std::unordered_set<std::string> seen{};  ///< The keys so far; only filled once there are many.
  };

  void attach(const Node& value);
  void count(std::int64_t weight, int line);
  void merge(Node& map);
  [[noreturn]] void fail_at(int line, std::string_view message) const;

  Document& m_document;
  std::vector<Level> m_open{};
  std::int64_t m_total{0};
};

}  // namespace torc::workflow_file
