#pragma once

// SQL with named job statuses: "... WHERE status = {ready}"_sql, "... AND status IN {unfinished}"_sql.
//
// The numbers are spliced into the text when the program is compiled; an unknown name is a compile error. They are never
// bound as parameters: SQLite uses a partial index (jobs_ready, jobs_unfinished, jobs_at_work) only if the statement
// itself contains the condition of the index.

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>

#include "torc/model/job_status.hpp"

namespace torc::store {

/// A string literal as a template argument.
template <std::size_t Size>
struct SqlLiteral {
  // NOLINTNEXTLINE(google-explicit-constructor): a literal operator takes the literal itself.
  consteval SqlLiteral(const char (&literal)[Size]) { std::copy_n(literal, Size, text.begin()); }
  constexpr std::string_view view() const { return {text.data(), Size - 1}; }

  std::array<char, Size> text{};
};

namespace detail {

class SqlBuilder {
 public:
  /// The literal with each `{name}` replaced. Passed by value: with the undefined behaviour sanitizer GCC 12 cannot
  /// evaluate std::string_view::find on the template argument itself.
  template <std::size_t Size>
  consteval explicit SqlBuilder(SqlLiteral<Size> literal) {
    std::string_view sql = literal.view();
    for (auto open = sql.find('{'); open != std::string_view::npos; open = sql.find('{')) {
      const auto close = sql.find('}', open);
      append(sql.substr(0, open));
      append_statuses(sql.substr(open + 1, close - open - 1));
      sql.remove_prefix(close + 1);
    }
    append(sql);
  }

  consteval std::size_t size() const { return m_size; }
  consteval char operator[](std::size_t index) const { return m_text[index]; }

 private:
  consteval void append(std::string_view text) {
    for (const char c : text) {
      m_text[m_size++] = c;
    }
  }

  consteval void append_number(model::JobStatus status) {
    const int number = static_cast<int>(status);
    if (number >= 10) {
      m_text[m_size++] = static_cast<char>('0' + number / 10);
    }
    m_text[m_size++] = static_cast<char>('0' + number % 10);
  }

  template <typename Predicate>
  consteval void append_list(Predicate is_member) {
    std::string_view separator = "(";
    for (const auto status : model::k_job_statuses) {
      if (is_member(status)) {
        append(separator);
        append_number(status);
        separator = ", ";
      }
    }
    append(")");
  }

  static consteval model::JobStatus status_named(std::string_view name) {
    for (const auto status : model::k_job_statuses) {
      if (name == model::to_string(status)) {
        return status;
      }
    }
    throw "unknown job status in SQL";  // Only ever shown by the compiler.
  }

  /// Appends the number of a status, or the list of the statuses in a group.
  consteval void append_statuses(std::string_view name) {
    if (name == "final") {
      append_list(model::is_final);
    } else if (name == "unfinished") {
      append_list([](model::JobStatus status) { return !model::is_final(status); });
    } else if (name == "at_work") {
      append_list(model::is_at_work);
    } else {
      append_number(status_named(name));
    }
  }

  std::array<char, 2048> m_text{};
  std::size_t m_size{0};
};

template <SqlLiteral Literal>
consteval auto expanded() {
  constexpr SqlBuilder builder{Literal};
  std::array<char, builder.size()> result{};
  for (std::size_t i = 0; i < result.size(); ++i) {
    result[i] = builder[i];
  }
  return result;
}

template <SqlLiteral Literal>
inline constexpr auto k_expanded = expanded<Literal>();

}  // namespace detail

/// The literal with each `{status}` replaced by its number, and `{final}`, `{unfinished}` and `{at_work}` (pending or
/// running) by the list of their numbers, in parentheses.
template <SqlLiteral Literal>
consteval std::string_view operator""_sql() {
  return {detail::k_expanded<Literal>.data(), detail::k_expanded<Literal>.size()};
}

}  // namespace torc::store
