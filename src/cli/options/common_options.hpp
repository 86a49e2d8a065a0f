#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "torc/client/api.hpp"

namespace torc::cli {

class Command;
class Option;

/// The positional `workflow-id` that may be left out; CommandContext::workflow_id then asks.
Option add_optional_workflow_id(Command command, std::optional<model::Id>& target);

/// A check for Option::check: a whole decimal number from 1 up. "" when `text` is one, else what is wrong.
std::string check_id(const std::string& text);

/// A check: a whole decimal number from 0 up.
std::string check_count(const std::string& text);

/// For CLI11: refuses an empty word, mostly a variable of a script that is not set.
std::string check_not_empty(const std::string& text);

/// A check: one of `words`, in any case where `ignore_case`; a near miss is pointed out.
std::function<std::string(const std::string&)> check_one_of(std::vector<std::string> words, bool ignore_case = false);

/// -s, --status: the name of a job's state.
void add_status_filter(Command command, std::string& status);

/// What `add_paging` offers besides --limit and --offset in short.
enum class PagingLetters {
  limit_only,  ///< -l
  all,         ///< -l -o -s -r
};

/// --limit, --offset, --sort-by, --reverse-sort
void add_paging(Command command, client::Paging& paging, PagingLetters letters);

}  // namespace torc::cli
