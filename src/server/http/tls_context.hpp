#pragma once

#include <memory>
#include <string>

namespace boost::asio::ssl {
class context;
}

namespace torc::server {

/// A server's certificate and key, and what it speaks: TLS 1.2 and later. Does not change; to change a certificate make
/// another one, connections that use the old one go on with it.
class TlsContext {
 public:
  /// @param certificate_file  PEM: the server's certificate, then those that lead to the one clients trust.
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
