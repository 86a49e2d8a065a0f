#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace torc::workflow_file {

/// `${files.input.NAME}` or `${files.output.NAME}` in a command: stands for the path of the file NAME, which the job
/// reads or writes. No shell has such names for its variables, so nothing of a shell's own is taken for one.
struct Reference {
  enum class Section { files, user_data };

  Section section{Section::files};
  bool is_output{false};
  std::string_view name{};  ///< Part of the text.
  std::size_t begin{0};
  std::size_t end{0};  ///< Behind the closing brace.
};

/// Those in `text`, in its order. `text` must outlive them.
std::vector<Reference> find_references(std::string_view text);

}  // namespace torc::workflow_file
