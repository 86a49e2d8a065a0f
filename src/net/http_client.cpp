#include "torc/net/http_client.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <list>
#include <mutex>
#include <optional>
#include <stdexcept>

#include <fmt/format.h>

#include "net/curl_handles.hpp"
#include "net/trusted_certificates.hpp"
#include "torc/base/error.hpp"
#include "torc/base/strings.hpp"

namespace torc::net {
namespace {

EasyHandle make_handle() {
  static std::once_flag started;
  std::call_once(started, [] {
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
      throw base::Error("cannot initialize libcurl");
    }
  });
  EasyHandle handle(curl_easy_init());
  if (!handle) {
    throw std::bad_alloc();
  }
  return handle;
}

template <typename T>
void set(CURL* handle, CURLoption option, T value) {
  if (const CURLcode code = curl_easy_setopt(handle, option, value); code != CURLE_OK) {
    throw base::Error(
        fmt::format("cannot set option {} of libcurl: {}", static_cast<int>(option), curl_easy_strerror(code)));
  }
}

/// The host of a URL, or "" if it has none.
std::string host_of(const std::string& url) {
  const UrlHandle parsed(curl_url());
  char* host = nullptr;
  if (!parsed || curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK ||
      curl_url_get(parsed.get(), CURLUPART_HOST, &host, 0) != CURLUE_OK) {
    return {};
  }
  std::string result(host);
  curl_free(host);
  return result;
}

bool is_loopback(const std::string& host) {
  return host == "localhost" || host == "[::1]" || host.starts_with("127.");
}

/// A duration for messages: "10 s", "0.2 s"
std::string seconds(std::chrono::milliseconds duration) {
  return fmt::format("{:g} s", static_cast<double>(duration.count()) / 1000.0);
}

constexpr const char* k_large_body = "the response is larger than any that this program expects";

/// Rounded to tenths of a second for messages.
std::chrono::milliseconds rounded_since(WaitLimit::Clock::time_point began) {
  using Tenths = std::chrono::duration<std::int64_t, std::deci>;
  return std::chrono::round<Tenths>(WaitLimit::Clock::now() - began);
}

/// The system's text for a failed connection, in lower case for use inside a sentence.
std::string system_error_text(CURL* handle, const char* otherwise) {
  long number = 0;
  curl_easy_getinfo(handle, CURLINFO_OS_ERRNO, &number);
  return number == 0 ? otherwise : base::to_lower(base::errno_text(static_cast<int>(number)));
}

}  // namespace

struct HttpClient::Impl {
  explicit Impl(HttpOptions given);

  void prepare(std::string_view method, const std::string& url, const std::string& body);
  HttpResponse perform(const std::string& url, const std::stop_token& stop);
  /// Returns nothing if the request was given up.
  std::optional<CURLcode> transfer(const std::stop_token& stop, WaitLimit::Clock::time_point began);
  /// How long to wait for the network before checking again whether to go on.
  std::chrono::milliseconds time_left(WaitLimit::Clock::time_point began) const;
  std::string explain(CURLcode code, const std::string& url, bool sent) const;
  /// The maximum size of the body of the current response.
  std::size_t body_limit() const;

  static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self);
  static int on_socket(void* self, curl_socket_t socket, curlsocktype purpose);
  static int before_request(void* self, char* /*remote*/, char* /*local*/, int /*remote_port*/, int /*local_port*/);

  HttpOptions options;
  WaitLimit wait_limit;
  EasyHandle handle;
  MultiHandle multi;
  HeaderList json_headers;
  HeaderList plain_headers;
  std::string received;
  std::size_t head_bytes{0};
  const char* rejection{nullptr};  ///< Why the received data is rejected.
  bool repeatable{false};
  int times_sent{0};
  char error_text[CURL_ERROR_SIZE]{};
};

HttpClient::Impl::Impl(HttpOptions given) : options(std::move(given)), handle(make_handle()), multi(curl_multi_init()) {
  if (!multi) {
    throw std::bad_alloc();
  }
  // Without an empty "Expect:", curl asks for permission before it sends a large body, and waits a second if the server
  // does not reply.
  for (HeaderList* headers : {&json_headers, &plain_headers}) {
    headers->add("Accept: application/json");
    headers->add("Expect:");
  }
  json_headers.add("Content-Type: application/json");
  plain_headers.add("Content-Type:");

  CURL* curl = handle.get();
  set(curl, CURLOPT_NOSIGNAL, 1L);
  set(curl, CURLOPT_ERRORBUFFER, error_text);
  set(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  set(curl, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set(curl, CURLOPT_TCP_NODELAY, 1L);
  set(curl, CURLOPT_TCP_KEEPALIVE, 1L);
  set(curl, CURLOPT_TCP_KEEPIDLE, 15L);
  set(curl, CURLOPT_TCP_KEEPINTVL, 5L);
  set(curl, CURLOPT_SOCKOPTFUNCTION, &Impl::on_socket);
  set(curl, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options.connect_limit.count()));
  set(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(options.request_limit.count()));
  set(curl, CURLOPT_WRITEFUNCTION, &Impl::on_body);
  set(curl, CURLOPT_WRITEDATA, static_cast<void*>(this));
  set(curl, CURLOPT_HEADERFUNCTION, &Impl::on_header);
  set(curl, CURLOPT_HEADERDATA, static_cast<void*>(this));
  set(curl, CURLOPT_MAXFILESIZE_LARGE, static_cast<curl_off_t>(options.body_limit));
  set(curl, CURLOPT_PREREQFUNCTION, &Impl::before_request);
  set(curl, CURLOPT_PREREQDATA, static_cast<void*>(this));
  if (!options.password.empty()) {
    set(curl, CURLOPT_HTTPAUTH, static_cast<long>(CURLAUTH_BASIC));
    set(curl, CURLOPT_USERNAME, options.user.c_str());
    set(curl, CURLOPT_PASSWORD, options.password.c_str());
  }
  if (!options.cookie_header.empty()) {
    set(curl, CURLOPT_COOKIE, options.cookie_header.c_str());
  }
  const std::string authorities = options.tls_ca_cert.empty() ? trusted_certificates() : options.tls_ca_cert;
  if (!authorities.empty()) {
    set(curl, CURLOPT_CAINFO, authorities.c_str());
  }
  if (options.tls_insecure) {
    set(curl, CURLOPT_SSL_VERIFYPEER, 0L);
    set(curl, CURLOPT_SSL_VERIFYHOST, 0L);
  }
}

std::size_t HttpClient::Impl::body_limit() const {
  long status = 0;
  curl_easy_getinfo(handle.get(), CURLINFO_RESPONSE_CODE, &status);
  return status >= 200 && status < 300 ? options.body_limit : std::min(options.body_limit, k_max_error_bytes);
}

/// Exceptions must not pass through curl; returning less than the given size ends the transfer with an error.
std::size_t HttpClient::Impl::on_body(char* data, std::size_t size, std::size_t count, void* self) {
  auto* impl = static_cast<Impl*>(self);
  try {
    if (size * count > impl->body_limit() - std::min(impl->body_limit(), impl->received.size())) {
      impl->rejection = k_large_body;
      return 0;
    }
    if (impl->received.size() + size * count > impl->body_limit() / 2) {
      impl->received.reserve(impl->body_limit());  // Doubling the capacity would exceed the limit.
    }
    impl->received.append(data, size * count);
    return size * count;
  } catch (const std::exception&) {
    impl->rejection = "the response is too large for the memory of this machine";
    return 0;
  }
}

/// Called for header lines, including those of interim responses and the trailers of a chunked body.
std::size_t HttpClient::Impl::on_header(char* /*data*/, std::size_t size, std::size_t count, void* self) {
  auto* impl = static_cast<Impl*>(self);
  impl->head_bytes += size * count;
  if (impl->head_bytes > k_max_header_bytes) {
    impl->rejection = "the headers of the response are too large";
    return 0;
  }
  return size * count;
}

/// A connection over an interrupted network gets no error. TCP retransmits after delays that double, so once the
/// network is back, the request could hang for as long as the interruption lasted. It is better to fail soon and to
/// connect again.
int HttpClient::Impl::on_socket(void* /*self*/, curl_socket_t socket, curlsocktype /*purpose*/) {
  constexpr unsigned int k_unanswered_ms = 10'000;
  ::setsockopt(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, &k_unanswered_ms, sizeof k_unanswered_ms);
  return CURL_SOCKOPT_OK;
}

int HttpClient::Impl::before_request(void* self, char* /*remote*/, char* /*local*/, int /*remote_port*/,
                                     int /*local_port*/) {
  // If a kept-alive connection turns out to be closed, curl sends the request again on its own. The server may have
  // acted on the first one, so only a request that changes nothing may be sent twice.
  auto* impl = static_cast<Impl*>(self);
  return ++impl->times_sent > 1 && !impl->repeatable ? CURL_PREREQFUNC_ABORT : CURL_PREREQFUNC_OK;
}

void HttpClient::Impl::prepare(std::string_view method, const std::string& url, const std::string& body) {
  CURL* curl = handle.get();
  received = {};  // Not clear(), which would keep the memory of a large response.
  head_bytes = 0;
  rejection = nullptr;
  error_text[0] = '\0';
  times_sent = 0;
  repeatable = method == "GET";
  set(curl, CURLOPT_URL, url.c_str());
  // An empty proxy disables one from the environment, because no proxy can reach the loopback interface of this
  // machine.
  set(curl, CURLOPT_PROXY, is_loopback(host_of(url)) ? "" : static_cast<const char*>(nullptr));
  set(curl, CURLOPT_HTTPHEADER, (body.empty() ? plain_headers : json_headers).get());
  const std::string verb(method);
  if (method == "GET" || (method == "DELETE" && body.empty())) {
    set(curl, CURLOPT_HTTPGET, 1L);
  } else {
    set(curl, CURLOPT_POST, 1L);
    set(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
    set(curl, CURLOPT_POSTFIELDS, body.c_str());  // borrowed: `body` outlives the request
  }
  set(curl, CURLOPT_CUSTOMREQUEST, verb.c_str());
}

std::string HttpClient::Impl::explain(CURLcode code, const std::string& url, bool sent) const {
  constexpr const char* k_closed = "the connection was closed before a response arrived";
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
      return fmt::format("could not resolve host '{}'", host_of(url));
    case CURLE_COULDNT_RESOLVE_PROXY:
      return "could not resolve the proxy set in the environment";
    case CURLE_COULDNT_CONNECT:
      return system_error_text(handle.get(), "could not connect");
    case CURLE_OPERATION_TIMEDOUT: {
      const bool connecting = !sent && options.connect_limit < options.request_limit;
      return "timed out after " + seconds(connecting ? options.connect_limit : options.request_limit);
    }
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
    case CURLE_ABORTED_BY_CALLBACK:
      return k_closed;
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
      return system_error_text(handle.get(), k_closed);
    case CURLE_PEER_FAILED_VERIFICATION:
      return fmt::format("the server's certificate is not trusted ({}); specify the one to trust with --tls-ca-cert",
                         error_text);
    case CURLE_SSL_CACERT_BADFILE:
      return fmt::format("cannot use the certificates in {}; check --tls-ca-cert", options.tls_ca_cert);
    case CURLE_SSL_CONNECT_ERROR:
      return std::string_view(error_text).find("wrong version number") != std::string_view::npos
                 ? "the server does not use TLS; the URL may have to begin with http://"
                 : fmt::format("could not establish an encrypted connection ({})", error_text);
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
      return error_text[0] != '\0' && received.empty() ? std::string("not an HTTP response: ") + error_text
                                                       : "invalid URL";
    case CURLE_FILESIZE_EXCEEDED:
      return k_large_body;
    case CURLE_WRITE_ERROR:
      return rejection != nullptr ? rejection : "the response was rejected";
    default:
      return error_text[0] != '\0' ? error_text : base::to_lower(curl_easy_strerror(code));
  }
}

std::chrono::milliseconds HttpClient::Impl::time_left(WaitLimit::Clock::time_point began) const {
  constexpr std::chrono::milliseconds k_poll{60'000};  // curl's own timers and the wake-up end a poll earlier.
  return wait_limit.left ? std::min(k_poll, wait_limit.left(began)) : k_poll;
}

std::optional<CURLcode> HttpClient::Impl::transfer(const std::stop_token& stop, WaitLimit::Clock::time_point began) {
  const auto wake_up = [this] { curl_multi_wakeup(multi.get()); };
  const std::stop_callback wake(stop, wake_up);
  std::list<std::stop_callback<decltype(wake_up)>> more_wakes;  // A list, because callbacks cannot be moved.
  for (const auto& token : wait_limit.wake) {
    more_wakes.emplace_back(token, wake_up);
  }
  curl_multi_add_handle(multi.get(), handle.get());
  int running = 1;
  CURLMcode state = CURLM_OK;
  for (;;) {
    state = curl_multi_perform(multi.get(), &running);
    if (state != CURLM_OK || running == 0 || stop.stop_requested()) {
      break;
    }
    const auto left = time_left(began);
    if (left <= std::chrono::milliseconds(0)) {
      break;
    }
    state = curl_multi_poll(multi.get(), nullptr, 0, static_cast<int>(left.count()), nullptr);
    if (state != CURLM_OK) {
      break;
    }
  }
  std::optional<CURLcode> result;
  int left = 0;
  if (const CURLMsg* message = curl_multi_info_read(multi.get(), &left); message != nullptr) {
    result = message->data.result;
  } else if (state != CURLM_OK) {
    result = CURLE_FAILED_INIT;
  }
  curl_multi_remove_handle(multi.get(), handle.get());
  return result;
}

HttpResponse HttpClient::Impl::perform(const std::string& url, const std::stop_token& stop) {
  CURL* curl = handle.get();
  const auto began = WaitLimit::Clock::now();
  const auto code = transfer(stop, began);
  HttpResponse response;
  response.sent = times_sent > 0;
  if (code != CURLE_OK) {
    response.given_up = !code;
    response.over_limit = code == CURLE_FILESIZE_EXCEEDED || rejection != nullptr;
    response.error = code ? explain(*code, url, response.sent) : "gave up after " + seconds(rounded_since(began));
    return response;
  }
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  const char* content_type = nullptr;
  curl_easy_getinfo(curl, CURLINFO_CONTENT_TYPE, &content_type);
  response.status = static_cast<int>(status);
  response.content_type = content_type != nullptr ? content_type : "";
  response.body = std::move(received);
  return response;
}

HttpClient::HttpClient(HttpOptions options) : m_impl(std::make_unique<Impl>(std::move(options))) {}
HttpClient::HttpClient(HttpClient&&) noexcept = default;
HttpClient& HttpClient::operator=(HttpClient&&) noexcept = default;
HttpClient::~HttpClient() = default;

void HttpClient::set_wait_limit(WaitLimit wait_limit) {
  m_impl->wait_limit = std::move(wait_limit);
}

HttpResponse HttpClient::request(std::string_view method, const std::string& url, const std::string& body,
                                 const std::stop_token& stop) {
  m_impl->prepare(method, url, body);
  return m_impl->perform(url, stop);
}

}  // namespace torc::net
