#pragma once

#include <memory>
#include <string_view>

namespace re2 {
class RE2;
}

namespace torc::workflow_file {

/// A regular expression over names, in RE2's syntax, which is that of Rust's regex crate as far as names need it. A
/// search takes time in proportion to the text, whatever the expression; one that needs too much memory is refused.
class Pattern {
 public:
  /// @throws base::Error that says what is wrong with the expression
  explicit Pattern(std::string_view expression);
  ~Pattern();

  /// Whether some part of `text` matches.
  bool found_in(std::string_view text) const;

 private:
  std::unique_ptr<re2::RE2> m_expression;
};

}  // namespace torc::workflow_file
