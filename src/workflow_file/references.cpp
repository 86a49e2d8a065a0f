#include "workflow_file/references.hpp"

#include <array>
#include <utility>

namespace torc::workflow_file {
namespace {

struct Form {
  std::string_view start;
  Reference::Section section;
  bool is_output;
};

constexpr std::array<Form, 4> k_forms{{{"${files.input.", Reference::Section::files, false},
                                       {"${files.output.", Reference::Section::files, true},
                                       {"${user_data.input.", Reference::Section::user_data, false},
                                       {"${user_data.output.", Reference::Section::user_data, true}}};

}  // namespace

std::vector<Reference> find_references(std::string_view text) {
  std::vector<Reference> found;
  for (std::size_t at = text.find("${"); at != std::string_view::npos; at = text.find("${", at)) {
    const std::size_t begin = at;
    at += 2;
    for (const auto& form : k_forms) {
      const std::size_t name = begin + form.start.size();
      const std::size_t close =
          text.substr(begin).starts_with(form.start) ? text.find('}', name) : std::string_view::npos;
      if (close != std::string_view::npos) {
        at = close + 1;
        found.push_back({form.section, form.is_output, text.substr(name, close - name), begin, at});
        break;
      }
    }
  }
  return found;
}

}  // namespace torc::workflow_file
