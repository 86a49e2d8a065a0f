#include "workflow_file/read_json.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "workflow_file/tree_builder.hpp"

namespace torc::workflow_file {
namespace {

/// Turns the parser's events into nodes. The names are nlohmann's.
class JsonHandler : public nlohmann::json_sax<nlohmann::json> {
 public:
  JsonHandler(Document& document, std::string_view text) : m_builder(document), m_name(document.name), m_text(text) {}

  bool null() override { return scalar(Node::Kind::null, {}); }
  bool boolean(bool value) override { return scalar(Node::Kind::boolean, value ? "true" : "false"); }
  bool number_integer(number_integer_t value) override { return scalar(Node::Kind::integer, std::to_string(value)); }
  bool number_unsigned(number_unsigned_t value) override { return scalar(Node::Kind::integer, std::to_string(value)); }
  bool number_float(number_float_t, const string_t& text) override { return scalar(Node::Kind::real, text); }
  bool string(string_t& value) override { return scalar(Node::Kind::text, std::move(value)); }
  bool binary(binary_t&) override { return false; }
  bool start_object(std::size_t) override { return scalar(Node::Kind::map, {}); }
  bool start_array(std::size_t) override { return scalar(Node::Kind::list, {}); }

  bool key(string_t& value) override {
    m_builder.key(std::move(value), 0);
    return true;
  }

  bool end_object() override {
    m_builder.close();
    return true;
  }

  bool end_array() override { return end_object(); }

  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception& error) override {
    // "[json.exception.parse_error.101] parse error at line 1, column 2: syntax error while ... - WHAT": WHAT only.
    std::string what = error.what();
    if (const auto dash = what.find(" - "); dash != std::string::npos) {
      what.erase(0, dash + 3);
    } else if (const auto end = what.find("] "); end != std::string::npos) {
      what.erase(0, end + 2);
    }
    const auto end = m_text.begin() + static_cast<std::ptrdiff_t>(std::min(position, m_text.size()));
    const auto line = 1 + std::count(m_text.begin(), end == m_text.begin() ? end : end - 1, '\n');
    throw base::Error(fmt::format("{}:{}: invalid JSON: {}", m_name, line, what));
  }

 private:
  bool scalar(Node::Kind kind, std::string text) {
    m_builder.add(kind, 0, std::move(text));
    return true;
  }

  TreeBuilder m_builder;
  const std::string& m_name;
  std::string_view m_text;
};

}  // namespace

Document read_json(std::string_view text, const std::string& name) {
  Document document{.name = name, .is_json = true};
  JsonHandler handler(document, text);
  nlohmann::json::sax_parse(text.begin(), text.end(), &handler);
  return document;
}

}  // namespace torc::workflow_file
