#include <array>
#include <cstddef>
#include <limits>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "workflow_file/cycle.hpp"
#include "workflow_file/draft.hpp"
#include "workflow_file/names.hpp"
#include "workflow_file/pattern.hpp"
#include "workflow_file/references.hpp"

namespace torc::workflow_file {
namespace {

constexpr std::size_t k_max_dependencies = 5'000'000;

/// One kind of item that jobs refer to, with the data for messages and searches.
struct Kind {
  const char* singular;
  const char* plural;
  NameMap names{};
  std::vector<const std::string*> in_order{};                     ///< The names by index.
  std::unordered_map<std::string, std::vector<Index>> matches{};  ///< By expression, so that each is searched once.
  /// Scratch: the last job that referred to each index.
  std::vector<Index> seen_by{};
};

constexpr Index k_nobody = std::numeric_limits<Index>::max();

template <typename Items>
Kind make_kind(const Document& document, const Items& items, const std::vector<const Node*>& nodes,
               const char* singular, const char* plural) {
  Kind kind{singular, plural};
  kind.names = index_names(document, items, nodes, singular, plural);
  kind.seen_by.assign(items.size(), k_nobody);
  kind.in_order.reserve(items.size());
  for (const auto& item : items) {
    kind.in_order.push_back(&item.name);
  }
  return kind;
}

/// Resolves the names in the jobs and actions of one draft.
class Linker {
 public:
  Linker(const Document& document, Draft& draft)
      : m_document(document),
        m_draft(draft),
        m_requirements(index_names(document, draft.description.resource_requirements, draft.requirement_nodes,
                                   "resource requirement", "resource requirements")),
        m_handlers(index_names(document, draft.description.failure_handlers, draft.failure_handler_nodes,
                               "failure handler", "failure handlers")),
        m_files(make_kind(document, draft.description.files, draft.file_nodes, "file", "files")),
        m_user_data(make_kind(document, draft.description.user_data, draft.user_data_nodes, "user data record",
                              "user data records")),
        m_jobs(make_kind(document, draft.description.jobs, draft.job_nodes, "job", "jobs")) {}

  void link() {
    const auto count = static_cast<Index>(m_draft.description.jobs.size());
    for (auto& links : m_links) {
      links.resize(count);
    }
    for (Index i = 0; i < count; ++i) {
      const JobDescription& job = m_draft.description.jobs[i];
      check_name(i, "resource_requirements", job.resource_requirements, m_requirements);
      check_name(i, "failure_handler", job.failure_handler, m_handlers);
      fill_in_references(i);
      link_lists(i);
    }
    for (std::size_t i = 0; i < m_draft.description.actions.size(); ++i) {
      link_action(i);
    }
    refuse_cycles();
  }

 private:
  // ---- One job

  void check_name(Index job, const char* key, const std::optional<std::string>& name, const NameMap& known) const {
    if (name && !known.contains(*name)) {
      fail(m_document, *m_draft.job_nodes[job]->find(key), "'{}' names '{}', which does not exist{}", key, shown(*name),
           hint(*name, known));
    }
  }

  Kind& kind_of(const NameList& list) {
    return list.of == NameList::Of::jobs ? m_jobs : list.of == NameList::Of::files ? m_files : m_user_data;
  }

  void link_lists(Index job) {
    const Node& node = *m_draft.job_nodes[job];
    JobDescription& description = m_draft.description.jobs[job];
    for (std::size_t i = 0; i < k_name_lists.size(); ++i) {
      const NameList& list = k_name_lists[i];
      m_links[i][job] = resolve(node, list.key, description.*list.names, kind_of(list), job);
    }
    for (const JobRegex& regex : m_draft.job_regexes[job]) {
      const NameList& list = k_name_lists[regex.list];
      const Node& at = member_of(node, list.regexes_key, regex.item);
      add_matches({at, list.regexes_key, regex.text}, description.*list.names, m_links[regex.list][job], kind_of(list),
                  job);
    }
  }

  static const Node& member_of(const Node& item, const char* key, std::size_t index) {
    return *item.find(key)->members[index].value;
  }

  /// Replaces the references in command and invocation script, and adds the files to the job's inputs and outputs.
  void fill_in_references(Index job) {
    auto& description = m_draft.description.jobs[job];
    fill_in_references(job, "command", description.command);
    if (description.invocation_script) {
      fill_in_references(job, "invocation_script", *description.invocation_script);
    }
  }

  void fill_in_references(Index job, const char* key, std::string& text) {
    const auto references = find_references(text);
    if (references.empty()) {
      return;
    }
    auto& description = m_draft.description.jobs[job];
    const Node& node = *m_draft.job_nodes[job]->find(key);
    std::string filled;
    std::size_t done = 0;
    for (const auto& reference : references) {
      const bool is_file = reference.section == Reference::Section::files;
      const Kind& kind = is_file ? m_files : m_user_data;
      const std::string name(reference.name);
      const auto found = kind.names.find(name);
      if (found == kind.names.end()) {
        fail(m_document, node, "'{}' names '{}', which is not among the {}{}", key, shown(name), kind.plural,
             hint(name, kind.names));
      }
      auto& names = is_file ? (reference.is_output ? description.output_files : description.input_files)
                            : (reference.is_output ? description.output_user_data : description.input_user_data);
      names.push_back(name);
      filled.append(text, done, reference.begin - done);
      filled += is_file ? m_draft.description.files[found->second].path : data_of(node, key, found->second);
      done = reference.end;
      check_filled(node, filled.size());
    }
    filled.append(text, done);
    m_filled_bytes += filled.size();
    text = std::move(filled);
  }

  void check_filled(const Node& node, std::size_t more) const {
    if (m_filled_bytes + more > static_cast<std::size_t>(k_max_expanded_bytes)) {
      fail(m_document, node, "the commands with the data that they refer to need more than {} MiB",
           k_max_expanded_bytes >> 20U);
    }
  }

  const std::string& data_of(const Node& node, const char* key, Index index) {
    const UserDataDescription& user_data = m_draft.description.user_data[index];
    if (!user_data.data) {
      fail(m_document, node, "'{}' refers to the user data record '{}', which has no data in the file", key,
           shown(user_data.name));
    }
    const auto [entry, added] = m_data_texts.try_emplace(index);
    if (added) {
      entry->second = user_data.data->dump();
    }
    return entry->second;
  }

  // ---- Lists of names and of expressions

  /// The indexes of `names` without duplicates, which are also removed from `names`. Names after those from the file
  /// are known to exist.
  std::vector<Index> resolve(const Node& item, const char* key, std::vector<std::string>& names, Kind& kind,
                             Index asker) {
    std::vector<Index> result;
    std::vector<std::string> kept;
    for (std::size_t i = 0; i < names.size(); ++i) {
      const auto found = kind.names.find(names[i]);
      if (found == kind.names.end()) {
        fail(m_document, member_of(item, key, i), "'{}' names '{}', which is not among the {}{}", key, shown(names[i]),
             kind.plural, hint(names[i], kind.names));
      }
      if (std::exchange(kind.seen_by[found->second], asker) != asker) {
        result.push_back(found->second);
        kept.push_back(std::move(names[i]));
      }
    }
    for (const Index index : result) {
      kind.seen_by[index] = k_nobody;
    }
    names = std::move(kept);
    return result;
  }

  struct Expression {
    const Node& node;
    const char* key;
    const std::string& text;
  };

  void add_matches(const Expression& expression, std::vector<std::string>& names, std::vector<Index>& indexes,
                   Kind& kind, Index asker) {
    for (const Index index : indexes) {
      kind.seen_by[index] = asker;
    }
    const std::vector<Index>& matches = matches_of(expression, kind);
    m_match_count += matches.size();
    if (m_match_count > k_max_dependencies) {
      fail(m_document, expression.node,
           "the regular expressions give the jobs more than {} dependencies; add an intermediate job that depends on "
           "all of them",
           k_max_dependencies);
    }
    for (const Index index : matches) {
      if (kind.seen_by[index] != asker) {
        indexes.push_back(index);
        names.push_back(*kind.in_order[index]);
      }
    }
    for (const Index index : indexes) {
      kind.seen_by[index] = k_nobody;
    }
  }

  /// The items whose names match the expression.
  const std::vector<Index>& matches_of(const Expression& expression, Kind& kind) const {
    const auto [entry, added] = kind.matches.try_emplace(expression.text);
    if (!added) {
      return entry->second;
    }
    try {
      const Pattern pattern(expression.text);
      for (Index i = 0; i < kind.in_order.size(); ++i) {
        if (pattern.found_in(*kind.in_order[i])) {
          entry->second.push_back(i);
        }
      }
    } catch (const base::Error& error) {
      fail(m_document, expression.node, "'{}': {}", expression.key, error.what());
    }
    if (entry->second.empty()) {
      fail(m_document, expression.node, "'{}': '{}' matches no {}", expression.key, shown(expression.text),
           kind.singular);
    }
    return entry->second;
  }

  void link_action(std::size_t action) {
    const Node& node = *m_draft.action_nodes[action];
    auto& names = m_draft.description.actions[action].jobs;
    std::vector<Index> indexes = resolve(node, "jobs", names, m_jobs, 0);
    const auto& regexes = m_draft.job_name_regexes[action];
    for (std::size_t i = 0; i < regexes.size(); ++i) {
      const Node& at = member_of(node, "job_name_regexes", i);
      add_matches({at, "job_name_regexes", regexes[i]}, names, indexes, m_jobs, 0);
    }
  }

  // ---- The graph: the vertices are the jobs, then the files, then the user data; edges lead from a vertex to those
  // that wait for it.

  Predecessors predecessors() const {
    const auto first_file = static_cast<Index>(m_draft.description.jobs.size());
    const auto first_user_data = first_file + static_cast<Index>(m_draft.description.files.size());
    Predecessors result;
    result.resize(first_user_data + m_draft.description.user_data.size());
    for (std::size_t i = 0; i < k_name_lists.size(); ++i) {
      const NameList& list = k_name_lists[i];
      const Index first = list.of == NameList::Of::jobs    ? 0
                          : list.of == NameList::Of::files ? first_file
                                                           : first_user_data;
      for (Index job = 0; job < first_file; ++job) {
        for (const Index index : m_links[i][job]) {
          const Index item = first + index;
          result[list.is_output ? item : job].push_back(list.is_output ? job : item);
        }
      }
    }
    return result;
  }

  void refuse_cycles() const {
    const auto path = find_cycle(predecessors());
    if (!path.empty()) {  // A cycle starts at a job, because jobs have the lowest numbers.
      fail(m_document, *m_draft.job_nodes[path.front()], "dependency cycle: {} (each depends on the next)",
           cycle_text(path));
    }
  }

  std::string cycle_text(const std::vector<Index>& path) const {
    constexpr std::size_t k_shown = 10;
    std::string text;
    for (std::size_t i = 0; i < path.size(); ++i) {
      if (i == k_shown) {
        text += fmt::format("... ({} more) -> ", path.size() - i);
        break;
      }
      text += vertex_name(path[i]) + " -> ";
    }
    return text + vertex_name(path.front());
  }

  std::string vertex_name(Index vertex) const {
    const Kind* kind = &m_jobs;
    std::string start;
    for (const Kind* next : {&m_files, &m_user_data}) {
      if (vertex < kind->in_order.size()) {
        break;
      }
      vertex -= static_cast<Index>(kind->in_order.size());
      kind = next;
      start = fmt::format("{} ", kind->singular);
    }
    return start + shown(*kind->in_order[vertex]);
  }

  const Document& m_document;
  Draft& m_draft;
  NameMap m_requirements;
  NameMap m_handlers;
  Kind m_files;
  Kind m_user_data;
  Kind m_jobs;
  std::array<std::vector<std::vector<Index>>, k_name_lists.size()> m_links{};  ///< By list and job.
  std::unordered_map<Index, std::string> m_data_texts{};                       ///< User data as inserted into commands.
  std::size_t m_match_count{0};
  std::size_t m_filled_bytes{0};
};

}  // namespace

void link(const Document& document, Draft& draft) {
  Linker(document, draft).link();
}

}  // namespace torc::workflow_file
