#include "workflow_file/parameters.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>

#include "torc/base/strings.hpp"
#include "workflow_file/fields.hpp"

namespace torc::workflow_file {
namespace {

/// The shortest decimal text that reads back as `number`, never with an exponent: 0.1, 1, 100000000000000000000.
std::string plain_decimal(double number) {
  std::array<char, 512> buffer{};
  const auto result = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number, std::chars_format::fixed);
  return {buffer.data(), result.ptr};
}

Value integer_value(std::int64_t number) {
  return {.kind = Value::Kind::integer, .integer = number, .text = std::to_string(number)};
}

Value real_value(double number) {
  return {.kind = Value::Kind::real, .real = number, .text = plain_decimal(number)};
}

Value parse_value(std::string_view text) {
  if (const auto integer = base::parse_int(text)) {
    return integer_value(*integer);
  }
  if (const auto real = base::parse_double(text)) {
    return real_value(*real);
  }
  return {.text = std::string(text)};
}

/// Number of digits after the decimal point; std::nullopt if the text has an exponent.
std::optional<int> decimals(std::string_view text) {
  if (text.find_first_of("eE") != std::string_view::npos) {
    return std::nullopt;
  }
  const auto point = text.find('.');
  return point == std::string_view::npos ? 0 : static_cast<int>(text.size() - point - 1);
}

void check_count(double count, std::string_view text) {
  if (count >= static_cast<double>(k_max_expanded) + 1) {
    throw ParameterError(fmt::format("the range '{}' has more than {} values", shown(text), k_max_expanded));
  }
  if (count < 1) {
    throw ParameterError(fmt::format("the range '{}' is empty", shown(text)));
  }
}

std::vector<Value> integer_range(std::int64_t first, std::int64_t last, std::int64_t step, std::string_view text) {
  // As doubles, because the difference may not fit into 64 bits.
  const double count =
      std::floor((static_cast<double>(last) - static_cast<double>(first)) / static_cast<double>(step)) + 1;
  check_count(count, text);
  std::vector<Value> values;
  std::int64_t number = first;
  while (step > 0 ? number <= last : number >= last) {
    values.push_back(integer_value(number));
    if (__builtin_add_overflow(number, step, &number)) {
      break;
    }
  }
  return values;
}

std::vector<Value> real_range(double first, double last, double step, std::optional<int> digits,
                              std::string_view text) {
  // The end is included if only a rounding error separates the last value from it.
  const double count = std::floor((last - first) / step + 1e-9) + 1;
  check_count(count, text);
  std::vector<Value> values;
  for (std::int64_t i = 0; i < static_cast<std::int64_t>(count); ++i) {
    double number = first + static_cast<double>(i) * step;
    if (digits && *digits <= 17) {
      // 3 * 0.1 is 0.30000000000000004, so values are rounded to the number of digits in the range.
      number = base::parse_double(fmt::format("{:.{}f}", number, *digits)).value_or(number);
    }
    values.push_back(real_value(number == 0 ? 0 : number));
  }
  return values;
}

std::vector<Value> parse_range(std::string_view text) {
  std::vector<std::string> parts = base::split(text, ':');
  if (parts.size() > 3) {
    throw ParameterError(fmt::format("'{}' is not a range (expected START:END or START:END:STEP)", shown(text)));
  }
  std::vector<std::optional<std::int64_t>> integers;
  std::vector<double> reals;
  std::optional<int> digits = 0;
  for (auto& part : parts) {
    part = std::string(base::trim(part));
    integers.push_back(base::parse_int(part));
    const auto real = base::parse_double(part);
    if (!real) {
      throw ParameterError(
          fmt::format("'{}' in the range '{}' is not a number (write a text with a colon as a list: "
                      "\"['{}']\")",
                      shown(part), shown(text), shown(text)));
    }
    reals.push_back(*real);
    const auto own = decimals(part);
    digits = own && digits ? std::optional(std::max(*own, *digits)) : std::nullopt;
  }
  if (parts.size() == 3 && reals[2] == 0) {
    throw ParameterError(fmt::format("the step of the range '{}' must not be zero", shown(text)));
  }
  const bool whole = std::all_of(integers.begin(), integers.end(), [](const auto& value) { return value.has_value(); });
  if (whole) {
    return integer_range(*integers[0], *integers[1], parts.size() == 3 ? *integers[2] : 1, text);
  }
  return real_range(reals[0], reals[1], parts.size() == 3 ? reals[2] : 1, digits, text);
}

/// Takes one item of a list from the front of `rest`, up to the next comma or the end.
Value take_item(std::string_view& rest, std::string_view whole) {
  rest = base::trim(rest);
  if (rest.starts_with('\'') || rest.starts_with('"')) {
    const auto end = rest.find(rest.front(), 1);
    if (end == std::string_view::npos) {
      throw ParameterError(fmt::format("a quote is not closed in the list '{}'", shown(whole)));
    }
    Value value{.text = std::string(rest.substr(1, end - 1))};
    rest = base::trim(rest.substr(end + 1));
    if (!rest.empty() && rest.front() != ',') {
      throw ParameterError(
          fmt::format("a comma is missing after '{}' in the list '{}'", shown(value.text), shown(whole)));
    }
    return value;
  }
  const auto end = rest.find(',');
  const std::string_view item = base::trim(rest.substr(0, end));
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end);
  if (item.empty()) {
    throw ParameterError(fmt::format("a value is missing in the list '{}'", shown(whole)));
  }
  if (item.find_first_of("[]") != std::string_view::npos) {
    throw ParameterError(fmt::format("nested lists are not supported: '{}'", shown(whole)));
  }
  return parse_value(item);
}

std::vector<Value> parse_list(std::string_view text) {
  if (!text.ends_with(']') || text.size() < 2) {
    throw ParameterError(fmt::format("the list '{}' does not end with ']'", shown(text)));
  }
  std::vector<Value> values;
  std::string_view rest = base::trim(text.substr(1, text.size() - 2));
  if (rest.empty()) {
    throw ParameterError(fmt::format("the list '{}' is empty", shown(text)));
  }
  for (;;) {
    values.push_back(take_item(rest, text));
    if (rest.empty()) {
      return values;
    }
    rest.remove_prefix(1);
  }
}

/// The one or two digits of a format such as "03d" (mark 'd') or ".4f" (mark 'f'); std::nullopt for other texts.
std::optional<int> format_digits(std::string_view format, char first, char mark) {
  if (format.size() < 3 || format.size() > 4 || format.front() != first || format.back() != mark) {
    return std::nullopt;
  }
  const std::string_view digits = format.substr(1, format.size() - 2);
  if (digits.find_first_not_of("0123456789") != std::string_view::npos) {
    return std::nullopt;
  }
  const auto number = base::parse_int(digits);
  return number ? std::optional(static_cast<int>(*number)) : std::nullopt;
}

/// The replacement of `{name:format}`; std::nullopt if the format is not valid.
std::optional<std::string> formatted(const Value& value, std::string_view name, std::string_view format) {
  const auto width = format_digits(format, '0', 'd');
  const auto places = format_digits(format, '.', 'f');
  if (!width && !places) {
    return std::nullopt;
  }
  if (value.kind == Value::Kind::text) {
    return value.text;
  }
  if (places) {
    const double number = value.kind == Value::Kind::integer ? static_cast<double>(value.integer) : value.real;
    return fmt::format("{:.{}f}", number, *places);
  }
  if (value.kind == Value::Kind::real) {
    throw ParameterError(fmt::format("'{{{}:{}}}' requires integers, but the parameter '{}' has the value {}", name,
                                     format, name, value.text));
  }
  return fmt::format("{:0{}}", value.integer, *width);
}

}  // namespace

std::vector<Value> parse_values(std::string_view text) {
  const std::string_view trimmed = base::trim(text);
  if (trimmed.starts_with('[')) {
    return parse_list(trimmed);
  }
  if (trimmed.find(':') != std::string_view::npos) {
    return parse_range(trimmed);
  }
  if (trimmed.empty()) {
    throw ParameterError("the parameter has no value");
  }
  return {parse_value(trimmed)};
}

Value written_value(std::string_view text) {
  Value value = parse_value(text);
  value.text = std::string(text);
  return value;
}

std::vector<Parameter> parse_parameters(const Document& document, const Node& map) {
  if (map.kind != Node::Kind::map) {
    fail(document, map, "'parameters' must be a map, found {}", describe(map));
  }
  std::vector<Parameter> parameters;
  for (const auto& member : map.members) {
    if (member.key.empty() || member.key.find_first_of("{}:") != std::string::npos) {
      fail(document, *member.value, "'{}' is not a valid parameter name", shown(member.key));
    }
    if (member.value->kind != Node::Kind::text) {
      fail(document, *member.value, "the parameter '{}' must be a text such as \"1:10\" or \"[1,5]\", found {}",
           shown(member.key), describe(*member.value));
    }
    try {
      parameters.push_back({member.key, parse_values(text_of(document, *member.value, member.key))});
    } catch (const ParameterError& error) {
      fail(document, *member.value, "parameter '{}': {}", shown(member.key), error.what());
    }
  }
  return parameters;
}

Combinations::Combinations(std::vector<Parameter> parameters, bool zip)
    : m_parameters(std::move(parameters)), m_strides(m_parameters.size(), 1), m_zip(zip) {
  if (m_parameters.empty()) {
    return;
  }
  if (m_zip) {
    m_count = static_cast<std::int64_t>(m_parameters.front().values.size());
    for (const auto& parameter : m_parameters) {
      if (static_cast<std::int64_t>(parameter.values.size()) != m_count) {
        throw ParameterError(
            fmt::format("zip requires the same number of values for each parameter, but '{}' has {} and '{}' has {}",
                        m_parameters.front().name, m_count, parameter.name, parameter.values.size()));
      }
    }
    return;
  }
  for (std::size_t i = m_parameters.size(); i-- > 0;) {
    m_strides[i] = m_count;
    // Both factors are at most k_max_expanded + 1, so the product does not overflow.
    m_count = std::min(m_count * static_cast<std::int64_t>(m_parameters[i].values.size()), k_max_expanded + 1);
  }
}

const Value* Combinations::find(std::string_view name, std::int64_t combination) const {
  for (std::size_t i = 0; i < m_parameters.size(); ++i) {
    const auto& [own_name, values] = m_parameters[i];
    if (own_name == name) {
      const std::int64_t step = m_zip ? combination : combination / m_strides[i];
      return &values[static_cast<std::size_t>(step) % values.size()];
    }
  }
  return nullptr;
}

std::string Combinations::substitute(std::string_view text, std::int64_t combination) const {
  std::string result;
  for (;;) {
    const auto open = text.find('{');
    result += text.substr(0, open);
    if (open == std::string_view::npos || m_parameters.empty()) {
      return open == std::string_view::npos ? result : result.append(text.substr(open));
    }
    text.remove_prefix(open);
    const auto end = text.find_first_of("{}", 1);
    if (end == std::string_view::npos) {
      return result.append(text);
    }
    const std::string_view inside = text.substr(1, end - 1);
    const auto colon = text[end] == '}' ? inside.find(':') : std::string_view::npos;
    const Value* value = text[end] == '}' ? find(inside.substr(0, colon), combination) : nullptr;
    const auto replacement = value == nullptr ? std::nullopt
                             : colon == std::string_view::npos
                                 ? std::optional(value->text)
                                 : formatted(*value, inside.substr(0, colon), inside.substr(colon + 1));
    if (replacement) {
      result += *replacement;
      text.remove_prefix(end + 1);
    } else {
      // May be a brace of the shell: it stays, and the text after it is searched again.
      result += '{';
      text.remove_prefix(1);
    }
  }
}

std::string Combinations::names() const {
  std::string result;
  for (const auto& parameter : m_parameters) {
    result += (result.empty() ? "{" : ", {") + parameter.name + "}";
  }
  return result;
}

}  // namespace torc::workflow_file
