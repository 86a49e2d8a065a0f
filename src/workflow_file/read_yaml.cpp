#include "workflow_file/read_yaml.hpp"

#include <algorithm>
#include <charconv>
#include <sstream>
#include <unordered_map>

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include "torc/base/strings.hpp"
#include "workflow_file/tree_builder.hpp"

namespace torc::workflow_file {
namespace {

constexpr std::string_view k_core_tag = "tag:yaml.org,2002:";

bool is_digits(std::string_view text, std::string_view digits) {
  return !text.empty() && text.find_first_not_of(digits) == std::string_view::npos;
}

/// Converts 0x1F and 0o17 to decimal text; removes a plus sign from other numbers.
std::string decimal(std::string_view text) {
  const int base = text.starts_with("0x") ? 16 : text.starts_with("0o") ? 8 : 10;
  if (base == 10) {
    return std::string(text.starts_with('+') ? text.substr(1) : text);
  }
  std::uint64_t value = 0;
  const auto result = std::from_chars(text.data() + 2, text.data() + text.size(), value, base);
  return result.ec == std::errc{} ? std::to_string(value) : std::string(text);
}

bool is_integer(std::string_view text) {
  if (text.starts_with("0x")) {
    return is_digits(text.substr(2), "0123456789abcdefABCDEF");
  }
  if (text.starts_with("0o")) {
    return is_digits(text.substr(2), "01234567");
  }
  return is_digits(text.substr(text.starts_with('-') || text.starts_with('+') ? 1 : 0), "0123456789");
}

bool is_real(std::string_view text) {
  if (text.starts_with('-') || text.starts_with('+')) {
    text.remove_prefix(1);
  }
  if (text == ".inf" || text == ".Inf" || text == ".INF" || text == ".nan" || text == ".NaN" || text == ".NAN") {
    return true;
  }
  const auto exponent = text.find_first_of("eE");
  if (exponent != std::string_view::npos) {
    std::string_view power = text.substr(exponent + 1);
    if (!is_digits(power.substr(power.starts_with('-') || power.starts_with('+') ? 1 : 0), "0123456789")) {
      return false;
    }
    text = text.substr(0, exponent);
  }
  const auto point = text.find('.');
  const std::string_view whole = text.substr(0, point);
  const std::string_view fraction = point == std::string_view::npos ? std::string_view{} : text.substr(point + 1);
  return (is_digits(whole, "0123456789") && (fraction.empty() || is_digits(fraction, "0123456789"))) ||
         (whole.empty() && is_digits(fraction, "0123456789"));
}

Node::Kind kind_of_plain(std::string_view text) {
  if (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL") {
    return Node::Kind::null;
  }
  if (text == "true" || text == "True" || text == "TRUE" || text == "false" || text == "False" || text == "FALSE") {
    return Node::Kind::boolean;
  }
  if (is_integer(text)) {
    return Node::Kind::integer;
  }
  return is_real(text) ? Node::Kind::real : Node::Kind::text;
}

/// Turns the parser's events into nodes. The names are yaml-cpp's.
class YamlHandler : public YAML::EventHandler {
 public:
  explicit YamlHandler(Document& document) : m_document(document), m_builder(document) {}

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (m_started) {
      fail_at(mark, "the file contains more than one YAML document");
    }
    m_started = true;
  }

  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override { scalar(mark, anchor, Node::Kind::null, {}); }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = m_anchors.find(anchor);
    if (m_builder.wants_key() || found == m_anchors.end()) {
      fail_at(mark, "an alias cannot be a key");
    }
    if (m_builder.is_open(*found->second)) {
      fail_at(mark, "an alias refers to a value that contains it");
    }
    m_builder.add_alias(*found->second, line(mark));
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    // "?" is a plain scalar without a tag, "!" a quoted one.
    if (tag == "?" || tag.empty()) {
      scalar(mark, anchor, kind_of_plain(value), value);
    } else if (tag == "!" || tag == std::string(k_core_tag) + "str") {
      scalar(mark, anchor, Node::Kind::text, value);
    } else {
      check_core_tag(mark, tag);
      scalar(mark, anchor, kind_of_plain(value), value);
    }
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, Node::Kind::list);
  }

  void OnSequenceEnd() override { m_builder.close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, Node::Kind::map);
  }

  void OnMapEnd() override { m_builder.close(); }

 private:
  static int line(const YAML::Mark& mark) { return mark.line + 1; }

  [[noreturn]] void fail_at(const YAML::Mark& mark, std::string_view message) const {
    throw base::Error(fmt::format("{}:{}: {}", m_document.name, line(mark), message));
  }

  void check_core_tag(const YAML::Mark& mark, const std::string& tag) const {
    if (!tag.empty() && tag != "?" && tag != "!" && !tag.starts_with(k_core_tag)) {
      fail_at(mark, fmt::format("the tag '{}' is not supported", shown(tag)));
    }
  }

  void scalar(const YAML::Mark& mark, YAML::anchor_t anchor, Node::Kind kind, const std::string& value) {
    if (m_builder.wants_key()) {
      if (kind == Node::Kind::null) {
        fail_at(mark, "a key is missing before ':'");
      }
      m_builder.key(value, line(mark));
      return;
    }
    std::string text = kind == Node::Kind::integer ? decimal(value) : value;
    if (kind == Node::Kind::boolean) {
      text = base::to_lower(value);
    }
    remember(anchor, m_builder.add(kind, line(mark), std::move(text)));
  }

  void open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, Node::Kind kind) {
    check_core_tag(mark, tag);
    if (m_builder.wants_key()) {
      fail_at(mark, "a key must be a text, found a list or a map");
    }
    remember(anchor, m_builder.add(kind, line(mark)));
  }

  void remember(YAML::anchor_t anchor, const Node& node) {
    if (anchor != 0) {
      m_anchors[anchor] = &node;
    }
  }

  Document& m_document;
  TreeBuilder m_builder;
  std::unordered_map<YAML::anchor_t, const Node*> m_anchors{};
  bool m_started{false};
};

/// Whether line `number` (from 0) is indented with a tab, for which yaml-cpp's message is unhelpful.
bool tab_indents(std::string_view text, int number) {
  for (; number > 0 && !text.empty(); --number) {
    text.remove_prefix(std::min(text.find('\n'), text.size() - 1) + 1);
  }
  return text.substr(0, text.find_first_not_of(" \t")).find('\t') != std::string_view::npos;
}

}  // namespace

Document read_yaml(std::string_view text, const std::string& name) {
  Document document{.name = name};
  YamlHandler handler(document);
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(handler)) {
    }
  } catch (const YAML::Exception& error) {
    if (tab_indents(text, error.mark.line)) {
      throw base::Error(
          fmt::format("{}:{}: the indentation contains a tab; YAML requires spaces", name, error.mark.line + 1));
    }
    throw base::Error(fmt::format("{}:{}: invalid YAML: {}", name, error.mark.line + 1, error.msg));
  }
  return document;
}

}  // namespace torc::workflow_file
