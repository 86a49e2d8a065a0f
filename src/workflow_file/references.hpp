#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace torc::workflow_file {

/// `${files.input.NAME}` or `${files.output.NAME}` in a command: is replaced by the path of the file NAME, which the
/// job reads or writes. Names of shell variables contain no dots, so no expression of the shell is mistaken for a
/// reference.
struct Reference {
  enum class Section { files, user_data };

  Section section{Section::files};
  bool is_output{false};
  std::string_view name{};  ///< Part of the text.
  std::size_t begin{0};
  std::size_t end{0};  ///< Position after the closing brace.
};

/// The references in `text`, in order. `text` must outlive them.
std::vector<Reference> find_references(std::string_view text);

}  // namespace torc::workflow_file
