#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/parser/command_info.hpp"
#include "torc/client/api.hpp"

// Options that several commands share. The functions describe them; parsing writes to the targets, which must outlive
// the descriptions.

namespace torc::cli {

/// The argument `workflow-id`; if it is omitted, CommandContext::workflow_id asks.
OptionInfo workflow_id_argument(std::optional<model::Id>& target);

/// -s, --status: a job status.
OptionInfo status_filter(std::string& status);

/// -o, --output-dir, for the commands that run jobs on this machine.
OptionInfo output_directory_option(std::string& directory);

/// --shell
OptionInfo shell_option(std::optional<std::string>& shell);

/// --raw
OptionInfo raw_option(bool& raw);

/// Which of `paging_options` have short names.
enum class PagingLetters {
  limit_only,  ///< -l
  all,         ///< -l -o -s -r
};

/// --limit, --offset, --sort-by, --reverse-sort
std::vector<OptionInfo> paging_options(client::Paging& paging, PagingLetters letters);

}  // namespace torc::cli
