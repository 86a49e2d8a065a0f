#include "cli/options/security_options.hpp"

#include "cli/parser/command_line.hpp"
#include "torc/server/server.hpp"

namespace torc::cli {

void add_security_options(Command command, server::SecurityOptions& security) {
  command.flag("--https", security.https, "Encrypt (TLS 1.2 and later); needs the next two");
  command.option("--tls-cert", security.tls_certificate, "Certificate, and those it depends on (PEM)")
      .type_name("FILE");
  command.option("--tls-key", security.tls_key, "The certificate's key (PEM, without passphrase)").type_name("FILE");
  command.option("--auth-file", security.auth_file, "Users and passwords; 'torc server htpasswd' writes it")
      .type_name("FILE");
  command.flag("--require-auth", security.require_auth, "Refuse requests without a password");
  command.flag("--enforce-access-control", security.enforce_access,
               "Users see and change only their own workflows, and those of their groups");
  command.option("--admin-user", security.admins, "A user who may do everything; may be given more than once")
      .type_name("NAME")
      .allow_extra_args(false);
  command
      .option(
          "--allowed-origin", security.allowed_origins,
          "Let web pages of this site use the server, such as https://torc.example.org; may be given more than once")
      .type_name("ORIGIN")
      .allow_extra_args(false);
  command
      .option(
          "--allowed-host", security.allowed_hosts,
          "A further name of this server in its clients' URLs, such as that of a proxy; may be given more than once")
      .type_name("NAME")
      .allow_extra_args(false);
}

std::string describe_security(const server::SecurityOptions& security) {
  if (security.auth_file.empty()) {
    return "no authentication";
  }
  return std::string{security.require_auth ? "passwords required" : "passwords checked, not required"} +
         (security.enforce_access ? ", access control" : "");
}

}  // namespace torc::cli
