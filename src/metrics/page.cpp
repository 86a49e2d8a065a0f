#include "metrics/page.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "metrics/page_parts.hpp"
#include "torc/base/strings.hpp"
#include "torc/base/units.hpp"

namespace torc::metrics {
namespace {

using nlohmann::json;

struct ShownJob {
  const RecordedJob* job{nullptr};
  std::size_t machine{0};
  std::string anchor{};
};

struct Shown {
  std::vector<std::string> machines{};
  std::vector<ShownJob> jobs{};
  double from{0};
  double to{0};
};

bool is_number(std::string_view text) {
  return base::parse_int(text).has_value();
}

/// The worker key in resource_metrics_KEY_WORKFLOW_RUN.db, or in the name that torc 0.23 uses,
/// resource_metrics_wfWORKFLOW_KEY_rRUN.db. For any other file, its name without the extension.
std::string machine_name(const std::filesystem::path& file) {
  constexpr std::string_view k_prefix = "resource_metrics_";
  const std::string stem = file.stem().string();
  if (!stem.starts_with(k_prefix)) {
    return stem;
  }
  std::vector<std::string> words = base::split(std::string_view(stem).substr(k_prefix.size()), '_');
  if (words.size() < 3) {
    return stem;
  }
  const std::string_view first = words.front();
  const std::string_view last = words.back();
  if (first.starts_with("wf") && is_number(first.substr(2)) && last.starts_with("r") && is_number(last.substr(1))) {
    words.erase(words.begin());
    words.pop_back();
  } else if (is_number(last) && is_number(words[words.size() - 2])) {
    words.resize(words.size() - 2);
  } else {
    return stem;
  }
  return base::join(words, "_");
}

/// Unique names, one per recording. A machine may have several recordings, because it took part in several runs.
std::vector<std::string> machine_names(const std::vector<Recording>& recordings) {
  std::vector<std::string> names;
  std::map<std::string, int> uses;
  for (const auto& recording : recordings) {
    names.push_back(machine_name(recording.file));
    ++uses[names.back()];
  }
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (uses[names[i]] > 1) {
      names[i] = recordings[i].file.stem().string();
    }
  }
  std::map<std::string, int> seen;
  for (auto& name : names) {
    if (const int before = seen[name]++; before > 0) {
      name += fmt::format(" ({})", before + 1);
    }
  }
  return names;
}

void widen(Shown& shown, double from, double to) {
  shown.from = shown.from > 0 ? std::min(shown.from, from) : from;
  shown.to = std::max(shown.to, to);
}

Shown choose(const std::vector<Recording>& recordings, const PageContent& content) {
  Shown shown{.machines = machine_names(recordings)};
  for (std::size_t machine = 0; machine < recordings.size(); ++machine) {
    for (const auto& job : recordings[machine].jobs) {
      if (content.jobs && (!content.only_job || job.job_id == *content.only_job)) {
        const std::string anchor =
            machine == 0 ? fmt::format("job-{}", job.job_id) : fmt::format("job-{}-{}", job.job_id, machine + 1);
        shown.jobs.push_back({.job = &job, .machine = machine, .anchor = anchor});
        widen(shown, job.first_time, job.last_time);
      }
    }
    if (const auto& system = recordings[machine].system; content.machines && !system.empty()) {
      widen(shown, system.front().time, system.back().time);
    }
  }
  return shown;
}

double rounded(double value) {
  return std::round(value * 10) / 10;
}

template <typename Part>
json list_of(const std::vector<RecordedPoint>& points, Part part) {
  json list = json::array();
  for (const auto& point : points) {
    list.push_back(part(point));
  }
  return list;
}

json cpu_and_memory(double cpu, std::int64_t memory) {
  return {{"cpu", rounded(cpu)}, {"mem", memory}};
}

json job_data(const ShownJob& shown) {
  const RecordedJob& job = *shown.job;
  json request = json::object();
  if (job.requested_cpus) {
    request["cpu"] = rounded(*job.requested_cpus * 100);
  }
  if (job.requested_memory_bytes) {
    request["mem"] = *job.requested_memory_bytes;
  }
  // Tenths of a second since the previous point, and KiB, so that a thousand jobs take only a few megabytes.
  std::int64_t before = 0;
  const auto step = [&](const RecordedPoint& point) {
    const auto at = std::llround((point.time - job.first_time) * 10);
    return at - std::exchange(before, at);
  };
  return {{"id", job.job_id},
          {"anchor", shown.anchor},
          {"machine", shown.machine},
          {"name", base::printable(job.name)},
          {"start", job.first_time},
          {"end", job.last_time},
          {"samples", job.usage.samples},
          {"processes", job.peak_processes},
          {"peak", cpu_and_memory(job.usage.peak_cpu_percent, job.usage.peak_memory_bytes)},
          {"average", cpu_and_memory(job.usage.avg_cpu_percent, job.usage.avg_memory_bytes)},
          {"request", std::move(request)},
          {"steps", list_of(job.points, step)},
          {"cpu", list_of(job.points, [](const auto& point) { return rounded(point.cpu_percent); })},
          {"mem", list_of(job.points, [](const auto& point) { return point.memory_bytes / 1024; })}};
}

json machine_data(const Recording& recording, const std::string& name, bool with_samples) {
  const std::vector<RecordedPoint> none;
  const auto& points = with_samples ? recording.system : none;
  const auto& usage = recording.system_usage;
  return {{"name", base::printable(name)},
          {"total", recording.total_memory_bytes},
          {"peak", cpu_and_memory(usage.peak_cpu_percent, usage.peak_memory_bytes)},
          {"average", cpu_and_memory(usage.avg_cpu_percent, usage.avg_memory_bytes)},
          {"time", list_of(points, [](const auto& point) { return rounded(point.time); })},
          {"cpu", list_of(points, [](const auto& point) { return rounded(point.cpu_percent); })},
          {"mem", list_of(points, [](const auto& point) { return point.memory_bytes; })}};
}

/// JSON for a script element, escaped so that it cannot end the element.
std::string data_text(const std::vector<Recording>& recordings, const Shown& shown, const PageContent& content) {
  json machines = json::array();
  for (std::size_t i = 0; i < recordings.size(); ++i) {
    machines.push_back(machine_data(recordings[i], shown.machines[i], content.machines));
  }
  json jobs = json::array();
  for (const auto& job : shown.jobs) {
    jobs.push_back(job_data(job));
  }
  const json data{{"from", shown.from}, {"to", shown.to}, {"machines", std::move(machines)}, {"jobs", std::move(jobs)}};
  return base::replace_all(data.dump(-1, ' ', true, json::error_handler_t::replace), "<", "\\u003c");
}

std::string percent_text(double percent) {
  return percent < 10 && percent > 0 ? fmt::format("{:.1f} %", percent) : fmt::format("{:.0f} %", percent);
}

std::string cell(std::string_view text, std::string_view classes = {}) {
  return classes.empty() ? fmt::format("<td>{}</td>", escape_html(text))
                         : fmt::format("<td class=\"{}\">{}</td>", classes, escape_html(text));
}

/// Marks usage above the request with a symbol and text, because color alone is not accessible.
std::string peak_cell(const std::string& text, bool is_over) {
  return is_over ? fmt::format("<td class=\"over\">{}&nbsp;▲<span class=\"unseen\"> over request</span></td>",
                               escape_html(text))
                 : cell(text);
}

std::string columns_html(bool with_machine) {
  const std::vector<std::pair<const char*, const char*>> columns{{"id", "Job"},
                                                                 {"name", "Name"},
                                                                 {"machine", "Machine"},
                                                                 {"cpu", "Peak CPU"},
                                                                 {"cpu_request", "Requested CPU"},
                                                                 {"cpu_average", "Average CPU"},
                                                                 {"mem", "Peak memory"},
                                                                 {"mem_request", "Requested memory"},
                                                                 {"mem_average", "Average memory"},
                                                                 {"processes", "Processes"},
                                                                 {"time", "Sampled for"}};
  std::string html;
  for (const auto& [key, name] : columns) {
    const std::string_view which = key;
    if (which == "machine" && !with_machine) {
      continue;
    }
    const bool is_text = which == "name" || which == "machine";
    html += fmt::format("<th scope=\"col\" data-key=\"{}\"{}>{}</th>", key, is_text ? " class=\"text\"" : "", name);
  }
  return html;
}

std::string row_html(const ShownJob& shown, const std::string* machine) {
  const RecordedJob& job = *shown.job;
  const auto& usage = job.usage;
  const bool cpu_over = job.requested_cpus && usage.peak_cpu_percent > *job.requested_cpus * 100;
  const bool memory_over = job.requested_memory_bytes && usage.peak_memory_bytes > *job.requested_memory_bytes;
  const auto seen = std::chrono::milliseconds(std::llround((job.last_time - job.first_time) * 1000));
  std::string html =
      fmt::format("<tr id=\"{0}\"><th scope=\"row\"><a href=\"#{0}\">{1}</a></th>", shown.anchor, job.job_id);
  html += fmt::format("<td class=\"text name\"><bdi>{}</bdi></td>", escape_html(job.name));
  html += machine != nullptr ? cell(*machine, "text") : "";
  html += peak_cell(percent_text(usage.peak_cpu_percent), cpu_over);
  html += cell(job.requested_cpus ? percent_text(*job.requested_cpus * 100) : "");
  html += cell(percent_text(usage.avg_cpu_percent));
  html += peak_cell(base::format_bytes(usage.peak_memory_bytes), memory_over);
  html += cell(job.requested_memory_bytes ? base::format_bytes(*job.requested_memory_bytes) : "");
  html += cell(base::format_bytes(usage.avg_memory_bytes));
  html += cell(std::to_string(job.peak_processes)) + cell(base::format_duration(seen)) + "</tr>\n";
  return html;
}

std::string rows_html(const Shown& shown) {
  std::string html;
  for (const auto& job : shown.jobs) {
    html += row_html(job, shown.machines.size() > 1 ? &shown.machines[job.machine] : nullptr);
  }
  return html;
}

std::string machine_table_html(const std::vector<Recording>& recordings, const Shown& shown, bool is_wanted) {
  std::string rows;
  for (std::size_t i = 0; i < recordings.size(); ++i) {
    const auto& usage = recordings[i].system_usage;
    if (recordings[i].system.empty()) {
      continue;
    }
    rows += fmt::format("<tr><th scope=\"row\" class=\"text\"><bdi>{}</bdi></th>", escape_html(shown.machines[i]));
    rows += cell(percent_text(usage.peak_cpu_percent)) + cell(percent_text(usage.avg_cpu_percent));
    rows += cell(base::format_bytes(usage.peak_memory_bytes)) + cell(base::format_bytes(usage.avg_memory_bytes));
    rows += cell(base::format_bytes(recordings[i].total_memory_bytes)) + "</tr>\n";
  }
  if (rows.empty() || !is_wanted) {
    return "";
  }
  return "<section aria-labelledby=\"machine-peaks-title\">\n<h2 id=\"machine-peaks-title\">Peaks of machines</h2>\n"
         "<p class=\"quiet\">CPU in percent of all CPUs of the machine.</p>\n"
         "<div class=\"table-box\"><table><thead><tr><th scope=\"col\" class=\"text\">Machine</th>"
         "<th scope=\"col\">Peak CPU</th><th scope=\"col\">Average CPU</th><th scope=\"col\">Peak memory</th>"
         "<th scope=\"col\">Average memory</th><th scope=\"col\">Memory</th></tr></thead><tbody>\n" +
         rows + "</tbody></table></div>\n</section>";
}

std::string scope_html(const std::vector<Recording>& recordings, const Shown& shown) {
  const auto text = [](double seconds) {
    const auto when = std::chrono::system_clock::time_point(std::chrono::seconds(static_cast<std::int64_t>(seconds)));
    return base::replace_all(base::format_timestamp(when), ".000Z", "Z");
  };
  const auto count = [](std::size_t number, std::string_view what) {
    return fmt::format("{} {}{}", number, what, number == 1 ? "" : "s");
  };
  std::vector<std::string> parts;
  if (!shown.jobs.empty()) {
    parts.push_back(count(shown.jobs.size(), "job"));
  }
  parts.push_back(count(recordings.size(), "machine"));
  std::int64_t unseen = 0;
  for (const auto& recording : recordings) {
    unseen += recording.jobs_without_samples;
  }
  if (unseen > 0 && !shown.jobs.empty()) {
    parts.push_back(fmt::format("{} jobs ended before their first sample", unseen));
  }
  // The script replaces the period with local times.
  return fmt::format("{} · <span id=\"period\">{} to {}</span>", escape_html(base::join(parts, " · ")),
                     text(shown.from), text(shown.to));
}

/// Replaces the placeholders {{name}} of the page. Placeholders in the inserted texts are not replaced.
std::string fill(std::string_view page, const std::map<std::string_view, std::string>& texts) {
  std::string result;
  while (true) {
    const auto start = page.find("{{");
    const auto end = page.find("}}", start);
    if (start == std::string_view::npos || end == std::string_view::npos) {
      return result.append(page);
    }
    result.append(page.substr(0, start));
    result.append(texts.at(page.substr(start + 2, end - start - 2)));
    page.remove_prefix(end + 2);
  }
}

}  // namespace

std::string escape_html(std::string_view text) {
  std::string html;
  for (const char c : base::printable(text)) {
    switch (c) {
      case '&':
        html += "&amp;";
        break;
      case '<':
        html += "&lt;";
        break;
      case '>':
        html += "&gt;";
        break;
      case '"':
        html += "&quot;";
        break;
      case '\'':
        html += "&#39;";
        break;
      default:
        html += c;
    }
  }
  return html;
}

std::string make_page(const std::vector<Recording>& recordings, const PageContent& content) {
  const Shown shown = choose(recordings, content);
  std::string data = data_text(recordings, shown, content);
  // Derived from the content, so that the same databases always give the same page.
  const std::string nonce = base::to_hex(base::hash64(data), 16);
  const std::string script = "(() => {\n\"use strict\";\n" + std::string(k_chart_js) + std::string(k_overview_js) +
                             std::string(k_page_js) + "})();\n";
  return fill(k_page_html, {{"title", escape_html(content.title)},
                            {"scope", scope_html(recordings, shown)},
                            {"nonce", nonce},
                            {"style", std::string(k_page_css)},
                            {"script", script},
                            {"data", std::move(data)},
                            {"peaks_hidden", shown.jobs.empty() ? " hidden" : ""},
                            {"peaks_note",
                             "CPU: 100 % is one CPU. Memory: total resident memory of a job's processes. ▲: more than "
                             "requested."},
                            {"columns", columns_html(shown.machines.size() > 1)},
                            {"rows", rows_html(shown)},
                            {"machine_table", machine_table_html(recordings, shown, content.machines)}});
}

}  // namespace torc::metrics
