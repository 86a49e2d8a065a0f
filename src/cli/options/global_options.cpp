#include "cli/options/global_options.hpp"

#include <string_view>

#include "cli/options/common_options.hpp"
#include "cli/parser/command_line.hpp"

namespace torc::cli {

std::shared_ptr<GlobalOptions> add_global_options(Command app) {
  auto options = std::make_shared<GlobalOptions>();
  options->connection.url = "http://localhost:8080/torc-service/v1";
  auto& connection = options->connection;

  app.option("--log-level", options->log_level, "trace, debug, info, warn, error or off (Env:RUST_LOG)")
      .type_name("LEVEL")
      .check(check_one_of({"trace", "debug", "info", "warn", "warning", "error", "off"}, true));
  const auto set_format = [options](const std::string& word) { options->json = word == "json"; };
  app.option_function<std::string>("-f,--format", set_format, "How to print: table or json")
      .type_name("FORMAT")
      .check(check_one_of({"table", "json"}))
      .default_str("table");
  app.option("--url", connection.url, "URL of the server")
      .type_name("URL")
      .envname("TORC_API_URL")
      .capture_default_str();
  app.option("--password", connection.password,
             "Password; other users of this machine can see it here, so rather set the variable")
      .type_name("PASSWORD")
      .envname("TORC_PASSWORD");
  app.flag("--prompt-password", options->prompt_password, "Ask for the password on the terminal");
  app.flag("--skip-version-check", connection.skip_version_check, "Use a server of another interface version too");
  app.option("--tls-ca-cert", connection.tls_ca_cert, "File with the certificates to trust")
      .type_name("FILE")
      .envname("TORC_TLS_CA_CERT");
  app.flag("--tls-insecure", connection.tls_insecure, "Trust any certificate").envname("TORC_TLS_INSECURE");
  app.option("--cookie-header", connection.cookie_header, "Cookies to send, for servers behind a sign-on page")
      .type_name("COOKIES")
      .envname("TORC_COOKIE_HEADER");
  app.flag("-s,--standalone", options->standalone, "Start a server of its own for this one command");
  app.option("--db", options->database, "Database of --standalone").type_name("PATH").capture_default_str();
  app.flag("--trust-owner", options->trust_owner,
           "With --standalone: use the database or output directory of a user who is neither you nor root");
  // Understood for scripts written for the program that had a separate server; the server is in this one.
  app.option("--torc-server-bin", "Accepted and not used: the server is part of this program")
      .type_name("PATH")
      .group("");
  // An alias may hold an option that is then given again.
  app.take_last();
  return options;
}

bool asks_for_json(int argc, const char* const* argv) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == "--") {
      break;  // What follows are another program's options.
    }
    const bool next_is_json = i + 1 < argc && std::string_view(argv[i + 1]) == "json";
    if (word == "--format=json" || word == "-fjson" || ((word == "-f" || word == "--format") && next_is_json)) {
      return true;
    }
  }
  return false;
}

}  // namespace torc::cli
