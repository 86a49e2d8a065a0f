#include "torc/metrics/pages.hpp"

#include <gtest/gtest.h>

#include "metrics/page.hpp"
#include "support/temp_dir.hpp"
#include "torc/base/error.hpp"
#include "torc/base/file.hpp"

namespace torc::metrics {
namespace {

const std::string k_evil = "</script><img src=x>\"'&{{data}}";

RecordedJob job_named(std::int64_t id, const std::string& name) {
  return {.job_id = id,
          .name = name,
          .requested_cpus = 1,
          .first_time = 100,
          .last_time = 101,
          .usage = {.samples = 2, .peak_cpu_percent = 150, .peak_memory_bytes = 2048},
          .points = {{100, 1, 1024, 1}, {101, 150, 2048, 1}}};
}

std::vector<std::string> names_of(const std::vector<std::filesystem::path>& files) {
  std::vector<std::string> names;
  for (const auto& file : files) {
    names.push_back(file.filename().string());
  }
  return names;
}

TEST(EscapeHtml, EscapesMarkupAndUnprintableText) {
  EXPECT_EQ(escape_html("a<b>&\"'"), "a&lt;b&gt;&amp;&quot;&#39;");
  EXPECT_EQ(escape_html("caf\xc3\xa9 \xff!\x1b"), "caf\xc3\xa9 \\xff!\\x1b");
  EXPECT_EQ(escape_html("a\u202eb"), "a\\u202eb") << "browsers apply changes of direction, too";
  EXPECT_EQ(escape_html(""), "");
}

TEST(Pages, EscapeNamesOfJobsAndMachines) {
  const std::vector<Recording> recordings{
      {.file = "/x/resource_metrics_" + k_evil + "_1_1.db", .jobs = {job_named(4, k_evil)}, .system = {{100, 1, 1, 0}}},
      {.file = "/x/resource_metrics_b_1_1.db", .jobs = {job_named(4, "\xff")}}};
  const std::string page = make_page(recordings, {.title = k_evil});
  EXPECT_EQ(page.find("<img"), std::string::npos);
  EXPECT_NE(page.find("&lt;img"), std::string::npos);
  EXPECT_NE(page.find("\\u003c/script>\\u003cimg"), std::string::npos) << "in the data";
  std::size_t scripts = 0;
  for (auto at = page.find("</script>"); at != std::string::npos; at = page.find("</script>", at + 1)) {
    ++scripts;
  }
  EXPECT_EQ(scripts, 2U) << "the data and the program";
  EXPECT_EQ(page.find("\xff"), std::string::npos);
}

TEST(Pages, NameMachinesAfterTheirFiles) {
  const std::vector<RecordedPoint> system{{100, 1, 1, 0}};
  std::vector<Recording> recordings;
  for (const char* file : {"resource_metrics_alice_ws3_2222_42_1.db", "resource_metrics_wf7_ws4_r2.db", "mine.db",
                           "resource_metrics_twice_1_1.db", "resource_metrics_twice_1_2.db"}) {
    recordings.push_back({.file = file, .system = system});
  }
  const std::string page = make_page(recordings, {.title = "t"});
  for (const char* name :
       {"alice_ws3_2222", "ws4", "mine", "resource_metrics_twice_1_1", "resource_metrics_twice_1_2"}) {
    EXPECT_NE(page.find(std::string("<bdi>") + name + "</bdi>"), std::string::npos) << name;
  }
}

TEST(Pages, HaveNoExternalReferences) {
  const std::string page = make_page({{.file = "m.db", .jobs = {job_named(1, "a")}}}, {.title = "t"});
  for (const char* word : {"http:", "https:", "src=", "@import", "url(", "fetch(", "innerHTML"}) {
    auto at = page.find(word);
    if (std::string(word) == "http:") {
      at = page.find("http://www.w3.org/2000/svg") == at ? page.find(word, at + 1) : at;  // A name, never loaded.
    }
    EXPECT_EQ(at, std::string::npos) << word;
  }
}

TEST(Pages, ShowPeaksAndExcessesAsText) {
  const std::string page =
      make_page({{.file = "m.db", .jobs = {job_named(1, "a"), job_named(2, "b")}}}, {.title = "t"});
  EXPECT_NE(page.find("<td class=\"over\">150 %"), std::string::npos);
  EXPECT_NE(page.find("<td>2.0 KiB</td>"), std::string::npos);
  EXPECT_NE(page.find("2 jobs"), std::string::npos);
}

TEST(Pages, AreWrittenForAllAndForJobsNamed) {
  const support::TempDir dir;
  std::vector<Recording> recordings{{.file = "m.db", .jobs = {job_named(1, "a"), job_named(2, "b")}}};
  const auto files = write_pages(recordings, {.directory = dir / "a" / "b", .prefix = "p", .job_ids = {2}});
  EXPECT_EQ(names_of(files), (std::vector<std::string>{"p_summary.html", "p_job_2.html"}));
  EXPECT_EQ(base::read_file(files[1]).find("\"name\":\"a\""), std::string::npos);
  recordings[0].system = {{100, 1, 1, 0}};
  EXPECT_EQ(names_of(write_pages(recordings, {.directory = dir.path()})),
            (std::vector<std::string>{"summary.html", "system_timeline.html"}));
}

TEST(Pages, AreRefusedWithoutDataOrWritableDirectory) {
  const support::TempDir dir;
  const std::vector<Recording> recordings{{.file = "m.db", .jobs = {job_named(1, "a")}}};
  EXPECT_THROW(write_pages({{.file = "m.db"}}, {.directory = dir.path()}), base::Error);
  EXPECT_THROW(write_pages(recordings, {.directory = dir.path(), .job_ids = {1, 7}}), base::Error);
  base::write_file_atomically(dir / "file", "");
  EXPECT_THROW(write_pages(recordings, {.directory = dir / "file" / "below"}), base::Error);
  EXPECT_THROW(write_pages(recordings, {.directory = dir / "file"}), base::Error);
}

}  // namespace
}  // namespace torc::metrics
