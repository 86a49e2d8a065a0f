#include "workflow_file/pattern.hpp"

#include <re2/re2.h>

#include <fmt/format.h>

#include "torc/base/error.hpp"
#include "torc/base/printable.hpp"
#include "torc/base/strings.hpp"

namespace torc::workflow_file {
namespace {

constexpr std::size_t k_shown = 100;  ///< Maximum number of bytes of an expression in an error.

}  // namespace

Pattern::Pattern(std::string_view expression) {
  RE2::Options options;
  options.set_log_errors(false);  // The thrown error contains the message.
  m_expression = std::make_unique<RE2>(re2::StringPiece(expression.data(), expression.size()), options);
  if (!m_expression->ok()) {
    throw base::Error(fmt::format("'{}' is not a valid regular expression: {}",
                                  base::printable_line(expression.substr(0, k_shown)),
                                  m_expression->error().substr(0, k_shown)));
  }
}

Pattern::~Pattern() = default;

bool Pattern::found_in(std::string_view text) const {
  return RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), *m_expression);
}

}  // namespace torc::workflow_file
