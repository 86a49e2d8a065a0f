#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include <nlohmann/json.hpp>

#include "torc/base/error.hpp"
#include "torc/base/json_template.hpp"

namespace torc::model {

/// JSON that does not match its model. The message names the field and the expected type.
class JsonError : public base::Error {
 public:
  enum class Reason { missing_field, wrong_type };

  JsonError(Reason reason, std::string field, std::string message)
      : base::Error(std::move(message)), m_reason(reason), m_field(std::move(field)) {}

  Reason reason() const noexcept { return m_reason; }
  const std::string& field() const noexcept { return m_field; }

 private:
  Reason m_reason;
  std::string m_field;
};

/// Parses a JSON text. Nesting deeper than 64 levels, invalid UTF-8 and trailing bytes are errors.
/// @throws JsonError
nlohmann::json parse_json(std::string_view text);

/// `value` as text. Invalid UTF-8 (in a job's output in an event, for example) is replaced and does not throw.
std::string dump_json(const nlohmann::json& value, int indent = -1);

namespace detail {

template <typename T>
struct IsOptional : std::false_type {};
template <typename T>
struct IsOptional<std::optional<T>> : std::true_type {};
template <typename T>
struct IsVector : std::false_type {};
template <typename T>
struct IsVector<std::vector<T>> : std::true_type {};

template <typename T>
concept Model = requires {
  T::k_model;
};

[[noreturn]] void throw_missing(const char* field);
[[noreturn]] void throw_wrong_type(const char* field, const char* expected, const nlohmann::json& found);

std::int64_t read_int(const char* field, const nlohmann::json& value);
double read_double(const char* field, const nlohmann::json& value);
bool read_bool(const char* field, const nlohmann::json& value);
const std::string& read_string(const char* field, const nlohmann::json& value);

template <typename T>
T read_value(const char* field, const nlohmann::json& value);

template <typename T>
nlohmann::json json_of(const T& value);

}  // namespace detail

/// Converts a JSON object to a model. Unknown fields are ignored; null counts as absent for optional fields.
/// @throws JsonError
template <detail::Model T>
T from_json(const nlohmann::json& value) {
  if (!value.is_object()) {
    detail::throw_wrong_type("body", "an object", value);
  }
  T result;
  result.visit([&](const char* name, auto& member) {
    using Member = std::decay_t<decltype(member)>;
    const auto it = value.find(name);
    const bool absent = it == value.end() || it->is_null();
    if constexpr (std::is_same_v<Member, nlohmann::json>) {
      if (it != value.end()) {
        member = *it;
      }
    } else if constexpr (detail::IsOptional<Member>::value) {
      if (!absent) {
        member = detail::read_value<typename Member::value_type>(name, *it);
      }
    } else {
      if (absent) {
        detail::throw_missing(name);
      }
      member = detail::read_value<Member>(name, *it);
    }
  });
  return result;
}

template <detail::Model T>
nlohmann::json to_json(const T& model);

/// Converts a JSON array to models.
template <detail::Model T>
nlohmann::json to_json(const std::vector<T>& models) {
  nlohmann::json result = nlohmann::json::array();
  for (const auto& model : models) {
    result.push_back(to_json(model));
  }
  return result;
}

/// Converts a model to a JSON object; absent optionals are omitted.
template <detail::Model T>
nlohmann::json to_json(const T& model) {
  nlohmann::json result = nlohmann::json::object();
  model.visit([&](const char* name, const auto& member) {
    using Member = std::decay_t<decltype(member)>;
    if constexpr (!detail::IsOptional<Member>::value) {
      result[name] = detail::json_of(member);
    } else if (member) {
      result[name] = detail::json_of(*member);
    }
  });
  return result;
}

template <typename T>
nlohmann::json detail::json_of(const T& value) {
  if constexpr (std::is_enum_v<T>) {
    return to_string(value);
  } else if constexpr (requires { to_json(value); }) {
    return to_json(value);
  } else {
    return value;
  }
}

namespace detail {

void append_string(std::string& out, std::string_view text);
void append_double(std::string& out, double number);

template <typename T>
void append_value(std::string& out, const T& value);

}  // namespace detail

/// Appends the JSON text of a model, with the fields in listed order. The content is that of `to_json`, without
/// building the object in memory.
template <detail::Model T>
void append_json(std::string& out, const T& model) {
  out += '{';
  bool first = true;
  model.visit([&](const char* name, const auto& member) {
    if constexpr (detail::IsOptional<std::decay_t<decltype(member)>>::value) {
      if (!member) {
        return;
      }
    }
    out += first ? "\"" : ",\"";
    first = false;
    out += name;
    out += "\":";
    detail::append_value(out, member);
  });
  out += '}';
}

/// Appends a JSON array of models.
template <detail::Model T>
void append_json(std::string& out, const std::vector<T>& models) {
  detail::append_value(out, models);
}

namespace detail {

template <typename T>
void append_value(std::string& out, const T& value) {
  if constexpr (IsOptional<T>::value) {
    append_value(out, *value);
  } else if constexpr (IsVector<T>::value) {
    out += '[';
    for (std::size_t i = 0; i < value.size(); ++i) {
      if (i != 0) {
        out += ',';
      }
      append_value(out, value[i]);
    }
    out += ']';
  } else if constexpr (std::is_same_v<T, nlohmann::json>) {
    out += dump_json(value);
  } else if constexpr (std::is_same_v<T, bool>) {
    out += value ? "true" : "false";
  } else if constexpr (std::is_enum_v<T>) {
    append_string(out, to_string(value));
  } else if constexpr (std::is_integral_v<T>) {
    out += std::to_string(value);
  } else if constexpr (std::is_floating_point_v<T>) {
    append_double(out, value);
  } else if constexpr (std::is_same_v<T, std::string>) {
    append_string(out, value);
  } else {
    append_json(out, value);
  }
}

template <typename T>
T read_value(const char* field, const nlohmann::json& value) {
  if constexpr (std::is_same_v<T, nlohmann::json>) {
    return value;
  } else if constexpr (std::is_same_v<T, bool>) {
    return read_bool(field, value);
  } else if constexpr (std::is_same_v<T, std::int64_t>) {
    return read_int(field, value);
  } else if constexpr (std::is_same_v<T, double>) {
    return read_double(field, value);
  } else if constexpr (std::is_same_v<T, std::string>) {
    return read_string(field, value);
  } else if constexpr (std::is_enum_v<T>) {
    T result{};
    if (!parse(read_string(field, value), result)) {
      throw_wrong_type(field, "one of the known names", value);
    }
    return result;
  } else if constexpr (IsVector<T>::value) {
    if (!value.is_array()) {
      throw_wrong_type(field, "an array", value);
    }
    T result;
    result.reserve(value.size());
    for (const auto& item : value) {
      result.push_back(read_value<typename T::value_type>(field, item));
    }
    return result;
  } else {
    return from_json<T>(value);
  }
}

}  // namespace detail
}  // namespace torc::model
