#include "cli/print/hints.hpp"

#include "torc/base/shell_quote.hpp"

namespace torc::cli {

std::string program_in_hints(const GlobalOptions& options) {
  if (!options.standalone) {
    return "torc";
  }
  return options.database == GlobalOptions{}.database ? "torc -s"
                                                      : "torc -s --db " + base::shell_quote(options.database);
}

}  // namespace torc::cli
