#include "cli/options/global_options.hpp"

#include <string_view>

namespace torc::cli {
namespace {

constexpr const char* k_default_url = "http://localhost:8080/torc-service/v1";

}  // namespace

std::vector<OptionInfo> global_options(GlobalOptions& options) {
  auto& connection = options.connection;
  connection.url = k_default_url;
  const auto set_format = [&options](const std::string& word) { options.json = word == "json"; };
  return {{.names = "--log-level",
           .target = &options.log_level,
           .value = "LEVEL",
           .choices = {"trace", "debug", "info", "warn", "warning", "error", "off"},
           .ignore_case = true,
           // The parser does not read RUST_LOG, because its value may not be a log level.
           .help = "Log level (default: RUST_LOG, else warnings)"},
          {.names = "-f,--format",
           .target = set_format,
           .value = "FORMAT",
           .choices = {"table", "json"},
           .default_text = "table",
           .help = "Output format"},
          {.names = "--url",
           .target = &connection.url,
           .value = "URL",
           .default_text = k_default_url,
           .env = "TORC_API_URL",
           .help = "URL of the server"},
          {.names = "--password",
           .target = &connection.password,
           .value = "PASSWORD",
           .env = "TORC_PASSWORD",
           .help = "Password; prefer the variable, since other users can see the option for a moment"},
          {.names = "--prompt-password",
           .target = &options.prompt_password,
           .help = "Ask for the password on the terminal"},
          {.names = "--skip-version-check",
           .target = &connection.skip_version_check,
           .help = "Continue even if the server has another major version of the interface"},
          {.names = "--tls-ca-cert",
           .target = &connection.tls_ca_cert,
           .value = "FILE",
           .env = "TORC_TLS_CA_CERT",
           .completion = Completion::file,
           .help = "File with trusted CA certificates (PEM)"},
          {.names = "--tls-insecure",
           .target = &connection.tls_insecure,
           .env = "TORC_TLS_INSECURE",
           .help = "Trust any certificate"},
          {.names = "--cookie-header",
           .target = &connection.cookie_header,
           .value = "COOKIES",
           .env = "TORC_COOKIE_HEADER",
           .help = "Cookies to send, for servers behind a single sign-on page"},
          {.names = "-s,--standalone",
           .target = &options.standalone,
           .help = "Run a server inside this command, for this command only"},
          {.names = "--db",
           .target = &options.database,
           .value = "PATH",
           .default_text = options.database,
           .completion = Completion::file,
           .help = "Database file of --standalone"},
          {.names = "--trust-owner",
           .target = &options.trust_owner,
           .help = "With --standalone: use a database or output directory owned by a user other than you and root"},
          // For scripts written for torc 0.23, which has a separate server program.
          {.names = "--torc-server-bin",
           .value = "PATH",
           .hidden = true,
           .help = "Accepted and ignored: the server is part of this program"}};
}

bool asks_for_json(int argc, const char* const* argv) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == "--") {
      break;  // The following words are options of another program.
    }
    const bool next_is_json = i + 1 < argc && std::string_view(argv[i + 1]) == "json";
    if (word == "--format=json" || word == "-fjson" || ((word == "-f" || word == "--format") && next_is_json)) {
      return true;
    }
  }
  return false;
}

}  // namespace torc::cli
