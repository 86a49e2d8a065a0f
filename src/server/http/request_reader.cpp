#include "server/http/request_reader.hpp"

#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "torc/base/strings.hpp"

namespace torc::server {
namespace {

namespace http = boost::beast::http;
using boost::system::error_code;

/// The shortest end of a chunked body, starting at a chunk's size: "0\r\n\r\n". Once Boost 1.74's parser has seen
/// "0\r\n", it aborts the process (by an assertion) if it is called with fewer bytes, or again with the same ones.
constexpr std::size_t k_shortest_last_chunk = 5;
/// A larger buffer is not kept for the next request.
constexpr std::size_t k_buffer_kept = 256 * 1024;

/// Whether a field in this part of a head continues on the next line. The parser joins such lines but other programs do
/// not, so one might treat as a value what the other treats as a field.
bool is_folded(std::string_view part) {
  return part.find("\r\n ") != std::string_view::npos || part.find("\r\n\t") != std::string_view::npos;
}

std::string_view field_text(boost::beast::string_view text) {
  return {text.data(), text.size()};
}

}  // namespace

RequestReader::RequestReader(std::size_t header_limit, std::size_t body_limit)
    : m_header_limit(header_limit), m_body_limit(body_limit) {}

void RequestReader::begin() {
  m_parser.emplace();
  m_parser->body_limit(m_body_limit);
  m_parser->header_limit(static_cast<std::uint32_t>(m_header_limit));
  m_head_done = false;
  m_is_folded = false;
  m_unfinished = 0;
  m_parsed = 0;
  if (m_buffer.size() == 0 && m_buffer.capacity() > k_buffer_kept) {
    m_buffer = {};
  }
}

void RequestReader::release_memory() {
  m_parser.reset();
  if (m_buffer.size() == 0) {
    m_buffer = {};
  }
}

std::optional<std::size_t> RequestReader::announced_body() const {
  if (m_parser->chunked()) {
    return std::nullopt;
  }
  return static_cast<std::size_t>(m_parser->content_length().value_or(0));
}

bool RequestReader::is_head_request() const {
  return m_parser && m_parser->is_header_done() && m_parser->get().method() == http::verb::head;
}

RequestReader::Progress RequestReader::parse() {
  return m_head_done ? parse_body() : parse_head();
}

RequestReader::Progress RequestReader::parse_head() {
  if (m_buffer.size() == m_unfinished) {
    return Progress::needs_bytes;
  }
  // Not eager: the parser stops after the head. It parses the request line and each field as soon as they are complete.
  error_code error;
  const std::size_t used = m_parser->put(m_buffer.data(), error);
  if (error && error != http::error::need_more) {
    return refuse(error);
  }
  const void* const bytes = m_buffer.data().data();
  m_is_folded = m_is_folded || is_folded({static_cast<const char*>(bytes), used});
  m_buffer.consume(used);
  m_parsed += used;
  m_unfinished = m_buffer.size();
  if (m_parsed + (m_parser->is_header_done() ? 0 : m_unfinished) > m_header_limit) {
    return refuse(http::error::header_limit);
  }
  if (!m_parser->is_header_done()) {
    return Progress::needs_bytes;
  }
  if (auto problem = ambiguity()) {
    return refuse(400, std::move(*problem));
  }
  m_unfinished = 0;
  m_head_done = true;
  m_keeps_alive = m_parser->keep_alive();
  m_parser->eager(true);
  return Progress::head_complete;
}

bool RequestReader::may_parse_on() const {
  if (m_buffer.size() == m_unfinished) {
    return false;
  }
  return m_unfinished == 0 || m_buffer.size() >= k_shortest_last_chunk;
}

RequestReader::Progress RequestReader::parse_body() {
  if (m_parser->is_done()) {
    return Progress::complete;
  }
  if (!may_parse_on()) {
    return Progress::needs_bytes;
  }
  error_code error;
  const std::size_t used = m_parser->put(m_buffer.data(), error);
  m_buffer.consume(used);
  m_parsed += used;
  if (error && error != http::error::need_more) {
    return refuse(error);
  }
  if (m_parser->is_done()) {
    return Progress::complete;
  }
  m_unfinished = m_buffer.size();
  if (m_unfinished > m_header_limit) {
    return refuse(http::error::header_limit);
  }
  if (m_parsed > m_header_limit + m_body_limit) {
    return refuse(http::error::body_limit);
  }
  return Progress::needs_bytes;
}

RequestReader::Progress RequestReader::refuse(int status, std::string message) {
  m_error = {status, std::move(message)};
  return Progress::unreadable;
}

RequestReader::Progress RequestReader::refuse(const error_code& error) {
  if (error == http::error::body_limit) {
    return refuse(413, fmt::format("the body is larger than {} bytes", m_body_limit));
  }
  if (error == http::error::header_limit) {
    return refuse(
        431, fmt::format("the {} larger than {} bytes",
                         m_head_done ? "extensions of a chunk, or the trailers, are" : "header is", m_header_limit));
  }
  return refuse(400, fmt::format("not a valid HTTP request: {}", error.message()));
}

std::optional<std::string> RequestReader::ambiguity() const {
  const auto& message = m_parser->get();
  if (m_is_folded) {
    return "a header field continues on the next line; send it on one line";
  }
  if (message.count(http::field::content_length) > 1 ||
      field_text(message[http::field::content_length]).find(',') != std::string_view::npos) {
    return "the request has more than one Content-Length";
  }
  const auto codings = message.count(http::field::transfer_encoding);
  if (codings == 0) {
    return std::nullopt;
  }
  // Where the body of an unknown coding ends is ambiguous, and its rest could be taken for another request.
  const auto coding = field_text(message[http::field::transfer_encoding]);
  if (codings > 1 || base::to_lower(coding) != "chunked") {
    return fmt::format("Transfer-Encoding '{}' is not supported; send chunked or a Content-Length",
                       base::printable(codings > 1 ? "given more than once" : coding));
  }
  if (message.version() < 11) {
    return "Transfer-Encoding does not exist in HTTP/1.0; send a Content-Length";
  }
  return std::nullopt;
}

}  // namespace torc::server
