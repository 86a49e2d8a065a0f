#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "workflow_file/node.hpp"

namespace torc::workflow_file {

/// Maximum number of jobs, and of files, after the expansion of one workflow file.
inline constexpr std::int64_t k_max_expanded = 1'000'000;
/// Maximum size of the expanded jobs and files in bytes.
inline constexpr std::int64_t k_max_expanded_bytes = 512LL << 20U;

/// An error in parameters, without the place in the file, which the caller adds.
class ParameterError : public base::Error {
 public:
  using base::Error::Error;
};

/// One value of a parameter: the replacement of `{p}`, and the number for `{p:03d}` and `{p:.4f}`.
struct Value {
  enum class Kind { integer, real, text };

  Kind kind{Kind::text};
  std::int64_t integer{0};
  double real{0};
  std::string text{};
};

struct Parameter {
  std::string name{};
  std::vector<Value> values{};
};

/// The values of a range ("1:10", "0:100:10", "0.0:1.0:0.1"), a list ("[1,5]", "['a','b']") or a single value.
/// @throws ParameterError
std::vector<Value> parse_values(std::string_view text);

/// A value from a file of values: `{p}` is replaced by the unchanged text ("007", "1.10"), while formats use it as a
/// number.
Value written_value(std::string_view text);

/// The parameters of one map, in its order.
std::vector<Parameter> parse_parameters(const Document& document, const Node& map);

/// All combinations of parameter values: the product, in which the first parameter changes slowest, or the first values
/// of all parameters, then the second ones, and so on (zip).
class Combinations {
 public:
  /// Without parameters there is one combination.
  /// @throws ParameterError if parameters for zip have different numbers of values
  Combinations(std::vector<Parameter> parameters, bool zip);

  /// Number of combinations, at most k_max_expanded + 1.
  std::int64_t count() const { return m_count; }
  bool empty() const { return m_parameters.empty(); }

  /// Returns `text` with every `{p}`, `{p:0Nd}` and `{p:.Nf}` of a known parameter replaced. Other text in braces stays
  /// unchanged.
  /// @throws ParameterError if `{p:0Nd}` is used with a value that is not an integer
  std::string substitute(std::string_view text, std::int64_t combination) const;

  /// "{a}, {b}", for messages.
  std::string names() const;

 private:
  const Value* find(std::string_view name, std::int64_t combination) const;

  std::vector<Parameter> m_parameters;
  /// Product only: for each parameter, the number of successive combinations with the same value.
  std::vector<std::int64_t> m_strides{};
  bool m_zip;
  std::int64_t m_count{1};
};

}  // namespace torc::workflow_file
