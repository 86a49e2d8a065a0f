#include "cli/options/common_options.hpp"

#include <algorithm>

#include "cli/parser/command_line.hpp"
#include "torc/base/strings.hpp"

namespace torc::cli {

Option add_optional_workflow_id(Command command, std::optional<model::Id>& target) {
  return command.option("workflow-id", target, "Id of the workflow; left out, you choose from a list")
      .type_name("ID")
      .check(check_id);
}

std::string check_id(const std::string& text) {
  const auto number = base::parse_int(text);
  return number && *number > 0 && text.front() != '0' ? "" : "'" + text + "' is no id (a number from 1 up)";
}

std::string check_not_empty(const std::string& text) {
  return text.empty() ? "must not be empty" : "";
}

std::string check_count(const std::string& text) {
  const auto number = base::parse_int(text);
  const bool plain = text == "0" || !text.starts_with('0');
  return number && *number >= 0 && plain ? "" : "'" + text + "' is no number from 0 up";
}

std::function<std::string(const std::string&)> check_one_of(std::vector<std::string> words, bool ignore_case) {
  return [words = std::move(words), ignore_case](const std::string& text) -> std::string {
    const auto matches = [&](const std::string& word) {
      return ignore_case ? base::to_lower(word) == base::to_lower(text) : word == text;
    };
    if (std::any_of(words.begin(), words.end(), matches)) {
      return "";
    }
    const auto meant = base::closest(text, words);
    return "'" + text + "' is none of " + base::join(words, ", ") + (meant ? "; did you mean '" + *meant + "'?" : "");
  };
}

void add_status_filter(Command command, std::string& status) {
  std::vector<std::string> names;
  for (const auto each : model::k_job_statuses) {
    names.emplace_back(model::to_string(each));
  }
  command.option("-s,--status", status, "Only those in this state: " + base::join(names, ", "))
      .type_name("STATUS")
      .check(check_one_of(names));
}

void add_paging(Command command, client::Paging& paging, PagingLetters letters) {
  const bool all = letters == PagingLetters::all;
  command.option("-l,--limit", paging.limit, "At most this many (default: all)").type_name("N").check(check_count);
  command.option(all ? "-o,--offset" : "--offset", paging.offset, "Pass over this many first")
      .type_name("N")
      .check(check_count)
      .capture_default_str();
  command.option(all ? "-s,--sort-by" : "--sort-by", paging.sort_by, "Sort by this field").type_name("FIELD");
  command.flag(all ? "-r,--reverse-sort" : "--reverse-sort", paging.reverse_sort, "Sort the other way round");
}

}  // namespace torc::cli
