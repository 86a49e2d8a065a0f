#include "torc/model/json.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

namespace torc::model {
namespace {

constexpr int k_max_depth = 64;
/// Far more digits than any 64-bit number needs.
constexpr int k_max_number = 1000;
/// Values take many times more memory than text such as "[[],[],": a gigabyte of it could use up all memory.
constexpr std::int64_t k_max_values = 32'000'000;
constexpr std::size_t k_max_message = 300;

[[noreturn]] void throw_invalid(const std::string& why) {
  throw JsonError(JsonError::Reason::wrong_type, "body", why);
}

/// Rejects text that the parser would take long to parse or recurse into too deeply. This bounds time and stack for any
/// input of a client.
void check_shape(std::string_view text) {
  int depth = 0;
  int number = 0;
  std::int64_t values = 1;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool is_digit = !in_string && c >= '0' && c <= '9';
    number = is_digit ? number + 1 : 0;
    if (number > k_max_number) {
      throw_invalid(fmt::format("JSON has a number of more than {} digits", k_max_number));
    }
    if (in_string) {
      if (c == '\\') {
        ++i;
      } else if (c == '"') {
        in_string = false;
      }
    } else if (c == '"') {
      in_string = true;
    } else if (c == ',' && ++values > k_max_values) {
      throw_invalid(fmt::format("JSON has more than {} values", k_max_values));
    } else if (c == '{' || c == '[') {
      ++values;
      if (++depth > k_max_depth) {
        throw_invalid(fmt::format("JSON is nested more than {} levels deep", k_max_depth));
      }
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
}

}  // namespace

nlohmann::json parse_json(std::string_view text) {
  check_shape(text);
  try {
    return nlohmann::json::parse(text);
  } catch (const nlohmann::json::exception& error) {
    // Drop the library's error number: "[json.exception.parse_error.101] parse error at line 1, column 2: ...".
    std::string message = error.what();
    if (const auto end = message.find("] "); end != std::string::npos) {
      message.erase(0, end + 2);
    }
    // The message contains the last token, which may be most of the text.
    if (message.size() > k_max_message) {
      message.resize(k_max_message);
      message += "...";
    }
    throw_invalid("invalid JSON: " + message);
  }
}

std::string dump_json(const nlohmann::json& value, int indent) {
  return value.dump(indent, ' ', false, nlohmann::json::error_handler_t::replace);
}

namespace detail {

void throw_missing(const char* field) {
  throw JsonError(JsonError::Reason::missing_field, field, fmt::format("missing field `{}`", field));
}

void throw_wrong_type(const char* field, const char* expected, const nlohmann::json& found) {
  std::string shown = dump_json(found);
  if (shown.size() > 60) {
    shown.resize(57);
    shown += "...";
  }
  throw JsonError(JsonError::Reason::wrong_type, field,
                  fmt::format("field `{}`: expected {}, found {}", field, expected, shown));
}

std::int64_t read_int(const char* field, const nlohmann::json& value) {
  if (value.is_number_unsigned()) {
    if (value.get<std::uint64_t>() > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
      throw_wrong_type(field, "a 64-bit integer", value);
    }
    return value.get<std::int64_t>();
  }
  if (!value.is_number_integer()) {
    throw_wrong_type(field, "a 64-bit integer", value);
  }
  return value.get<std::int64_t>();
}

double read_double(const char* field, const nlohmann::json& value) {
  if (!value.is_number()) {
    throw_wrong_type(field, "a number", value);
  }
  const auto number = value.get<double>();
  if (!std::isfinite(number)) {
    throw_wrong_type(field, "a finite number", value);
  }
  return number;
}

bool read_bool(const char* field, const nlohmann::json& value) {
  if (!value.is_boolean()) {
    throw_wrong_type(field, "true or false", value);
  }
  return value.get<bool>();
}

const std::string& read_string(const char* field, const nlohmann::json& value) {
  if (!value.is_string()) {
    throw_wrong_type(field, "a string", value);
  }
  const auto& text = value.get_ref<const std::string&>();
  // A NUL would cut off a command or a path.
  if (text.find('\0') != std::string::npos) {
    throw_wrong_type(field, "a string without NUL characters", value);
  }
  return text;
}

void append_string(std::string& out, std::string_view text) {
  const auto is_plain = [](char c) { return c >= ' ' && c < 0x7f && c != '"' && c != '\\'; };
  if (std::all_of(text.begin(), text.end(), is_plain)) {
    out += '"';
    out += text;
    out += '"';
  } else {
    // Leave escapes and invalid UTF-8 to the library.
    out += dump_json(nlohmann::json(std::string{text}));
  }
}

void append_double(std::string& out, double number) {
  out += dump_json(nlohmann::json(number));
}

}  // namespace detail
}  // namespace torc::model
