#include "torc/model/worker_file.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "torc/base/error.hpp"
#include "torc/base/strings.hpp"
#include "torc/base/units.hpp"

namespace torc::model {
namespace {

using base::Error;

constexpr double k_bytes_per_gb = 1024.0 * 1024.0 * 1024.0;
constexpr std::ptrdiff_t k_max_brackets = 16;  ///< Limits the recursion depth: each bracket is a nested call.

bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/// Removes the next word from a line and returns it. Text in single or double quotes may contain spaces; the quotes are
/// removed. Returns "" at the end of the line, and at a word that starts with '#'.
std::string take_word(std::string_view& line) {
  line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
  if (line.starts_with('#')) {
    line = {};
  }
  std::string word;
  std::size_t at = 0;
  while (at < line.size() && !is_blank(line[at])) {
    const char c = line[at++];
    // Outside of settings a quote is an ordinary character; no valid address contains one.
    if ((c != '"' && c != '\'') || word.find('=') == std::string::npos) {
      word += c;
      continue;
    }
    const auto end = line.find(c, at);
    if (end == std::string_view::npos) {
      throw Error(fmt::format("Unclosed quote in '{}'", base::printable(line)));
    }
    word += line.substr(at, end - at);
    at = end + 1;
  }
  line.remove_prefix(at);
  return word;
}

struct Range {
  std::int64_t first{0};
  std::int64_t last{0};
  std::size_t width{0};  ///< Pad with leading zeros to this width.
};

std::int64_t range_number(std::string_view digits, std::string_view text) {
  const bool good =
      !digits.empty() && digits.size() <= 18 && digits.find_first_not_of("0123456789") == std::string::npos;
  if (!good) {
    throw Error(fmt::format("'[{}]' is not a range of numbers such as [01-16,20]", base::printable(text)));
  }
  return base::parse_int(digits).value_or(0);
}

/// The ranges in "01-16,20".
std::vector<Range> parse_ranges(std::string_view text) {
  std::vector<Range> ranges;
  for (const auto& part : base::split(text, ',')) {
    const auto dash = part.find('-');
    Range range{.first = range_number(std::string_view(part).substr(0, dash), text)};
    range.width = std::min(dash, part.size());
    range.last = dash == std::string::npos ? range.first : range_number(std::string_view(part).substr(dash + 1), text);
    if (range.last < range.first) {
      throw Error(fmt::format("The range '{}' ends before it starts", part));
    }
    ranges.push_back(range);
  }
  return ranges;
}

[[noreturn]] void throw_too_many() {
  throw Error(fmt::format("More than {} workers", k_max_workers));
}

/// Whether the text in brackets is meant as a range. Otherwise it is an IPv6 address, or an error that the address
/// parser reports.
bool is_range(std::string_view before, std::string_view inside) {
  return !before.empty() || (!inside.empty() && inside.find_first_not_of("0123456789,-") == std::string_view::npos);
}

/// Appends all addresses that `host` and the text after it expand to, each with `before` in front.
void expand(const std::string& before, std::string_view host, const std::string& user, std::vector<std::string>& into) {
  const auto open = host.find('[');
  const auto close = host.find(']', open);
  if (open == std::string_view::npos ||
      !is_range(before + std::string(host.substr(0, open)),
                close == std::string_view::npos ? std::string_view() : host.substr(open + 1, close - open - 1))) {
    if (into.size() >= k_max_workers) {
      throw_too_many();
    }
    into.push_back(user + before + std::string(host));
    return;
  }
  if (close == std::string_view::npos) {
    throw Error(fmt::format("Unclosed bracket in '{}'", base::printable(before + std::string(host))));
  }
  const std::string start = before + std::string(host.substr(0, open));
  for (const Range& range : parse_ranges(host.substr(open + 1, close - open - 1))) {
    for (std::int64_t number = range.first; number <= range.last; ++number) {
      expand(fmt::format("{}{:0{}}", start, number, range.width), host.substr(close + 1), user, into);
    }
  }
}

/// The addresses that a word of a worker file expands to.
std::vector<std::string> expand_word(std::string_view word) {
  const auto at = word.rfind('@');
  const auto host = at == std::string_view::npos ? 0 : at + 1;
  if (std::count(word.begin(), word.end(), '[') > k_max_brackets) {
    throw Error(fmt::format("More than {} brackets in a name", k_max_brackets));
  }
  std::vector<std::string> addresses;
  expand("", word.substr(host), std::string(word.substr(0, host)), addresses);
  return addresses;
}

std::int64_t parse_count(const std::string& key, const std::string& value, std::int64_t least, std::int64_t most) {
  const auto number = base::parse_int(value);
  if (!number || *number < least || *number > most) {
    throw Error(fmt::format("'{}={}': expected an integer from {} to {}", key, base::printable(value), least, most));
  }
  return *number;
}

bool is_variable(const std::string& name) {
  return !name.empty() && !(name.front() >= '0' && name.front() <= '9') &&
         std::all_of(name.begin(), name.end(), [](char c) { return is_letter_or_digit(c) || c == '_'; });
}

bool is_for_torc(const std::string& name) {
  return name.starts_with("TORC_");
}

bool is_text(const std::string& value) {
  return value.find('\0') == std::string::npos && base::valid_utf8_prefix(value) == value.size();
}

void set_variable(const std::string& name, const std::string& value, WorkerSettings& settings) {
  if (!is_variable(name)) {
    throw Error(fmt::format("'{}' is not a valid name of an environment variable", base::printable(name)));
  }
  if (is_for_torc(name)) {
    throw Error(fmt::format("'env:{}': names that start with TORC_ are reserved for torc", name));
  }
  if (!is_text(value)) {
    throw Error(fmt::format("'env:{}': the value contains a NUL or invalid UTF-8", name));
  }
  settings.environment[name] = value;
}

std::string parse_path(const std::string& key, const std::string& value, std::string_view what) {
  if (value.empty() || base::printable(value) != value) {
    throw Error(fmt::format("'{}={}' is not a valid {}", key, base::printable(value), what));
  }
  return value;
}

void apply_setting(const std::string& word, WorkerSettings& settings) {
  constexpr std::string_view k_variable = "env:";
  const auto equals = word.find('=');
  const std::string key = word.substr(0, equals);
  const std::string value = equals == std::string::npos ? "" : word.substr(equals + 1);
  if (equals != std::string::npos && key.starts_with(k_variable)) {
    set_variable(key.substr(k_variable.size()), value, settings);
  } else if (equals != std::string::npos && key == "dir") {
    settings.dir = parse_path(key, value, "directory name");
  } else if (equals != std::string::npos && key == "shell") {
    settings.shell = parse_path(key, value, "name of a shell");
  } else if (equals != std::string::npos && key == "cpus") {
    settings.cpus = parse_count(key, value, 1, k_max_cpus);
  } else if (equals != std::string::npos && key == "gpus") {
    settings.gpus = parse_count(key, value, 0, k_max_gpus);
  } else if (equals != std::string::npos && key == "max-jobs") {
    settings.max_jobs = parse_count(key, value, 1, k_max_parallel_jobs);
  } else if (equals != std::string::npos && key == "memory") {
    const auto bytes = base::parse_memory(value);
    if (!bytes || *bytes < 1'048'576) {
      throw Error(fmt::format("'memory={}': expected a size of at least 1m, such as 32g", base::printable(value)));
    }
    settings.memory_gb = static_cast<double>(*bytes) / k_bytes_per_gb;
  } else {
    throw Error(
        fmt::format("'{}' is not a setting; settings are cpus=N, memory=SIZE, gpus=N, max-jobs=N, dir=DIR, "
                    "shell=SHELL, env:NAME=VALUE",
                    base::printable(word)));
  }
}

std::string parse_group(const std::string& word) {
  const std::string name = word.substr(1);
  const bool good = std::all_of(name.begin(), name.end(),
                                [](char c) { return is_letter_or_digit(c) || c == '_' || c == '-' || c == '.'; });
  if (!good) {
    throw Error(
        fmt::format("'{}' is not a valid group name; use letters, digits, '_', '-' and '.'", base::printable(word)));
  }
  return name;
}

/// Reads the lines of a worker file.
class WorkerFile {
 public:
  void read_line(std::string_view line) {
    const std::string first = take_word(line);
    if (first.empty()) {
      return;
    }
    const bool is_group = first.starts_with('@');
    WorkerSettings settings = is_group ? WorkerSettings{} : m_group;
    if (const std::string group = is_group ? parse_group(first) : ""; !group.empty()) {
      settings.groups.push_back(group);
    }
    // Parse the addresses first: if a line has several errors, report that of the address.
    const auto addresses = is_group ? std::vector<WorkerAddress>() : addresses_of(first);
    for (std::string word = take_word(line); !word.empty(); word = take_word(line)) {
      apply_setting(word, settings);
    }
    if (is_group) {
      m_group = settings;
    }
    for (const auto& address : addresses) {
      m_entries.push_back({.address = address, .settings = settings});
    }
  }

  std::vector<WorkerEntry> take() { return std::move(m_entries); }

 private:
  std::vector<WorkerAddress> addresses_of(const std::string& word) {
    std::vector<WorkerAddress> addresses;
    for (const auto& text : expand_word(word)) {
      addresses.push_back(WorkerAddress::parse(text));
      m_hosts.add(addresses.back());
      if (m_hosts.size() > k_max_workers) {
        throw_too_many();
      }
    }
    return addresses;
  }

  std::vector<WorkerEntry> m_entries;
  DistinctHosts m_hosts;
  WorkerSettings m_group;
};

template <typename T>
std::optional<T> number_of(const nlohmann::json& json, const char* name) {
  const auto it = json.find(name);
  return it != json.end() && it->is_number() ? std::optional<T>(it->get<T>()) : std::nullopt;
}

}  // namespace

nlohmann::json to_json(const WorkerSettings& settings) {
  auto json = nlohmann::json::object();
  const auto put = [&](const char* name, const auto& value) {
    if (value) {
      json[name] = *value;
    }
  };
  put("cpus", settings.cpus);
  put("memory_gb", settings.memory_gb);
  put("gpus", settings.gpus);
  put("max_jobs", settings.max_jobs);
  if (!settings.dir.empty()) {
    json["dir"] = settings.dir;
  }
  if (!settings.shell.empty()) {
    json["shell"] = settings.shell;
  }
  if (!settings.environment.empty()) {
    json["env"] = settings.environment;
  }
  if (!settings.groups.empty()) {
    json["groups"] = settings.groups;
  }
  return json;
}

WorkerSettings worker_settings_from_json(const nlohmann::json& json) {
  WorkerSettings settings;
  if (!json.is_object()) {
    return settings;
  }
  settings.cpus = number_of<std::int64_t>(json, "cpus");
  settings.memory_gb = number_of<double>(json, "memory_gb");
  settings.gpus = number_of<std::int64_t>(json, "gpus");
  settings.max_jobs = number_of<std::int64_t>(json, "max_jobs");
  if (const auto it = json.find("dir"); it != json.end() && it->is_string()) {
    settings.dir = it->get<std::string>();
  }
  if (const auto it = json.find("shell"); it != json.end() && it->is_string() && is_text(it->get<std::string>())) {
    settings.shell = it->get<std::string>();
  }
  if (const auto it = json.find("env"); it != json.end() && it->is_object()) {
    for (const auto& [name, value] : it->items()) {
      // Another program may have stored the variable, so values that a worker file cannot contain count as absent.
      if (value.is_string() && is_variable(name) && !is_for_torc(name) && is_text(value.get<std::string>())) {
        settings.environment[name] = value.get<std::string>();
      }
    }
  }
  if (const auto it = json.find("groups"); it != json.end() && it->is_array()) {
    for (const auto& group : *it) {
      if (group.is_string()) {
        settings.groups.push_back(group.get<std::string>());
      }
    }
  }
  return settings;
}

std::string describe(const WorkerSettings& settings) {
  std::vector<std::string> words;
  for (const auto& group : settings.groups) {
    words.push_back("@" + base::printable(group));
  }
  const auto add = [&](const char* name, const auto& value) {
    if (value) {
      words.push_back(fmt::format("{}={}", name, *value));
    }
  };
  add("cpus", settings.cpus);
  if (settings.memory_gb) {
    words.push_back(fmt::format("memory={:g}g", *settings.memory_gb));
  }
  add("gpus", settings.gpus);
  add("max-jobs", settings.max_jobs);
  if (!settings.dir.empty()) {
    words.push_back("dir=" + base::printable(settings.dir));
  }
  if (!settings.shell.empty()) {
    words.push_back("shell=" + base::printable(settings.shell));
  }
  for (const auto& [name, value] : settings.environment) {
    words.push_back("env:" + name);
  }
  return base::join(words, " ");
}

std::vector<WorkerEntry> parse_worker_file(std::string_view text, const std::string& name) {
  text = base::without_byte_order_mark(text);
  WorkerFile file;
  const auto lines = base::split_lines(text);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    try {
      file.read_line(base::trim(lines[i]));
    } catch (Error& error) {
      throw Error(fmt::format("{}:{}: {}", name, i + 1, error.what()));
    }
  }
  auto entries = file.take();
  if (entries.empty()) {
    throw Error(fmt::format("Worker file '{}' contains no valid entries", name));
  }
  return entries;
}

}  // namespace torc::model
