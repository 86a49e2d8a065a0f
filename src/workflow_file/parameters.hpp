#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "workflow_file/node.hpp"

namespace torc::workflow_file {

/// The most jobs, and the most files, that one workflow file may expand to.
inline constexpr std::int64_t k_max_expanded = 1'000'000;
/// The most bytes that the expanded jobs and files may hold.
inline constexpr std::int64_t k_max_expanded_bytes = 512LL << 20U;

/// What is wrong with parameters, without the place in the file: that the caller adds.
class ParameterError : public base::Error {
 public:
  using base::Error::Error;
};

/// One value of a parameter: what `{p}` becomes, and the number for `{p:03d}` and `{p:.4f}`.
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

/// A value of a list that somebody else wrote: `{p}` is that very text ("007", "1.10"), but a number for the formats.
Value written_value(std::string_view text);

/// The parameters of one map, in its order.
std::vector<Parameter> parse_parameters(const Document& document, const Node& map);

/// All the ways to choose one value of each parameter: the product, in which the first parameter changes slowest, or
/// the first values together, then the second ones (zip).
class Combinations {
 public:
  /// Without parameters there is one combination.
  /// @throws ParameterError where zip meets parameters of unequal length
  Combinations(std::vector<Parameter> parameters, bool zip);

  /// How many; at most one more than k_max_expanded.
  std::int64_t count() const { return m_count; }
  bool empty() const { return m_parameters.empty(); }

  /// `text` with every `{p}`, `{p:0Nd}`, `{p:.Nf}` of a known parameter replaced. Anything else in braces stays.
  /// @throws ParameterError where `{p:0Nd}` meets a number that is not whole
  std::string substitute(std::string_view text, std::int64_t combination) const;

  /// "{a}, {b}": for messages.
  std::string names() const;

 private:
  const Value* find(std::string_view name, std::int64_t combination) const;

  std::vector<Parameter> m_parameters;
  std::vector<std::int64_t> m_strides{};  ///< Product only: how many combinations one value of each lasts.
  bool m_zip;
  std::int64_t m_count{1};
};

}  // namespace torc::workflow_file
