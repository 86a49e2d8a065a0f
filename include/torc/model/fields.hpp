#pragma once

// TORC_FIELDS lists the fields of a model once:
//
//   struct File {
//     std::optional<Id> id;
//     std::string name;
//     std::optional<double> mtime;
//
//     TORC_FIELDS(id, name, keyed("st_mtime", mtime));
//   };
//
// It generates the member function `visit`, which calls a visitor with the key and the member of each field, in the
// listed order: visitor("id", id), visitor("name", name), visitor("st_mtime", mtime). The JSON mapping (json.hpp) and
// the SQL mapping (store) use it. Listing a name that is not a member is a compile error at that line; a member that is
// not listed is neither read nor written.

#include <array>
#include <cstddef>

namespace torc::model {

/// A field whose key is not the member's name.
template <typename Member>
struct Keyed {
  const char* key;
  Member& member;
};

template <typename Member>
constexpr Keyed<Member> keyed(const char* key, Member& member) {
  return {key, member};
}

namespace detail {

/// A longer list is a compile error.
inline constexpr std::size_t k_max_fields = 64;

/// The stringified list of fields, split at its commas, except commas inside the parentheses of `keyed`.
template <std::size_t Size>
class FieldNames {
 public:
  consteval explicit FieldNames(const char (&list)[Size]) {
    std::size_t field = 0;
    int depth = 0;
    for (std::size_t i = 0; i < Size; ++i) {
      depth += list[i] == '(' ? 1 : list[i] == ')' ? -1 : 0;
      const bool is_end = list[i] == ',' && depth == 0;
      m_text[i] = is_end ? '\0' : list[i];
      if (is_end) {
        m_starts[++field] = i + 2;  // A stringified list has one space after each comma.
      }
    }
  }

#ifndef __clang__  // GCC 12 does not see the NULs in the array and warns about unterminated strings.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wstringop-overread"
#endif
  constexpr const char* operator[](std::size_t field) const {
    return m_text.data() + m_starts[field];
  }
#ifndef __clang__
#pragma GCC diagnostic pop
#endif

 private:
  std::array<char, Size> m_text{};
  std::array<std::size_t, k_max_fields> m_starts{};
};

template <typename Visitor, typename Member>
void visit_field(const char* name, Visitor& visitor, Member& member) {
  visitor(name, member);
}

template <typename Visitor, typename Member>
void visit_field(const char* /*text*/, Visitor& visitor, Keyed<Member>& field) {
  visitor(field.key, field.member);
}

template <typename Names, typename Visitor, typename... Fields>
void visit_fields(const Names& names, Visitor& visitor, Fields&&... fields) {
  std::size_t next = 0;
  (visit_field(names[next++], visitor, fields), ...);
}

}  // namespace detail
}  // namespace torc::model

#define TORC_FIELDS(...)                                                      \
  template <typename Visitor>                                                 \
  void visit(Visitor&& visitor) {                                             \
    ::torc::model::detail::visit_fields(k_field_names, visitor, __VA_ARGS__); \
  }                                                                           \
  template <typename Visitor>                                                 \
  void visit(Visitor&& visitor) const {                                       \
    ::torc::model::detail::visit_fields(k_field_names, visitor, __VA_ARGS__); \
  }                                                                           \
  static constexpr bool k_model = true;                                       \
  static constexpr auto k_field_names = ::torc::model::detail::FieldNames(#__VA_ARGS__)
