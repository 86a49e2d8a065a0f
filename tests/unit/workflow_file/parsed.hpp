#pragma once

// Shared by the tests of the file's sections.

#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <vector>

#include "torc/base/error.hpp"
#include "torc/workflow_file/workflow_description.hpp"

namespace torc::workflow_file {

using Texts = std::vector<std::string>;

inline WorkflowDescription yaml(const std::string& text) {
  return parse_workflow(text, Format::yaml, "wf.yaml");
}

/// The error for an invalid file.
inline std::string message_of(const std::string& text, Format format = Format::yaml,
                              const std::string& name = "wf.yaml") {
  try {
    parse_workflow(text, format, name);
  } catch (const base::Error& error) {
    return error.what();
  }
  return "no error";
}

/// An invalid file and the expected error.
struct Case {
  std::string label;
  std::string text;
  std::string message;
};

inline void PrintTo(const Case& value, std::ostream* out) {
  *out << value.label;
}

inline std::string label_of(const testing::TestParamInfo<Case>& info) {
  return info.param.label;
}

}  // namespace torc::workflow_file
