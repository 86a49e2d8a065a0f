#include "server/http/tls_context.hpp"

#include <fmt/format.h>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ssl/context.hpp>

#include "torc/base/error.hpp"
#include "torc/base/file.hpp"
#include "torc/base/log.hpp"

namespace torc::server {
namespace {

namespace ssl = boost::asio::ssl;
using boost::system::error_code;

std::string read_pem(const std::string& file, const char* what) {
  std::string text = base::read_file(file);
  if (text.find("-----BEGIN ") == std::string::npos) {
    throw base::Error(fmt::format("{} does not contain a {} in PEM format (-----BEGIN ...)", file, what));
  }
  return text;
}

void check(const error_code& error, const std::string& file, const char* what) {
  if (error) {
    throw base::Error(fmt::format("{} does not contain a valid {}: {}", file, what, error.message()));
  }
}

/// Not an error, because a wrong clock should not keep a server from starting.
void warn_if_expired(const SSL_CTX* context, const std::string& file) {
  const X509* certificate = SSL_CTX_get0_certificate(context);
  if (certificate != nullptr && X509_cmp_current_time(X509_get0_notAfter(certificate)) < 0) {
    base::log_warning("the certificate in {} has expired: clients will refuse it", file);
  }
}

}  // namespace

TlsContext::TlsContext(const std::string& certificate_file, const std::string& key_file)
    : m_context(std::make_unique<ssl::context>(ssl::context::tls_server)) {
  const std::string certificate = read_pem(certificate_file, "certificate");
  const std::string key = read_pem(key_file, "private key");
  if (key.find("ENCRYPTED") != std::string::npos) {
    throw base::Error(fmt::format("the key in {} has a passphrase; remove it with 'openssl pkey -in {} -out NEW'",
                                  key_file, key_file));
  }
  SSL_CTX* const native = m_context->native_handle();
  m_context->set_options(ssl::context::default_workarounds);
  SSL_CTX_set_options(native, SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
  error_code error;
  m_context->use_certificate_chain(boost::asio::buffer(certificate), error);
  check(error, certificate_file, "certificate");
  m_context->use_private_key(boost::asio::buffer(key), ssl::context::pem, error);
  if (error.value() != 0 && ERR_GET_REASON(static_cast<unsigned long>(error.value())) == X509_R_KEY_VALUES_MISMATCH) {
    throw base::Error(
        fmt::format("the key in {} does not belong to the certificate in {}", key_file, certificate_file));
  }
  check(error, key_file, "private key");
  warn_if_expired(native, certificate_file);
}

TlsContext::~TlsContext() = default;

}  // namespace torc::server
