#include "torc/server/server.hpp"

#include <pthread.h>
#include <signal.h>

#include <mutex>
#include <thread>

#include <fmt/format.h>

#include "server/access/browser_rules.hpp"
#include "server/access/machine_names.hpp"
#include "server/http/http_listener.hpp"
#include "server/http/tls_context.hpp"
#include "server/service.hpp"
#include "torc/base/log.hpp"
#include "torc/base/strings.hpp"
#include "torc/server/password_file.hpp"
#include "torc/store/access.hpp"

namespace torc::server {
namespace {

/// Blocks signals in threads created during its lifetime; only the main thread of the program handles signals.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_BLOCK, &all, &m_before);
  }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;
  ~SignalsBlocked() { ::pthread_sigmask(SIG_SETMASK, &m_before, nullptr); }

 private:
  sigset_t m_before{};
};

HttpLimits http_limits(const LimitOptions& options, bool own_user_only) {
  HttpLimits limits;
  limits.own_user_only = own_user_only;
  limits.body = options.body;
  limits.bodies = 2 * options.body;
  limits.connections = options.connections;
  limits.idle = std::chrono::seconds{options.idle_seconds};
  limits.request = std::chrono::seconds{options.request_seconds};
  return limits;
}

std::shared_ptr<const TlsContext> tls_context(const SecurityOptions& options) {
  if (!options.https) {
    if (!options.tls_certificate.empty() || !options.tls_key.empty()) {
      throw base::UsageError("--tls-cert and --tls-key need --https");
    }
    return nullptr;
  }
  if (options.tls_certificate.empty() || options.tls_key.empty()) {
    throw base::UsageError("--https needs --tls-cert FILE and --tls-key FILE");
  }
  return std::make_shared<const TlsContext>(options.tls_certificate, options.tls_key);
}

/// @returns `options`
/// @throws base::UsageError if they contradict each other
const SecurityOptions& checked(const SecurityOptions& options) {
  if (options.auth_file.empty() && (options.require_auth || options.enforce_access || !options.admins.empty())) {
    const char* const option = options.require_auth     ? "--require-auth"
                               : options.enforce_access ? "--enforce-access-control"
                                                        : "--admin-user";
    throw base::UsageError(
        fmt::format("{} needs --auth-file FILE; 'torc server htpasswd FILE USER' creates one", option));
  }
  for (const auto& user : options.admins) {
    check_user_name(user);
  }
  return options;
}

std::vector<std::string> normalized_origins(const std::vector<std::string>& given) {
  std::vector<std::string> origins;
  for (const auto& text : given) {
    auto origin = normalized_origin(text);
    if (!origin) {
      throw base::UsageError(fmt::format(
          "--allowed-origin '{}' is not the origin of one site; give scheme, host and, unless it is the default, port, "
          "without a path: https://torc.example.org:8443",
          base::printable(text)));
    }
    origins.push_back(std::move(*origin));
  }
  return origins;
}

std::vector<std::string> normalized_hosts(const std::vector<std::string>& given) {
  std::vector<std::string> hosts;
  for (const auto& text : given) {
    auto host = normalized_host(text);
    if (!host) {
      throw base::UsageError(
          fmt::format("--allowed-host '{}' is not a host name; give one name without scheme and port: torc.example.org",
                      base::printable(text)));
    }
    hosts.push_back(std::move(*host));
  }
  return hosts;
}

BrowserRules browser_rules(const ServerOptions& options, bool is_loopback) {
  BrowserRules rules;
  rules.allowed_origins = normalized_origins(options.security.allowed_origins);
  rules.allowed_hosts = normalized_hosts(options.security.allowed_hosts);
  // With a password file, a page under a foreign name has no password to send. If --require-auth is missing, it can
  // still read what this server answers without a password, as docs/server.md says; names of proxies must keep working.
  rules.checks_host = is_loopback || options.security.auth_file.empty();
  // The standalone server of a command has no options that a user could add.
  rules.has_options = !options.own_user_only;
  if (rules.checks_host) {
    // Loopback is never reached by a name that only DNS knows.
    rules.machine_names = machine_names(!is_loopback);
    if (auto name = normalized_host(options.host)) {
      rules.machine_names.push_back(std::move(*name));
    }
  }
  return rules;
}

void make_admins(const store::Database& database, const std::vector<std::string>& users) {
  if (users.empty()) {
    return;
  }
  auto connection = database.open(store::Connection::Mode::write);
  store::Transaction transaction{connection};
  for (const auto& user : users) {
    store::make_admin(connection, user);
  }
  transaction.commit();
}

}  // namespace

struct Server::Impl {
  explicit Impl(const ServerOptions& options)
      : host(options.host),
        security(checked(options.security)),
        database(std::make_unique<store::Database>(options.database, options.durability, options.owner)),
        listener(options.host, options.port, http_limits(options.limits, options.own_user_only),
                 tls_context(options.security)) {
    if (!listener.is_loopback() && !security.require_auth) {
      base::log_warning(
          "listening on {} without authentication: everyone who can reach this address can run commands on your "
          "workers; use --auth-file FILE --require-auth to require passwords",
          host);
    }
    if (!listener.is_loopback() && security.require_auth && !security.https) {
      base::log_warning("listening on {} without --https: passwords are sent unencrypted", host);
    }
    make_admins(*database, security.admins);
    const SignalsBlocked blocked;
    service = std::make_unique<Service>(
        *database, [this](std::vector<Answer> answers) { listener.deliver(std::move(answers)); },
        ServiceSettings{
            .announce = [this](std::vector<store::Notice> notices,
                               std::set<Id> deleted) { listener.announce(std::move(notices), std::move(deleted)); },
            .listeners = &listener.listeners(),
            .security = security,
            .rules = browser_rules(options, listener.is_loopback()),
            .readers = options.readers,
            .worker_timeout = options.worker_timeout,
            .additions = !options.no_additions});
    thread = std::thread([this] {
      listener.run([this](Incoming request, Reply reply) { service->handle(std::move(request), std::move(reply)); },
                   [this](const Incoming& head, Admitted then) { service->admit(head, std::move(then)); },
                   [this](const Incoming& head) { return service->refusal(head); });
    });
  }

  ~Impl() { stop(); }

  void reload() {
    const std::lock_guard lock{stop_mutex};
    if (!thread.joinable()) {
      return;
    }
    Authenticator* const authenticator = service->authenticator();
    if (authenticator == nullptr && !security.https) {
      base::log_info("nothing to reload: neither --auth-file nor --https is in use");
    }
    if (authenticator != nullptr) {
      attempt("password file", [&] { base::log_info("{} users", authenticator->reload()); });
    }
    if (security.https) {
      attempt("certificate", [&] { listener.use(tls_context(security)); });
    }
  }

  template <typename Work>
  static void attempt(const char* what, Work&& work) {
    try {
      work();
      base::log_info("reloaded the {}", what);
    } catch (const std::exception& error) {
      base::log_error("the previous {} stays in use: {}", what, error.what());
    }
  }

  void stop() {
    const std::lock_guard lock{stop_mutex};
    if (thread.joinable()) {
      listener.stop();
      service->end_waits();
      thread.join();
      // Ends writer and readers, which first finish all queued requests, although their responses are no longer sent.
      service.reset();
      database.reset();
    }
  }

  std::string host;
  SecurityOptions security;
  std::unique_ptr<store::Database> database;
  HttpListener listener;
  std::unique_ptr<Service> service;
  std::thread thread;
  std::mutex stop_mutex;
};

Server::Server(const ServerOptions& options) : m_impl(std::make_unique<Impl>(options)) {}

Server::~Server() = default;

std::uint16_t Server::port() const {
  return m_impl->listener.port();
}

std::string Server::url() const {
  const bool is_ipv6 = m_impl->host.find(':') != std::string::npos;
  return fmt::format("{}://{}{}{}:{}{}", m_impl->security.https ? "https" : "http", is_ipv6 ? "[" : "", m_impl->host,
                     is_ipv6 ? "]" : "", port(), Router::k_prefix);
}

bool Server::is_loopback() const {
  return m_impl->listener.is_loopback();
}

void Server::reload() {
  m_impl->reload();
}

void Server::stop() {
  m_impl->stop();
}

}  // namespace torc::server
