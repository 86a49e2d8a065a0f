#pragma once

// The bytes of a connection as HTTP requests. Includes Boost: for the files of the network only.

#include <cstddef>
#include <optional>
#include <string>

#include <boost/asio/buffer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

namespace torc::server {

/// A request that cannot be read; the connection cannot be used after it.
struct Unreadable {
  int status{400};
  std::string message{};
};

/// Parses the requests of one connection, one after another, and bounds what a request may make this process buffer:
/// `header` bytes for anything that must be there in one piece (request line and fields, a chunk's size with its
/// extensions, the trailers), and `header + body` bytes for the whole request, framing included.
///
/// Use: `begin`, then `parse` until it says `complete` or `unreadable`; if it says `needs_bytes`, put bytes into
/// `prepare` and `commit` them. One thread.
class RequestReader {
 public:
  using Parser = boost::beast::http::request_parser<boost::beast::http::string_body>;
  using Message = boost::beast::http::request<boost::beast::http::string_body>;

  enum class Progress {
    needs_bytes,
    head_complete,  ///< Said once for each request, before its body is parsed.
    complete,
    unreadable,  ///< See `error`.
  };

  RequestReader(std::size_t header_limit, std::size_t body_limit);

  /// Starts on the next request. Bytes that arrived behind the last one are its first.
  void begin();
  /// Goes on as far as the bytes reach. Throws only if memory is short.
  Progress parse();
  const Unreadable& error() const { return m_error; }

  /// Room for `size` more bytes of the connection.
  boost::asio::mutable_buffer prepare(std::size_t size) { return m_buffer.prepare(size); }
  /// The first `count` bytes of that room were filled.
  void commit(std::size_t count) { m_buffer.commit(count); }
  bool has_bytes() const { return m_buffer.size() != 0; }

  /// After `head_complete`, until the next `begin` or `release_memory`. Once the body was parsed its fields also hold
  /// the trailers, so take what counts from it before.
  Message& message() { return m_parser->get(); }
  /// Whether all of the body has arrived.
  bool is_complete() const { return m_parser->is_done(); }
  bool keeps_alive() const { return m_keeps_alive; }
  /// Whether the answer must not have a body. False until the head has come in.
  bool is_head_request() const;
  /// How many bytes of body the request announces; nothing if it comes in chunks. After `head_complete`.
  std::optional<std::size_t> announced_body() const;
  /// How many bytes of body have arrived.
  std::size_t body_size() const { return m_parser->get().body().size(); }

  /// Frees what a connection does not need while its request is being answered.
  void release_memory();

 private:
  Progress parse_head();
  Progress parse_body();
  bool may_parse_on() const;
  Progress refuse(int status, std::string message);
  Progress refuse(const boost::system::error_code& error);
  /// Why the head leaves open where the body ends.
  std::optional<std::string> ambiguity() const;

  const std::size_t m_header_limit;
  const std::size_t m_body_limit;
  boost::beast::flat_buffer m_buffer;
  std::optional<Parser> m_parser;
  bool m_head_done{false};
  bool m_is_folded{false};  ///< Seen in the head.
  bool m_keeps_alive{false};
  std::size_t m_unfinished{0};  ///< Bytes at the buffer's front that the parser has seen, and left for want of more.
  std::size_t m_parsed{0};      ///< Bytes of this request that the parser took.
  Unreadable m_error;
};

}  // namespace torc::server
