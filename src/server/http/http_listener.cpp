#include "server/http/http_listener.hpp"

#include <unordered_set>
#include <utility>

#include <fmt/format.h>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include "server/http/guarded.hpp"
#include "server/http/http_session.hpp"
#include "server/http/peer_user.hpp"
#include "server/http/tls_context.hpp"
#include "torc/base/log.hpp"

namespace torc::server {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr std::chrono::milliseconds k_sweep{250};
constexpr std::chrono::milliseconds k_accept_pause{100};
/// How many connections above the limit get an error response at a time; further ones wait.
constexpr std::size_t k_max_turned_away = 100;

tcp::endpoint resolve(asio::io_context& context, const std::string& host, std::uint16_t port) {
  error_code error;
  tcp::resolver resolver{context};
  const auto found = resolver.resolve(host, std::to_string(port), tcp::resolver::passive, error);
  if (error || found.empty()) {
    throw base::Error(fmt::format("cannot listen on '{}': {}", host, error ? error.message() : "no such address"));
  }
  return found.begin()->endpoint();
}

std::string address_of(const tcp::socket& socket) {
  error_code error;
  const auto endpoint = socket.remote_endpoint(error);
  return error ? "an unknown address" : endpoint.address().to_string();
}

}  // namespace

struct HttpListener::Impl final : SessionOwner {
  Impl(const std::string& host, std::uint16_t port, HttpLimits given, std::shared_ptr<const TlsContext> tls)
      : m_limits(given),
        m_tls(std::move(tls)),
        m_acceptor(m_context),
        m_sweep_timer(m_context),
        m_accept_timer(m_context) {
    const auto endpoint = resolve(m_context, host, port);
    try {
      m_acceptor.open(endpoint.protocol());
      m_acceptor.set_option(tcp::acceptor::reuse_address{true});
      m_acceptor.bind(endpoint);
      m_acceptor.listen();
      m_local = m_acceptor.local_endpoint();
    } catch (const boost::system::system_error& error) {
      const bool in_use = error.code() == asio::error::address_in_use;
      throw base::Error(fmt::format(
          "cannot listen on {}:{}: {}{}", host, port, error.code().message(),
          in_use ? "; stop the program that listens there, or specify another --port (0: any free one)" : ""));
    }
  }

  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  ~Impl() {
    m_stopping = true;  // The end of a session must not accept a new connection.
    for (HttpSession* session : sessions()) {
      session->abandon();
    }
  }

  const HttpLimits& limits() const override { return m_limits; }
  bool stopping() const override { return m_stopping; }

  EventHub& events() override { return m_events; }
  void handle(Incoming request, Reply reply) override { m_handle(std::move(request), std::move(reply)); }

  std::optional<Response> refusal(const Incoming& head) override { return m_refuse ? m_refuse(head) : std::nullopt; }

  void admit(const Incoming& head, Admitted then) override {
    if (m_admit) {
      m_admit(head, std::move(then));
    } else {
      then(std::nullopt);
    }
  }

  bool reserve_body(std::size_t bytes) override {
    if (bytes > m_limits.bodies - m_body_bytes) {
      return false;
    }
    m_body_bytes += bytes;
    return true;
  }

  void release_body(std::size_t bytes) override { m_body_bytes -= bytes; }

  void ended(HttpSession* session) override {
    m_sessions.erase(session);
    if (m_accept_held) {
      m_accept_held = false;
      run_guarded("the thread of the network", [&] { accept(); });
    }
    end_if_done();
  }

  /// Restarts operations that an exception may have ended.
  void restart_operations() {
    if (!m_is_accepting) {
      accept();
    }
    if (!m_is_sweeping) {
      sweep();
    }
  }

  void accept() {
    if (m_stopping) {
      return;
    }
    if (m_sessions.size() >= m_limits.connections + k_max_turned_away) {
      m_accept_held = true;
      return;
    }
    m_acceptor.async_accept([this](const error_code& error, tcp::socket socket) {
      m_is_accepting = false;
      if (m_stopping) {
        return;
      }
      if (error) {
        pause_accept(error);
        return;
      }
      m_accept_failed = false;
      run_guarded("the thread of the network", [&] { open_session(std::move(socket)); });
      accept();
    });
    m_is_accepting = true;
  }

  void open_session(tcp::socket socket) {
    if (m_limits.own_user_only && !is_own_user(socket)) {
      return;
    }
    std::string client = address_of(socket);
    NetworkSocket connection{m_context.get_executor(), asio::generic::stream_protocol{m_local.protocol()},
                             socket.release()};
    auto session = std::make_shared<HttpSession>(std::move(connection), std::move(client), m_tls.get(), *this);
    const bool is_welcome = m_sessions.size() < m_limits.connections;
    m_sessions.insert(session.get());
    session->start(is_welcome);
  }

  /// Waits before the next attempt: most likely there are no free descriptors until other connections end.
  void pause_accept(const error_code& error) {
    if (!std::exchange(m_accept_failed, true)) {
      base::log_warning("cannot accept a connection: {}; will retry until it succeeds", error.message());
    }
    m_accept_timer.expires_after(k_accept_pause);
    m_accept_timer.async_wait([this](const error_code& canceled) {
      m_is_accepting = false;
      if (!canceled) {
        accept();
      }
    });
    m_is_accepting = true;
  }

  void sweep() {
    m_sweep_timer.expires_after(k_sweep);
    m_sweep_timer.async_wait([this](const error_code& error) {
      m_is_sweeping = false;
      if (error) {
        return;
      }
      const auto now = HttpSession::Clock::now();
      run_guarded("the thread of the network", [&] { check_sessions(now); });
      if (now >= m_stop_limit) {
        m_context.stop();
        return;
      }
      sweep();
    });
    m_is_sweeping = true;
  }

  void check_sessions(HttpSession::Clock::time_point now) {
    for (HttpSession* session : sessions()) {
      if (now >= m_stop_limit) {
        session->abort();
      } else {
        session->check_deadline(now);
      }
    }
  }

  /// A copy, because sessions may end during the iteration.
  std::vector<HttpSession*> sessions() const { return {m_sessions.begin(), m_sessions.end()}; }

  void begin_stop() {
    if (m_stopping) {
      return;
    }
    m_stopping = true;
    m_stop_limit = HttpSession::Clock::now() + m_limits.stop;
    error_code ignored;
    m_acceptor.close(ignored);
    m_accept_timer.cancel();
    for (HttpSession* session : sessions()) {
      session->stop();
    }
    end_if_done();
  }

  void end_if_done() {
    if (m_stopping && m_sessions.empty()) {
      m_context.stop();
    }
  }

  HttpLimits m_limits;
  std::shared_ptr<const TlsContext> m_tls;
  Handle m_handle;
  Admit m_admit;
  Refuse m_refuse;
  std::unordered_set<HttpSession*> m_sessions;
  std::size_t m_body_bytes{0};  ///< Reserved by sessions.
  bool m_accept_held{false};
  bool m_is_accepting{false};  ///< Whether an accept or the end of a pause is pending.
  bool m_is_sweeping{false};
  bool m_accept_failed{false};  ///< Since the last accepted connection; logged once.
  bool m_stopping{false};
  HttpSession::Clock::time_point m_stop_limit{HttpSession::Clock::time_point::max()};
  tcp::endpoint m_local;
  EventHub m_events;
  asio::io_context m_context{1};  ///< Declared after everything that sessions still use when this destroys them.
  tcp::acceptor m_acceptor;
  asio::steady_timer m_sweep_timer;
  asio::steady_timer m_accept_timer;
};

HttpListener::HttpListener(const std::string& host, std::uint16_t port, HttpLimits limits,
                           std::shared_ptr<const TlsContext> tls)
    : m_impl(std::make_unique<Impl>(host, port, limits, std::move(tls))) {}

HttpListener::~HttpListener() = default;

std::uint16_t HttpListener::port() const {
  return m_impl->m_local.port();
}

bool HttpListener::is_loopback() const {
  return m_impl->m_local.address().is_loopback();
}

void HttpListener::run(Handle handle, Admit admit, Refuse refuse) {
  m_impl->m_handle = std::move(handle);
  m_impl->m_admit = std::move(admit);
  m_impl->m_refuse = std::move(refuse);
  const auto work = asio::make_work_guard(m_impl->m_context);
  while (!m_impl->m_context.stopped()) {
    run_guarded("the thread of the network", [&] {
      m_impl->restart_operations();
      m_impl->m_context.run();
    });
  }
}

void HttpListener::deliver(std::vector<Answer> answers) {
  asio::post(m_impl->m_context, [answers = std::move(answers)]() mutable {
    for (auto& answer : answers) {
      run_guarded("a response", [&] { answer.reply(std::move(answer.response)); });
    }
  });
}

void HttpListener::use(std::shared_ptr<const TlsContext> tls) {
  asio::post(m_impl->m_context,
             [impl = m_impl.get(), tls = std::move(tls)]() mutable { impl->m_tls = std::move(tls); });
}

void HttpListener::announce(std::vector<store::Notice> notices, std::set<Id> deleted) {
  asio::post(m_impl->m_context, [impl = m_impl.get(), notices = std::move(notices), deleted = std::move(deleted)] {
    impl->m_events.publish(notices, deleted);
  });
}

const std::atomic<int>& HttpListener::listeners() const {
  return m_impl->m_events.listeners();
}

void HttpListener::stop() {
  asio::post(m_impl->m_context, [impl = m_impl.get()] { impl->begin_stop(); });
}

}  // namespace torc::server
