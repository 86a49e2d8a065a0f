#include "cli/print/hints.hpp"

#include <cctype>
#include <string_view>

#include "torc/base/printable.hpp"

namespace torc::cli {
namespace {

/// `text` as one word of a shell. Hints stand between single quotes, so backslashes quote here.
std::string word_in_quotes(const std::string& text) {
  std::string word;
  for (const char c : text) {
    const bool is_plain = std::isalnum(static_cast<unsigned char>(c)) != 0 || static_cast<signed char>(c) < 0 ||
                          std::string_view("_-./:=@%+,").find(c) != std::string_view::npos;
    word += is_plain ? std::string{c} : std::string{'\\', c};
  }
  return word;
}

}  // namespace

std::string program_in_hints(const GlobalOptions& options) {
  if (!options.standalone) {
    return "torc";
  }
  if (base::printable_line(options.database) != options.database) {
    return "torc -s --db DATABASE";  // On a terminal its name would be shown in another form, that of another file.
  }
  return options.database == GlobalOptions{}.database ? "torc -s" : "torc -s --db " + word_in_quotes(options.database);
}

}  // namespace torc::cli
