#include "cli/options/security_options.hpp"

#include "torc/server/server.hpp"

namespace torc::cli {

std::vector<OptionInfo> security_options(server::SecurityOptions& security) {
  return {{.names = "--https",
           .target = &security.https,
           .help = "Use TLS 1.2 or later; requires --tls-cert and --tls-key"},
          {.names = "--tls-cert",
           .target = &security.tls_certificate,
           .value = "FILE",
           .completion = Completion::file,
           .help = "The server's certificate, followed by its chain (PEM)"},
          {.names = "--tls-key",
           .target = &security.tls_key,
           .value = "FILE",
           .completion = Completion::file,
           .help = "The certificate's key (PEM, without passphrase)"},
          {.names = "--auth-file",
           .target = &security.auth_file,
           .value = "FILE",
           .completion = Completion::file,
           .help = "File with users and passwords, written by 'torc server htpasswd'"},
          {.names = "--require-auth", .target = &security.require_auth, .help = "Refuse requests without a password"},
          {.names = "--enforce-access-control",
           .target = &security.enforce_access,
           .help = "Users can see and change only their own workflows and those of their groups"},
          {.names = "--admin-user",
           .target = &security.admins,
           .value = "NAME",
           .help = "A user with all permissions; repeatable"},
          {.names = "--allowed-origin",
           .target = &security.allowed_origins,
           .value = "ORIGIN",
           .help = "Let web pages of this site use the server, such as https://torc.example.org; repeatable"},
          {.names = "--allowed-host",
           .target = &security.allowed_hosts,
           .value = "NAME",
           .help = "Another name of this server in its clients' URLs, such as that of a proxy; repeatable"}};
}

std::string describe_security(const server::SecurityOptions& security) {
  if (security.auth_file.empty()) {
    return "no authentication";
  }
  return std::string{security.require_auth ? "passwords required" : "passwords checked, not required"} +
         (security.enforce_access ? ", access control" : "");
}

}  // namespace torc::cli
