#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "spec/draft.hpp"
#include "spec/pattern.hpp"
#include "spec/references.hpp"
#include "torc/base/strings.hpp"

namespace torc::spec {
namespace {

using Index = std::uint32_t;
using NameMap = std::unordered_map<std::string, Index>;

constexpr std::size_t k_max_name = 1000;
constexpr std::size_t k_max_dependencies = 5'000'000;

/// The names of one kind of item, each with its place.
template <typename Items>
NameMap index_names(const Document& document, const Items& items, const std::vector<const Node*>& nodes,
                    const char* kind) {
  NameMap names;
  names.reserve(items.size());
  for (Index i = 0; i < items.size(); ++i) {
    const std::string& name = items[i].name;
    if (base::trim(name).empty() || name.size() > k_max_name) {
      fail(document, *nodes[i], "the name of a {} must have 1 to {} bytes, found '{}'", kind, k_max_name, shown(name));
    }
    const auto [other, added] = names.emplace(name, i);
    if (!added) {
      if (nodes[i] == nodes[other->second]) {
        fail(document, *nodes[i], "its parameters give two {}s the name '{}'; use all of them in 'name'", kind,
             shown(name));
      }
      fail(document, *nodes[i], "the {} '{}' is there twice, first at {}", kind, shown(name),
           where(document, *nodes[other->second]));
    }
  }
  return names;
}

/// " (did you mean 'x'?)", or nothing.
std::string hint(const std::string& name, const NameMap& names) {
  // A search through very many names would take longer than the rest of the work.
  constexpr std::size_t k_candidates = 10'000;
  if (name.size() > k_max_name || names.size() > k_candidates) {
    return {};
  }
  std::vector<std::string> candidates;
  for (const auto& [candidate, index] : names) {
    candidates.push_back(candidate);
  }
  std::sort(candidates.begin(), candidates.end());
  const auto meant = base::closest(name, candidates);
  return meant ? fmt::format(" (did you mean '{}'?)", shown(*meant)) : "";
}

/// Resolves the names in the jobs of one draft.
class Linker {
 public:
  Linker(const Document& document, Draft& draft)
      : m_document(document),
        m_draft(draft),
        m_requirements(
            index_names(document, draft.spec.resource_requirements, draft.requirement_nodes, "resource requirement")),
        m_files(index_names(document, draft.spec.files, draft.file_nodes, "file")),
        m_jobs(index_names(document, draft.spec.jobs, draft.job_nodes, "job")),
        m_seen_by(std::max(draft.spec.jobs.size(), draft.spec.files.size()), k_nobody) {}

  void link() {
    auto& jobs = m_draft.spec.jobs;
    m_dependencies.resize(jobs.size());
    m_inputs.resize(jobs.size());
    m_outputs.resize(jobs.size());
    for (Index i = 0; i < jobs.size(); ++i) {
      check_requirement(i);
      fill_in_paths(i);
      m_inputs[i] = resolve(i, jobs[i].input_files, "input_files", m_files, "files");
      m_outputs[i] = resolve(i, jobs[i].output_files, "output_files", m_files, "files");
      m_dependencies[i] = resolve(i, jobs[i].depends_on, "depends_on", m_jobs, "jobs");
      for (std::size_t k = 0; k < m_draft.depends_on_regexes[i].size(); ++k) {
        add_matches(i, k);
      }
    }
    refuse_cycles();
  }

 private:
  static constexpr Index k_nobody = std::numeric_limits<Index>::max();

  const Node& node_of(Index job, const char* key, std::size_t item) const {
    return *m_draft.job_nodes[job]->find(key)->members[item].value;
  }

  void check_requirement(Index job) const {
    const auto& name = m_draft.spec.jobs[job].resource_requirements;
    if (name && !m_requirements.contains(*name)) {
      fail(m_document, *m_draft.job_nodes[job]->find("resource_requirements"),
           "'resource_requirements' names '{}', which is not there{}", shown(*name), hint(*name, m_requirements));
    }
  }

  /// Puts the paths into command and invocation script, and the files among the job's inputs and outputs.
  void fill_in_paths(Index job) {
    auto& spec = m_draft.spec.jobs[job];
    fill_in_paths(job, "command", spec.command);
    if (spec.invocation_script) {
      fill_in_paths(job, "invocation_script", *spec.invocation_script);
    }
  }

  void fill_in_paths(Index job, const char* key, std::string& text) {
    const auto references = find_references(text);
    if (references.empty()) {
      return;
    }
    auto& spec = m_draft.spec.jobs[job];
    const Node& node = *m_draft.job_nodes[job]->find(key);
    std::string filled;
    std::size_t done = 0;
    for (const auto& reference : references) {
      if (reference.section == Reference::Section::user_data) {
        fail(m_document, node, "'{}': '${{user_data...}}' is not supported yet", key);
      }
      const std::string name(reference.name);
      const auto found = m_files.find(name);
      if (found == m_files.end()) {
        fail(m_document, node, "'{}' names '{}', which is not among the files{}", key, shown(name),
             hint(name, m_files));
      }
      (reference.is_output ? spec.output_files : spec.input_files).push_back(name);
      filled.append(text, done, reference.begin - done).append(m_draft.spec.files[found->second].path);
      done = reference.end;
    }
    filled.append(text, done);
    m_filled_bytes += filled.size();
    if (m_filled_bytes > static_cast<std::size_t>(k_max_expanded_bytes)) {
      fail(m_document, node, "the commands, with the paths of their files, take more than {} MiB",
           k_max_expanded_bytes >> 20U);
    }
    text = std::move(filled);
  }

  /// The indexes of `names`, each once; the names are reduced to those. Names behind those of the file are known ones.
  std::vector<Index> resolve(Index job, std::vector<std::string>& names, const char* key, const NameMap& known,
                             const char* section) {
    std::vector<Index> result;
    std::vector<std::string> kept;
    for (std::size_t i = 0; i < names.size(); ++i) {
      const auto found = known.find(names[i]);
      if (found == known.end()) {
        fail(m_document, node_of(job, key, i), "'{}' names '{}', which is not among the {}{}", key, shown(names[i]),
             section, hint(names[i], known));
      }
      if (std::exchange(m_seen_by[found->second], job) != job) {
        result.push_back(found->second);
        kept.push_back(std::move(names[i]));
      }
    }
    for (const Index index : result) {
      m_seen_by[index] = k_nobody;
    }
    names = std::move(kept);
    return result;
  }

  void add_matches(Index job, std::size_t item) {
    const std::string& regex = m_draft.depends_on_regexes[job][item];
    auto& dependencies = m_dependencies[job];
    for (const Index index : dependencies) {
      m_seen_by[index] = job;
    }
    const std::vector<Index>& matches = matches_of(job, item, regex);
    m_dependency_count += matches.size();
    if (m_dependency_count > k_max_dependencies) {
      fail(m_document, node_of(job, "depends_on_regexes", item),
           "the regular expressions give the jobs more than {} dependencies; let a job in between gather them",
           k_max_dependencies);
    }
    for (const Index index : matches) {
      if (m_seen_by[index] != job) {
        dependencies.push_back(index);
        m_draft.spec.jobs[job].depends_on.push_back(m_draft.spec.jobs[index].name);
      }
    }
    for (const Index index : dependencies) {
      m_seen_by[index] = k_nobody;
    }
  }

  /// The jobs whose name the expression is found in; each expression is tried once.
  const std::vector<Index>& matches_of(Index job, std::size_t item, const std::string& regex) {
    const auto [entry, added] = m_matches.try_emplace(regex);
    if (!added) {
      return entry->second;
    }
    const Node& node = node_of(job, "depends_on_regexes", item);
    try {
      const Pattern pattern(regex);
      for (Index i = 0; i < m_draft.spec.jobs.size(); ++i) {
        if (pattern.found_in(m_draft.spec.jobs[i].name)) {
          entry->second.push_back(i);
        }
      }
    } catch (const base::Error& error) {
      fail(m_document, node, "'depends_on_regexes': {}", error.what());
    }
    if (entry->second.empty()) {
      fail(m_document, node, "'depends_on_regexes': '{}' matches no job", shown(regex));
    }
    return entry->second;
  }

  // The graph: the jobs, then the files; who comes first leads to who waits for it.

  Index job_count() const { return static_cast<Index>(m_draft.spec.jobs.size()); }
  Index file_vertex(Index file) const { return job_count() + file; }

  /// For each vertex those that must come before it.
  std::vector<std::vector<Index>> predecessors() const {
    std::vector<std::vector<Index>> result(m_dependencies);
    result.resize(job_count() + m_draft.spec.files.size());
    for (Index job = 0; job < job_count(); ++job) {
      for (const Index file : m_inputs[job]) {
        result[job].push_back(file_vertex(file));
      }
      for (const Index file : m_outputs[job]) {
        result[file_vertex(file)].push_back(job);
      }
    }
    return result;
  }

  void refuse_cycles() const {
    const auto before = predecessors();
    std::vector<std::vector<Index>> after(before.size());
    std::vector<Index> waiting(before.size());
    std::vector<Index> free;
    for (Index i = 0; i < before.size(); ++i) {
      waiting[i] = static_cast<Index>(before[i].size());
      if (before[i].empty()) {
        free.push_back(i);
      }
      for (const Index other : before[i]) {
        after[other].push_back(i);
      }
    }
    std::size_t done = 0;
    for (; !free.empty(); ++done) {
      const Index vertex = free.back();
      free.pop_back();
      for (const Index next : after[vertex]) {
        if (--waiting[next] == 0) {
          free.push_back(next);
        }
      }
    }
    if (done < before.size()) {
      fail_cycle(before, waiting);
    }
  }

  [[noreturn]] void fail_cycle(const std::vector<std::vector<Index>>& before, const std::vector<Index>& waiting) const {
    // Each vertex that still waits has one before it that waits, too: following those must come round.
    const auto still_waits = [&](Index vertex) { return waiting[vertex] > 0; };
    auto vertex = static_cast<Index>(
        std::find_if(waiting.begin(), waiting.end(), [](Index count) { return count > 0; }) - waiting.begin());
    std::vector<Index> path;
    std::vector<bool> visited(before.size(), false);
    while (!visited[vertex]) {
      visited[vertex] = true;
      path.push_back(vertex);
      vertex = *std::find_if(before[vertex].begin(), before[vertex].end(), still_waits);
    }
    path.erase(path.begin(), std::find(path.begin(), path.end(), vertex));
    // Start at the job that stands first in the file.
    std::rotate(path.begin(), std::min_element(path.begin(), path.end()), path.end());
    fail(m_document, *m_draft.job_nodes[path.front()], "dependency cycle: {} (each needs the one behind it)",
         cycle_text(path));
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
    return vertex < job_count() ? shown(m_draft.spec.jobs[vertex].name)
                                : "file " + shown(m_draft.spec.files[vertex - job_count()].name);
  }

  const Document& m_document;
  Draft& m_draft;
  NameMap m_requirements;
  NameMap m_files;
  NameMap m_jobs;
  std::vector<Index> m_seen_by;  ///< Scratch: the job that named an index last.
  std::vector<std::vector<Index>> m_dependencies{};
  std::vector<std::vector<Index>> m_inputs{};
  std::vector<std::vector<Index>> m_outputs{};
  std::unordered_map<std::string, std::vector<Index>> m_matches{};
  std::size_t m_dependency_count{0};
  std::size_t m_filled_bytes{0};
};

}  // namespace

void link(const Document& document, Draft& draft) {
  Linker(document, draft).link();
}

}  // namespace torc::spec
