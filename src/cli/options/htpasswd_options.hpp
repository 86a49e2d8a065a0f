#pragma once

#include <optional>
#include <string>

#include "cli/parser/command_info.hpp"

// What the commands that set or check passwords of a server's users share.

namespace torc::cli {

OptionInfo password_file_option(std::string& file, const std::string& help);
OptionInfo user_argument(std::string& user);
OptionInfo password_option(std::optional<std::string>& password);
/// @param names  "-c,--cost"
OptionInfo cost_option(int& cost, const std::string& names);

/// --reload-auth, and --server-password, which sets the password of the connection.
std::vector<OptionInfo> reload_options(bool& reload, GlobalOptions& global);

/// Makes the server read its password file again. To be called after the file was changed.
/// @throws base::Error that says that the file was changed
void reload_server(CommandContext& context);

/// Asks twice on a terminal; otherwise reads one line of standard input.
/// @throws base::UsageError
std::string read_new_password(const std::string& user);

/// Asks once on a terminal; otherwise reads one line of standard input.
/// @throws base::UsageError
std::string read_password(const std::string& user);

}  // namespace torc::cli
