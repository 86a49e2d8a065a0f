#!/usr/bin/env python3
"""torc exec: commands without a workflow file, real processes, progress on a pseudo terminal."""
import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time

from harness import PLAIN, TORC, E2ETest, alive, clean_environment, main, run_torc, wait_until


# A job that fails if two others are running. It waits for such a third job, for at most the given number of checks.
TWO_AT_A_TIME = ("mkdir a 2>/dev/null || mkdir b 2>/dev/null || { touch third; exit 7; }; "
                 "for n in $(seq %d); do [ -e third ] && break; sleep 0.02; done; rmdir b 2>/dev/null || rmdir a; : {i}")


class Exec(E2ETest):
    def exec(self, *args, **options):
        return run_torc("-s", "exec", *args, home=self.dir, **options)

    def output(self, job: int, ending: str = "o") -> str:
        return (self.dir / f"torc_output/job_stdio/job_wf1_j{job}_r1_a1.{ending}").read_text()

    def commands(self, *args, **options) -> list[str]:
        """The commands that --dry-run lists."""
        return [job["command"] for job in json.loads(self.exec("--dry-run", *args, check=True, **options).stdout)["jobs"]]

    def refusal(self, *args, status=2, **options) -> str:
        result = self.exec(*args, **options)
        self.assertEqual((result.returncode, result.stdout), (status, ""), result.stderr)
        self.assertFalse((self.dir / "torc_output/torc.db").exists(), "a workflow was created")
        return result.stderr

    def terminal(self, *args, until=None, columns=80):
        """Runs it on its own terminal; (exit status, output). `until` is called with the output so far."""
        parent, child = pty.openpty()
        fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        process = subprocess.Popen([TORC, "-s", "exec", *args], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   stderr=child, env=clean_environment(self.dir), cwd=self.dir)
        self.addCleanup(lambda: (process.kill(), process.wait()))
        os.close(child)
        shown, deadline = b"", time.monotonic() + 30
        while time.monotonic() < deadline:
            if until:
                until(shown.decode())
            if not select.select([parent], [], [], 0.05)[0]:
                continue
            try:
                shown += os.read(parent, 65536)
            except OSError:  # The last process that had it open has ended.
                break
        os.close(parent)
        return process.wait(30), shown.decode()

    def test_one_command(self):
        result = self.exec("-c", "echo hi; echo no >&2", check=True)
        lines = result.stdout.splitlines()
        self.assertEqual(lines[0], "Created workflow 1")
        self.assertRegex(lines[1], r"^1 of 1 jobs completed in [0-9.]+ s$")
        self.assertEqual((len(lines), result.stderr), (2, ""))
        self.assertEqual((self.output(1), self.output(1, "e")), ("hi\n", "no\n"))
        listed = json.loads(run_torc("-s", "-f", "json", "workflows", "get", "1", home=self.dir, check=True).stdout)
        self.assertRegex(listed["name"], r"^exec_\d{8}_\d{6}$")
        self.assertEqual(listed["user"], "tester")

    def test_words_after_the_separator_are_one_command(self):
        words = ["printf", "%s|", "a b", "it's", "$HOME", "[a,b]", "%%", "", "--", "-V", "--help", "-s", "run", "{}", "*"]
        self.exec("--", *words, check=True)
        self.assertEqual(self.output(1), "".join(word + "|" for word in words[2:]))

    def test_a_single_word_is_a_command_line(self):
        self.exec("--", "echo a; echo b", check=True)
        self.assertEqual(self.output(1), "a\nb\n")

    def test_options_after_the_separator_belong_to_the_command(self):
        result = self.exec("--", "echo", "-f", "json", "--db", "x", check=True)
        self.assertIn("Created workflow 1", result.stdout)
        self.assertEqual(self.output(1), "-f json --db x\n")
        refused = self.exec("-c", "a", "--", "b", "-f", "json")
        self.assertTrue(refused.stderr.startswith("Error: unexpected argument 'b'"), refused.stderr)

    def test_several_commands_and_a_file(self):
        (self.dir / "list").write_text("# comment\n\n  echo two  \necho three # said\n")
        self.exec("-c", "echo one", "-C", "list", "-j", "2", check=True)
        self.assertEqual([self.output(job) for job in (1, 2, 3)], ["one\n", "two\n", "three\n"])

    def test_commands_from_standard_input(self):
        self.exec("-C", "-", stdin="echo a\necho b", check=True)
        self.assertEqual([self.output(1), self.output(2)], ["a\n", "b\n"])

    def test_parameters(self):
        (self.dir / "values").write_text("007\nx y\n")
        self.assertEqual(self.commands("-c", "run {n:02d} {f}", "--param", "n=[1,12]", "--param", "f=@values"),
                         ["run 01 007", "run 01 x y", "run 12 007", "run 12 x y"])
        self.assertEqual(self.commands("-c", "run {n} {f}", "--param", "n=1:2", "--param", "f=@values", "--link", "zip"),
                         ["run 1 007", "run 2 x y"])
        self.assertEqual(self.commands("--param", "f=@values", "--", "wc", "{f}"), ["wc 007", "wc 'x y'"])
        self.exec("-c", "echo {n}", "--param", "n=1:3", check=True)
        self.assertEqual([self.output(job) for job in (1, 2, 3)], ["1\n", "2\n", "3\n"])

    def test_dry_run_creates_nothing_and_prints_a_workflow_file(self):
        result = self.exec("--dry-run", "-n", "mine", "-c", "echo a", "--description", "d", check=True)
        document = json.loads(result.stdout)
        self.assertEqual((document["name"], document["description"]), ("mine", "d"))
        self.assertEqual(os.listdir(self.dir), [])
        (self.dir / "w.json").write_text(result.stdout)
        self.assertIn("1 of 1 jobs completed", run_torc("-s", "run", "w.json", home=self.dir, check=True).stdout)

    def test_bad_usage(self):
        (self.dir / "empty").write_text("# nothing\n")
        for args, words in (
                ([], "nothing to run: give commands with -c COMMAND"),
                (["-c", ""], "a command is empty"), (["--", ""], "a command is empty"),
                (["ls"], "unexpected argument 'ls'"), (["-c", "a", "b"], "unexpected argument 'b'"),
                (["-c", "a", "--", "b"], "unexpected argument 'b'"),
                (["-C", "empty"], "empty: no commands found"),
                (["-C", "-"], "standard input: no commands found"),
                (["-c", "x {nope}", "--param", "p=1"], "unknown placeholder '{nope}'"),
                (["-c", "x", "--param", "p=1:3", "--param", "q=[1]", "--link", "zip"], "'p' has 3 and 'q' has 1"),
                (["-c", "x", "--param", "p"], "'p' is not NAME=VALUE"),
                (["-c", "x", "--param", "p=5:1"], "the range '5:1' is empty"),
                (["-c", "x", "--link", "sip"], "did you mean 'zip'"), (["-c", "x", "--stdio", "all"], "separate, combined"),
                (["-c", "x", "-i", "0"], "-i"), (["-c", "x", "-j", "0"], "-j"), (["-c", "x", "-o", ""], "must not be empty"),
                (["-c", "x", "--generate-plots"], "--monitor time-series"), (["-c", "x", "-C", ""], "must not be empty"),
                (["--cmd", "x"], "unknown option '--cmd'")):
            with self.subTest(args):
                self.assertIn(words, self.refusal(*args))

    def test_files_that_cannot_be_read(self):
        (self.dir / "closed").mkdir()
        for args, words in ((["-C", "none"], "cannot open none: No such file"), (["-C", "closed"], "closed: cannot read"),
                            (["-C", "/dev/zero"], "/dev/zero: more than 256 MiB"),
                            (["-c", "{p}", "--param", "p=@none"], "--param p: cannot open none: No such file")):
            self.assertIn(words, self.refusal(*args, status=1))

    def test_commands_from_a_terminal_are_refused(self):
        parent, child = pty.openpty()
        result = subprocess.run([TORC, "-s", "exec", "-C", "-"], stdin=child, capture_output=True, text=True, timeout=30,
                                env=clean_environment(self.dir), cwd=self.dir, check=False)
        os.close(child)
        os.close(parent)
        self.assertEqual(result.returncode, 2)
        self.assertIn("standard input is a terminal", result.stderr)

    def test_an_output_directory_that_cannot_be_created_leaves_no_workflow(self):
        (self.dir / "file").write_text("")
        self.assertIn("cannot create the output directory file", self.refusal("-c", "true", "-o", "file", status=1))

    def test_failures(self):
        result = self.exec("-c", "exit 3", "-c", "true", "-o", "out", "--db", "my.db")
        self.assertEqual(result.returncode, 1)
        lines = result.stdout.splitlines()
        self.assertRegex(lines[1], r"^1 of 2 jobs completed, 1 failed in [0-9.]+ s "
                                   r"\(see 'torc -s --db my.db results list 1 --failed'\)$")
        self.assertEqual(lines[2], "Output of the jobs: out/job_stdio")

    def test_json(self):
        result = run_torc("-f", "json", "-s", "exec", "-c", "exit 3", "-c", "true", home=self.dir)
        self.assertEqual((result.returncode, result.stderr), (1, ""))
        document = json.loads(result.stdout)
        self.assertEqual((document["workflow_id"], document["completed"], document["failed"], document["ok"]),
                         (1, 1, 1, False))

    def test_a_limit_on_jobs_at_once(self):
        self.exec("-j", "2", "-c", TWO_AT_A_TIME % 10, "--param", "i=1:8", check=True)
        self.assertEqual(self.exec("-j", "3", "-c", TWO_AT_A_TIME % 1000, "--param", "i=1:8").returncode, 1)
        self.assertTrue((self.dir / "third").exists())

    def test_what_is_sent_to_a_server(self):
        server = self.server()
        server.torc("exec", "-n", "sent", "--stdio", "combined", "--monitor", "time-series", "-i", "3",
                    "--monitor-compute-node", "summary", "-c", "true", cwd=self.dir, check=True)
        workflow = server.get("/workflows/1")
        self.assertEqual(workflow["name"], "sent")
        self.assertEqual(json.loads(workflow["execution_config"]), {"mode": "direct", "stdio": {"mode": "combined"}})
        self.assertEqual(json.loads(workflow["resource_monitor_config"]), {
            "enabled": True, "granularity": "time_series", "sample_interval_seconds": 3, "generate_plots": False,
            "jobs": {"enabled": True, "granularity": "time_series"},
            "compute_node": {"enabled": True, "granularity": "summary", "cpu": True, "memory": True}})
        server.torc("exec", "--monitor", "off", "-c", "true", cwd=self.dir, check=True)
        plain = server.get("/workflows/2")
        self.assertEqual((plain.get("execution_config"), plain.get("resource_monitor_config")), (None, None))

    def test_progress_on_a_terminal(self):
        def go_on(shown):
            if "4/6 jobs  2 running  1 failed" in shown and re.search(r"about \d+ s left", shown):
                (self.dir / "go").touch()

        waiting = "until [ -e go ]; do sleep 0.02; done"
        args = ["-j", "2", "-c", "false"] + ["-c", "true"] * 3 + ["-c", waiting] * 2
        status, shown = self.terminal(*args, until=go_on)
        self.assertEqual(status, 1)
        self.assertIn("4/6 jobs  2 running  1 failed", shown)
        self.assertTrue(shown.endswith("\r\x1b[K"), f"the line was not erased: {shown!r}")
        self.assertNotIn("\n", shown)

    def test_progress_fits_into_a_narrow_terminal(self):
        status, shown = self.terminal("-c", "sleep 0.3", "-c", "sleep 0.3", columns=12)
        self.assertEqual(status, 0)
        lines = shown.split("\r\x1b[K")
        self.assertIn(" 0/2 jobs  ", [line for line in lines if line])
        self.assertLess(max(map(len, lines)), 12)

    def test_no_progress_elsewhere(self):
        result = self.exec("-c", "sleep 0.3", check=True)
        self.assertEqual(result.stderr, "")

    def test_stop(self):
        process = self.start([TORC, "-s", "exec", "-c", f"echo $$ >{self.dir}/pid; sleep 60"])
        pid_file = self.dir / "pid"
        job = int(wait_until(lambda: pid_file.exists() and pid_file.read_text().strip(), what="the job to start"))
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(30), 0, process.stderr_path.read_text())
        self.assertFalse(alive(job))
        self.assertIn("stopped, 1 job requeued", process.stdout_path.read_text())

    def test_many_short_jobs(self):
        result = self.exec("-j", "4", "-c", "echo {i} >>all", "--param", "i=1:500", check=True)
        self.assertIn("500 of 500 jobs completed", result.stdout)
        self.assertEqual(sorted(map(int, (self.dir / "all").read_text().split())), list(range(1, 501)))

    def test_help_has_examples(self):
        self.assertIn("torc -s exec -j 8 -C commands.txt", self.exec("--help", check=True).stdout)


class ExecOnServer(E2ETest):
    """The workflow is on a server, the jobs run here."""

    def exec(self, server, *args, **options) -> subprocess.CompletedProcess:
        return server.torc("exec", "-o", self.dir / "out", *args, cwd=self.dir, **options)

    def output(self, job: int, workflow: int = 1) -> str:
        return (self.dir / f"out/job_stdio/job_wf{workflow}_j{job}_r1_a1.o").read_text()

    def test_several_commands(self):
        server = self.server()
        (self.dir / "list").write_text("echo two\n")
        result = self.exec(server, "-n", "mine", "-c", "echo one", "-C", "list", check=True)
        self.assertRegex(result.stdout, r"^Created workflow 1\n2 of 2 jobs completed in [0-9.]+ s\n$")
        self.assertEqual([self.output(job) for job in (1, 2)], ["one\n", "two\n"])
        self.assertEqual(server.get("/workflows/1")["name"], "mine")
        self.assertEqual(server.statuses(1), {"job1": "completed", "job2": "completed"})
        self.assertEqual([result["return_code"] for result in server.results(1)], [0, 0])
        failed = self.exec(server, "-c", "exit 3", "-c", "true")
        self.assertEqual(failed.returncode, 1)
        self.assertRegex(failed.stdout, r"1 of 2 jobs completed, 1 failed in .* \(see 'torc results list 2 --failed'\)")
        self.assertEqual(server.statuses(2), {"job1": "failed", "job2": "completed"})
        self.assertEqual(sorted(result["return_code"] for result in server.results(2)), [0, 3])

    def test_parameters(self):
        server = self.server()
        self.exec(server, "-c", "echo {i:02d} {f}", "--param", "i=1:2", "--param", "f=[a,b]", check=True)
        self.assertEqual([self.output(job) for job in range(1, 5)], ["01 a\n", "01 b\n", "02 a\n", "02 b\n"])
        self.assertEqual(set(server.statuses(1).values()), {"completed"})

    def test_a_limit_on_jobs_at_once(self):
        server = self.server()
        self.exec(server, "-j", "2", "-c", TWO_AT_A_TIME % 10, "--param", "i=1:6", check=True)
        self.assertEqual(self.exec(server, "-j", "3", "-c", TWO_AT_A_TIME % 1000, "--param", "i=1:6").returncode, 1)
        self.assertTrue((self.dir / "third").exists())

    def test_stop(self):
        server = self.server()
        process = self.start([TORC, "exec", "-o", self.dir / "out", "-c", f"echo $$ >{self.dir}/pid; sleep 60"],
                             env={"TORC_API_URL": server.url})
        pid_file = self.dir / "pid"
        job = int(wait_until(lambda: pid_file.exists() and pid_file.read_text().strip(), what="the job to start"))
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(30), 0, process.stderr_path.read_text())
        self.assertFalse(alive(job))
        self.assertEqual(server.statuses(1), {"job1": "ready"})


class ExecOnPlainServer(ExecOnServer):
    server_args = PLAIN


if __name__ == "__main__":
    main()
