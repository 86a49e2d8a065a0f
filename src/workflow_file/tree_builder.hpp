#pragma once

#include <string>
#include <unordered_set>
#include <vector>

#include "workflow_file/node.hpp"

namespace torc::workflow_file {

/// Puts the events of a parser together to nodes, within the limits of node.hpp. Every function throws base::Error
/// where the file goes beyond them or repeats a key.
class TreeBuilder {
 public:
  explicit TreeBuilder(Document& document) : m_document(document) {}

  /// Adds a value at the place the events have reached; a list or map stays open until `close`.
  const Node& add(Node::Kind kind, int line, std::string text = {});
  /// Adds a value that stands elsewhere already.
  /// @param line  Where the alias stands.
  void add_alias(const Node& target, int line);
  /// Names the next value of the open map.
  void key(std::string name, int line);
  /// Ends the open list or map; a map gets the keys of the maps under its "<<", if it has one.
  void close();

  /// Whether an open map waits for its next key.
  bool wants_key() const;
  bool is_open(const Node& node) const;

 private:
  struct Level {
    Node* node{nullptr};
    std::string key{};
    int key_line{0};
    bool has_key{false};
    std::unordered_set<std::string> seen{};  ///< The keys so far; filled only once they are many.
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
