#pragma once

// Parses the bytes of a connection as HTTP requests. Includes Boost, so only network files may include this.

#include <cstddef>
#include <optional>
#include <string>

#include <boost/asio/buffer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

namespace torc::server {

/// A request that cannot be read. The connection cannot be used afterwards.
struct Unreadable {
  int status{400};
  std::string message{};
};

/// Parses the requests of one connection in order, and bounds how much memory a request can use: `header` bytes for
/// each part that must be complete to be parsed (request line and fields, a chunk's size with its extensions, the
/// trailers), and `header + body` bytes for the whole request, including framing.
///
/// Use: call `begin`, then `parse` until it returns `complete` or `unreadable`; if it returns `needs_bytes`, put bytes
/// into `prepare` and `commit` them. One thread.
class RequestReader {
 public:
  using Parser = boost::beast::http::request_parser<boost::beast::http::string_body>;
  using Message = boost::beast::http::request<boost::beast::http::string_body>;

  enum class Progress {
    needs_bytes,
    head_complete,  ///< Returned once for each request, before its body is parsed.
    complete,
    unreadable,  ///< See `error`.
  };

  RequestReader(std::size_t header_limit, std::size_t body_limit);

  /// Starts the next request with the bytes that arrived after the last one.
  void begin();
  /// Parses the available bytes. Throws only if memory is exhausted.
  Progress parse();
  const Unreadable& error() const { return m_error; }

  /// Space for `size` more bytes of the connection.
  boost::asio::mutable_buffer prepare(std::size_t size) { return m_buffer.prepare(size); }
  /// Records that the first `count` bytes of that space were filled.
  void commit(std::size_t count) { m_buffer.commit(count); }
  bool has_bytes() const { return m_buffer.size() != 0; }

  /// Valid from `head_complete` until the next `begin` or `release_memory`. After the body was parsed, its fields also
  /// contain the trailers, so read important fields before.
  Message& message() { return m_parser->get(); }
  /// Whether the whole body has arrived.
  bool is_complete() const { return m_parser->is_done(); }
  bool keeps_alive() const { return m_keeps_alive; }
  /// Whether the response must not have a body. False until the head is complete.
  bool is_head_request() const;
  /// The announced size of the body, or nothing if it is chunked. Valid after `head_complete`.
  std::optional<std::size_t> announced_body() const;
  /// The number of bytes of the body that have arrived.
  std::size_t body_size() const { return m_parser->get().body().size(); }

  /// Frees memory that a connection does not need while its request is being handled.
  void release_memory();

 private:
  Progress parse_head();
  Progress parse_body();
  bool may_parse_on() const;
  Progress refuse(int status, std::string message);
  Progress refuse(const boost::system::error_code& error);
  /// Why the head does not determine where the body ends.
  std::optional<std::string> ambiguity() const;

  const std::size_t m_header_limit;
  const std::size_t m_body_limit;
  boost::beast::flat_buffer m_buffer;
  std::optional<Parser> m_parser;
  bool m_head_done{false};
  bool m_is_folded{false};  ///< A field in the head is continued on the next line.
  bool m_keeps_alive{false};
  std::size_t m_unfinished{0};  ///< Bytes at the front of the buffer that the parser has seen but not consumed.
  std::size_t m_parsed{0};      ///< Number of bytes of this request that the parser has consumed.
  Unreadable m_error;
};

}  // namespace torc::server
