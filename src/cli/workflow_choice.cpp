#include "cli/workflow_choice.hpp"

#include <unistd.h>

#include <algorithm>

#include <fmt/format.h>

#include "cli/print/table.hpp"
#include "cli/print/terminal.hpp"
#include "torc/base/error.hpp"
#include "torc/base/fd.hpp"
#include "torc/base/printable.hpp"
#include "torc/base/strings.hpp"

namespace torc::cli {
namespace {

/// The list is printed on standard error, since standard output is for the command's result.
void show(const std::vector<model::Workflow>& workflows) {
  Table table({"ID", "Name", "Description", "Created"});
  for (const auto& workflow : workflows) {
    table.add_row({std::to_string(workflow.id.value_or(0)), workflow.name, workflow.description.value_or(""),
                   workflow.timestamp.value_or("")});
  }
  base::write_all(STDERR_FILENO, base::join(table.lines(), "\n") + "\n");
}

}  // namespace

model::Id choose_workflow(client::Api& api, const std::string& user) {
  if (!can_ask()) {
    throw base::UsageError("no workflow ID given, and standard input is not a terminal to ask for one");
  }
  client::WorkflowFilter filter;
  filter.user = user;
  filter.is_archived = false;
  const auto workflows = api.list_workflows(filter).items;
  if (workflows.empty()) {
    throw base::Error(
        fmt::format("user '{}' has no workflows on this server; create one with 'torc create FILE'", user));
  }
  show(workflows);
  const model::Id newest = workflows.back().id.value_or(0);
  for (;;) {
    const auto answer = ask_line(fmt::format("Workflow ID [{}]: ", newest));
    if (!answer) {
      throw base::UsageError("no workflow chosen");
    }
    const std::string_view word = base::trim(*answer);
    if (word.empty()) {
      return newest;
    }
    const auto id = base::parse_int(word);
    if (id && std::any_of(workflows.begin(), workflows.end(), [&](const auto& each) { return each.id == id; })) {
      return *id;
    }
    base::write_all(STDERR_FILENO, fmt::format("'{}' is not in the list.\n", base::printable_line(word)));
  }
}

}  // namespace torc::cli
