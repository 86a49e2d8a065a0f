#include "cli/security_options.hpp"

#include <CLI/CLI.hpp>

#include "torc/server/server.hpp"

namespace torc::cli {

void add_security_options(CLI::App& command, server::SecurityOptions& security) {
  command.add_flag("--https", security.https, "Encrypt (TLS 1.2 and later); needs the next two");
  command.add_option("--tls-cert", security.tls_certificate, "Certificate, and those it depends on (PEM)")
      ->type_name("FILE");
  command.add_option("--tls-key", security.tls_key, "The certificate's key (PEM, without passphrase)")
      ->type_name("FILE");
}

}  // namespace torc::cli
