#pragma once

#include <memory>
#include <string>

namespace boost::asio::ssl {
class context;
}

namespace torc::server {

/// A server's certificate, its key, and the protocol versions: TLS 1.2 and later. Immutable; to change the certificate,
/// create a new object. Existing connections keep using the old one.
class TlsContext {
 public:
  /// @param certificate_file  PEM: the server's certificate, followed by its intermediate certificates.
  /// @param key_file          PEM, without a passphrase.
  /// @throws base::Error that names the file and the cause
  TlsContext(const std::string& certificate_file, const std::string& key_file);
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;
  ~TlsContext();

  boost::asio::ssl::context& context() const { return *m_context; }

 private:
  std::unique_ptr<boost::asio::ssl::context> m_context;
};

}  // namespace torc::server
