#!/usr/bin/env python3
"""`torc plot-resources`: what it writes, what it refuses, and its pages in a browser, if one is installed."""
import html.parser
import json
import math
import pathlib
import re
import shutil
import sqlite3
import subprocess

from harness import E2ETest, clean_environment, main, run_torc

EVIL = "</script><img src=x onerror=\"document.title='broken'\">"
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
TABLES = """
CREATE TABLE job_resource_samples (id INTEGER PRIMARY KEY AUTOINCREMENT, job_id INTEGER NOT NULL, timestamp REAL NOT NULL,
    cpu_percent REAL NOT NULL, memory_bytes INTEGER NOT NULL, num_processes INTEGER NOT NULL);
CREATE TABLE job_metadata (job_id INTEGER PRIMARY KEY, job_name TEXT NOT NULL);
"""
SYSTEM_TABLES = """
CREATE TABLE system_resource_samples (id INTEGER PRIMARY KEY AUTOINCREMENT, timestamp REAL NOT NULL,
    cpu_percent REAL NOT NULL, memory_bytes INTEGER NOT NULL, total_memory_bytes INTEGER NOT NULL);
CREATE TABLE job_requests (job_id INTEGER PRIMARY KEY, num_cpus REAL, memory_bytes INTEGER);
"""


def make_database(path: pathlib.Path, jobs: int, name=lambda job: f"job_{job}", samples: int = 60, system: bool = True) -> None:
    """A database of jobs that start one after the other; job N uses N MiB more memory than the one before."""
    with sqlite3.connect(path) as rows:
        rows.executescript(TABLES + (SYSTEM_TABLES if system else ""))
        for job in range(1, jobs + 1):
            start = 1_700_000_000 + 2 * job
            rows.execute("INSERT INTO job_metadata VALUES (?, ?)", (job, name(job)))
            rows.executemany(
                "INSERT INTO job_resource_samples (job_id, timestamp, cpu_percent, memory_bytes, num_processes) VALUES (?, ?, ?, ?, ?)",
                [(job, start + i, 50 + 49 * math.sin(i / 7 + job), (job << 20) + (i << 14), 2) for i in range(samples)])
            if system:
                rows.execute("INSERT INTO job_requests VALUES (?, 1, ?)", (job, 2 << 20))
        if system:
            rows.executemany("INSERT INTO system_resource_samples (timestamp, cpu_percent, memory_bytes, total_memory_bytes) "
                             "VALUES (?, ?, ?, ?)",
                             [(1_700_000_000 + i, 50 + 50 * math.sin(i / 20), i << 20, 8 << 30) for i in range(200)])
    rows.close()


class Elements(html.parser.HTMLParser):
    """Counts elements and collects attributes that could load something."""

    def __init__(self, text: str):
        super().__init__()
        self.count, self.references = {}, []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.count[tag] = self.count.get(tag, 0) + 1
        self.references += [value for name, value in attrs if name in ("src", "href", "data", "action", "poster")]


class Command(E2ETest):
    def torc(self, *args, **options):
        return run_torc("plot-resources", *args, home=self.dir, **options)

    def test_pages_are_self_contained_and_escaped(self):
        make_database(self.dir / "resource_metrics_ws1_1_1.db", 3, name=lambda job: EVIL if job == 2 else f"job_{job}")
        shown = self.torc("resource_metrics_ws1_1_1.db", "-o", "new/plots", "-p", "p", "-j", "2,3", check=True)
        names = sorted(path.name for path in (self.dir / "new/plots").iterdir())
        self.assertEqual(names, ["p_job_2.html", "p_job_3.html", "p_summary.html", "p_system_timeline.html"])
        self.assertIn("new/plots/p_summary.html", shown.stdout)
        for name in names:
            elements = Elements((self.dir / "new/plots" / name).read_text())
            self.assertEqual(elements.count["script"], 2, name)
            self.assertNotIn("img", elements.count, name)
            self.assertEqual([each for each in elements.references if not each.startswith("#")], [], name)

    def test_json_lists_the_files(self):
        make_database(self.dir / "a.db", 2, system=False)
        make_database(self.dir / "b.db", 2)
        document = json.loads(self.torc("a.db", "b.db", "-f", "json", check=True).stdout)
        self.assertEqual(document, {"files": ["./summary.html", "./system_timeline.html"]})
        for file in document["files"]:
            self.assertTrue((self.dir / file).is_file())

    def test_errors(self):
        make_database(self.dir / "good.db", 2)
        make_database(self.dir / "empty.db", 0, system=False)
        (self.dir / "text.db").write_text("no database " * 500)
        sqlite3.connect(self.dir / "other.db").execute("CREATE TABLE t (x)")
        for args, status, text in [(["none.db"], 1, "file not found: none.db"), (["text.db"], 1, "not a database"),
                                   (["other.db"], 1, "none of the tables"), (["empty.db"], 1, "nothing to show"),
                                   (["good.db", "-j", "99"], 1, "job 99 has no samples"),
                                   (["good.db", "-o", "text.db/below"], 1, "cannot create the directory"),
                                   (["good.db", "-j", "one"], 2, "one"), (["good.db", "-j", ""], 2, ""), ([], 2, "")]:
            with self.subTest(args=args):
                result = self.torc(*args)
                self.assertEqual(result.returncode, status, result.stderr)
                self.assertIn(text, result.stderr)
                self.assertEqual(result.stdout, "")
        self.assertEqual(list(self.dir.glob("*.html")), [])
        # One of several databases may belong to a worker that ran no jobs.
        self.assertIn("empty.db", self.torc("good.db", "empty.db", check=True).stderr)


class Browser(E2ETest):
    def setUp(self):
        self.browser = next((path for path in map(shutil.which, BROWSERS) if path), None)
        if not self.browser:
            self.skipTest("no browser: apt-get install chromium-headless-shell")

    def dom(self, page: pathlib.Path, fragment: str = "") -> str:
        """The page after its script has run; errors of the script fail the test."""
        command = [self.browser, "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--v=0",
                   f"--user-data-dir={self.dir / 'profile'}", "--window-size=1400,1000", "--virtual-time-budget=5000",
                   "--dump-dom", page.as_uri() + fragment]
        result = subprocess.run(command, capture_output=True, text=True, timeout=90, stdin=subprocess.DEVNULL,
                                env=clean_environment(self.dir), check=False)
        complaints = [line for line in result.stderr.splitlines() if "CONSOLE" in line or "Uncaught" in line]
        self.assertEqual((result.returncode, complaints), (0, []), result.stderr[-2000:])
        return result.stdout

    def page(self, jobs: int, name=lambda job: f"job_{job}", **options) -> pathlib.Path:
        make_database(self.dir / "m.db", jobs, name, **options)
        run_torc("plot-resources", "m.db", home=self.dir, check=True)
        return self.dir / "summary.html"

    def test_a_thousand_jobs_are_drawn(self):
        dom = self.dom(self.page(1000))
        self.assertEqual(len(re.findall(r'<tr id="job-\d+"', dom)), 1000)
        self.assertIn(">1000 jobs<", dom)
        self.assertIn('aria-label="CPU of 1000 jobs', dom)
        self.assertEqual(dom.count('class="curve"'), 4, "CPU and memory of the machine and of one job")
        self.assertIn("Job 1000: job_1000", dom)  # It uses the most memory.
        self.assertEqual(dom.count("over request"), 999)

    def test_a_link_leads_to_a_job(self):
        dom = self.dom(self.page(3, samples=1), "#job-2")
        self.assertIn("Job 2: job_2", dom)
        self.assertRegex(dom, r'<tr id="job-2" class="chosen"')

    def test_search_keys_and_headings(self):
        page = self.page(1000, samples=2)
        # Simulates user input inside the page's script, because the page's policy blocks all other scripts.
        text = page.read_text()
        self.assertEqual(text.count("\nstart();\n"), 1)
        page.write_text(text.replace("\nstart();\n", """
            start();
            const search = document.getElementById("search");
            const map = document.getElementById("map");
            document.getElementById("order").value = "id";
            search.value = "job_12";
            search.dispatchEvent(new Event("input"));
            for (const key of ["Home", "ArrowDown"]) { map.dispatchEvent(new KeyboardEvent("keydown", { key })); }
            document.querySelector("#table th[data-key=mem] button").click();
            """))
        dom = self.dom(page)
        self.assertIn(">11 of 1000 jobs<", dom)
        self.assertEqual(len(re.findall(r'<tr id="job-\d+"[^>]* hidden=""', dom)), 989)
        self.assertIn("Job 120: job_120<", dom)  # 12, 120, ...
        self.assertRegex(dom, r'<th[^>]*data-key="mem"[^>]*aria-sort="descending"')
        self.assertRegex(dom, r'<tbody>\s*<tr id="job-1000"')

    def test_names_of_jobs_are_text(self):
        dom = self.dom(self.page(1, name=lambda job: EVIL, system=False))
        self.assertNotIn("<img", dom)
        self.assertIn("Job 1: &lt;/script&gt;&lt;img src=x", dom)
        self.assertIn("<title>Resource usage</title>", dom)


if __name__ == "__main__":
    main()
