#pragma once

#include <memory>
#include <string_view>

namespace re2 {
class RE2;
}

namespace torc::workflow_file {

/// A regular expression for names, in RE2's syntax, which for names is the same as that of Rust's regex crate. The time
/// of a search is proportional to the text for every expression; expressions that need too much memory are rejected.
class Pattern {
 public:
  /// @throws base::Error that describes what is wrong with the expression
  explicit Pattern(std::string_view expression);
  ~Pattern();

  /// Whether any part of `text` matches.
  bool found_in(std::string_view text) const;

 private:
  std::unique_ptr<re2::RE2> m_expression;
};

}  // namespace torc::workflow_file
