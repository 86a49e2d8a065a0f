#!/usr/bin/env python3
"""The command line as users and scripts see it: tables and JSON of each command, errors, closed pipes, prompts."""
import json
import os
import pty
import re
import select
import signal
import subprocess
import time

from harness import TORC, E2ETest, alive, clean_environment, main, run_torc, wait_until

SPEC = {"name": "demo", "description": "two stages", "resource_monitor_config": {"enabled": False}, "jobs": [
    {"name": "a", "command": "echo a"}, {"name": "b", "command": "exit 3", "depends_on": ["a"]},
    {"name": "c", "command": "true", "depends_on": ["b"], "cancel_on_blocking_job_failure": True}]}


class Terminal:
    """torc with its own terminal on standard input, output and error."""

    def __init__(self, args, env, cwd):
        pid, self.fd = pty.fork()
        if pid == 0:
            os.chdir(cwd)
            os.execve(TORC, [TORC, *map(str, args)], env)
        self.pid, self.text = pid, ""

    def expect(self, pattern: str, timeout: float = 20) -> None:
        deadline = time.monotonic() + timeout
        while not re.search(pattern, self.text):
            assert self._read(deadline - time.monotonic()), f"no {pattern!r} in {self.text!r}"

    def send(self, text: str) -> None:
        os.write(self.fd, text.encode())

    def finish(self, timeout: float = 20) -> int:
        """Waits for the end; returns the exit status."""
        deadline = time.monotonic() + timeout
        while self._read(deadline - time.monotonic()):
            pass
        os.close(self.fd)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])

    def _read(self, timeout: float) -> bool:
        if timeout <= 0 or not select.select([self.fd], [], [], timeout)[0]:
            os.kill(self.pid, signal.SIGKILL)
            raise AssertionError(f"torc waits; so far: {self.text!r}")
        try:
            chunk = os.read(self.fd, 4096)
        except OSError:  # the other end is closed
            return False
        self.text += chunk.decode(errors="replace")
        return bool(chunk)


class Commands(E2ETest):
    def ran(self):
        """A server with the workflow above, run through REST calls: a completed, b failed, c canceled."""
        server = self.server()
        workflow = server.create(SPEC)
        server.torc("workflows", "init", workflow, "--no-prompts", check=True)
        node = server.post("/compute_nodes", {"workflow_id": workflow, "hostname": "h", "pid": 1, "num_cpus": 1,
                                              "start_time": "2026-01-01T00:00:00Z", "memory_gb": 1, "num_gpus": 0,
                                              "num_nodes": 1, "compute_node_type": "local", "is_active": True})
        for status, code in (("completed", 0), ("failed", 3)):
            job, = server.post(f"/workflows/{workflow}/claim_next_jobs?limit=1")["jobs"]
            server.request("PUT", f"/jobs/{job['id']}/start_job/1/{node['id']}")
            server.post(f"/jobs/{job['id']}/complete_job/{status}/1",
                        {"job_id": job["id"], "workflow_id": workflow, "run_id": 1, "compute_node_id": node["id"],
                         "return_code": code, "exec_time_minutes": 0.5, "status": status,
                         "completion_time": "2026-01-01T00:01:00Z"})
        return server, workflow

    def test_each_in_json(self):
        server, workflow = self.ran()
        self.assertEqual(server.json("ping"), {"status": "Server is running"})
        shown = server.json("workflows", "get", workflow)
        self.assertEqual(shown["resource_monitor_config"]["enabled"], False)
        self.assertEqual(server.json("workflows", "list"), {"workflows": [shown]})
        status = server.json("status", workflow)
        self.assertEqual({name: count for name, count in status["jobs_by_status"].items() if count},
                         {"completed": 1, "failed": 1, "canceled": 1})
        self.assertTrue(status["is_complete"])
        self.assertEqual(server.json("workflows", "is-complete", workflow),
                         {"is_complete": True, "is_canceled": False, "needs_to_run_completion_script": False})
        self.assertEqual((status["total_jobs"], status["active_compute_nodes"]), (3, 1))
        self.assertEqual(status["total_exec_time_formatted"], "1m 0s")
        jobs = server.json("jobs", "list", workflow)["jobs"]
        self.assertEqual([job["name"] for job in jobs], ["a", "b", "c"])
        self.assertEqual(server.json("jobs", "list", workflow, "-s", "failed")["jobs"], [jobs[1]])
        self.assertEqual(server.json("jobs", "get", jobs[1]["id"])["depends_on_job_ids"], [jobs[0]["id"]])
        results = server.json("results", "list", workflow)["results"]
        self.assertEqual([result["return_code"] for result in results], [0, 3])
        self.assertEqual(server.json("results", "list", workflow, "--failed")["results"], results[1:])
        report = server.json("results", "list", workflow, "--include-logs", "-o", "out")
        self.assertEqual(report["results"][0]["job_stdout"],
                         f"out/job_stdio/job_wf{workflow}_j{jobs[0]['id']}_r1_a1.o")
        self.assertEqual(server.json("compute-nodes", "list", workflow)["compute_nodes"][0]["hostname"], "h")
        reset = server.json("workflows", "reset-status", workflow, "--failed-only", "--no-prompts", "--reinitialize")
        self.assertEqual(reset["operations"], {"workflow_reset": True, "job_reset": True, "reinitialize": True})
        self.assertEqual(server.statuses(workflow), {"a": "completed", "b": "ready", "c": "blocked"})
        self.assertFalse(server.json("workflows", "is-complete", workflow)["is_complete"])
        self.assertEqual(server.json("cancel", workflow)["status"], "success")
        self.assertTrue(server.json("status", workflow)["is_canceled"])
        self.assertTrue(server.json("workflows", "is-complete", workflow)["is_canceled"])
        self.assertEqual(server.json("delete", workflow, "--force")[0]["id"], workflow)
        self.assertEqual(server.json("workflows", "list"), {"workflows": []})

    def test_each_as_a_table(self):
        server, workflow = self.ran()
        for args, expected in [
                (["ping"], r"^Server is running at http://127\.0\.0\.1:\d+/"),
                (["workflows", "list"], r"Workflows for user tester:\nID +User +Name[^\n]*\n-+\n\d+ +tester +demo +two stages"),
                (["workflows", "get", workflow], r"Workflow ID \d+:\n  Name: demo\n  User: tester\n"),
                (["workflows", "is-complete", workflow],
                 r"^Workflow \d+ completion status:\n  Is Complete: true\n  Is Canceled: false\n  Needs Completion "
                 r"Script: false\n$"),
                (["status", workflow], r"(?s)Job Status \(total: 3\):.*completed: +1.*failed: +1.*Workflow complete with "
                                       r"failures \(1 failed.*Next: 'torc results list"),
                (["jobs", "list", workflow], r"ID +Name +Status +Priority +Command\n-+\n\d+ +a +completed +0 +echo a\n"),
                (["jobs", "get", 1], r"Job ID 1:\n  Name: a\n  Command: echo a\n"),
                (["results", "list", workflow], r"(?s)Return Code.* b .* 3 .*failed.*Total: 2 results\n$"),
                (["compute-nodes", "list", workflow], r"(?s)Hostname.*\n1 +h .*Yes.*Total: 1 compute nodes"),
                (["workflows", "reset-status", workflow, "--no-prompts"], r"Successfully reset all job status"),
                (["cancel", workflow], rf"^Successfully canceled workflow {workflow}\n$"),
                (["delete", "--force", workflow], rf"^Successfully deleted workflow {workflow}\n$")]:
            with self.subTest(args=args):
                result = server.torc(*args, check=True)
                self.assertRegex(result.stdout, expected)
                self.assertEqual(result.stderr, "")

    def test_global_options_before_and_after_the_command(self):
        server = self.server()
        before = server.torc("-f", "json", "--url", server.url, "workflows", "list", check=True)
        after = server.torc("workflows", "list", "--url", server.url, "-f", "json", check=True)
        self.assertEqual(json.loads(before.stdout), json.loads(after.stdout))

    def test_standalone_needs_no_server(self):
        path = self.dir / "wf.json"
        path.write_text(json.dumps(SPEC))
        home = self.dir / "home"
        home.mkdir()
        database = self.dir / "new" / "folder" / "my.db"
        created = run_torc("-s", "--db", database, "-f", "json", "create", path, home=home, check=True)
        workflow = json.loads(created.stdout)["workflow_id"]
        jobs = run_torc("jobs", "list", workflow, "-s", "blocked", "--standalone", "--db", database, home=home, check=True)
        self.assertIn("No jobs found", jobs.stdout)
        self.assertTrue(database.exists())
        run_torc("-s", "ping", home=home, check=True)
        self.assertTrue((home / "torc_output" / "torc.db").exists(), "the default database")
        broken = run_torc("-s", "--db", path, "ping", home=home)
        self.assertEqual(broken.returncode, 1)
        self.assertIn(str(path), broken.stderr)


class Errors(E2ETest):
    def setUp(self):
        self.home = self.dir / "home"
        self.home.mkdir()

    def torc(self, *args, **options):
        return run_torc(*args, home=self.home, **options)

    def assert_usage(self, result, text):
        self.assertEqual((result.returncode, result.stdout), (2, ""), result.stderr)
        self.assertIn(text, result.stderr)

    def test_wrong_usage_exits_2(self):
        self.assert_usage(self.torc("workflows", "lst", "42"),
                          "Error: unknown command 'lst'; did you mean 'list'? See 'torc workflows --help'.\n")
        self.assert_usage(self.torc("status", "--frmat", "json"), "did you mean '--format'?")
        self.assert_usage(self.torc("delete"), "missing argument <WORKFLOW_IDS>")
        self.assert_usage(self.torc("jobs", "get", "x"), "'x' is not a valid ID")
        self.assert_usage(self.torc("slurm", "generate", "--account", "a", "f"), "not available yet")
        self.assert_usage(self.torc(), "Usage: torc")
        self.assertEqual(json.loads(self.torc("-f", "json", "stat").stderr)["error"]["message"][:7], "unknown")

    def test_missing_answers_without_a_terminal_exit_2(self):
        server = self.server()
        for args in (["status"], ["cancel"], ["workflows", "get"], ["workflows", "is-complete"], ["jobs", "list"],
                     ["results", "list"], ["compute-nodes", "list"], ["workflows", "reset-status", "--no-prompts"]):
            self.assert_usage(server.torc(*args), "Error: no workflow ID given, and standard input is not a terminal")
        workflow = server.create(SPEC)
        self.assert_usage(server.torc("delete", workflow), "--force")
        self.assert_usage(server.torc("workflows", "reset-status", workflow), "--no-prompts")
        self.assert_usage(server.torc("--prompt-password", "ping", stdin=""), "TORC_PASSWORD")
        self.assertEqual(len(server.jobs(workflow)), 3)

    def test_no_server(self):
        started = time.monotonic()
        result = self.torc("--url", "http://127.0.0.1:1/torc-service/v1", "status", "1")
        self.assertLess(time.monotonic() - started, 4)
        self.assertEqual(result.returncode, 1)
        self.assertRegex(result.stderr, r"^Error: cannot reach the server at http://127\.0\.0\.1:1/torc-service/v1: connection "
                                        r"refused\. Is it running\? Start one with 'torc server run'.*TORC_API_URL\n$")

    def test_records_that_do_not_exist(self):
        server = self.server()
        for args in (["status", 9], ["jobs", "get", 9], ["jobs", "list", 9], ["results", "list", 9], ["cancel", 9],
                     ["workflows", "get", 9], ["workflows", "is-complete", 9], ["compute-nodes", "list", 9],
                     ["delete", "--force", 9]):
            result = server.torc(*args)
            self.assertEqual((result.returncode, result.stdout), (1, ""), args)
            self.assertRegex(result.stderr, r"^Error: .*not found with ID: 9")

    def test_the_password_is_never_printed(self):
        server = self.server()
        result = server.torc("--log-level", "trace", "status", "9", env={"TORC_PASSWORD": "s3cret"})
        self.assertIn("GET /workflows/9", result.stderr)
        self.assertNotIn("s3cret", result.stdout + result.stderr)


class Streams(E2ETest):
    def test_a_closed_pipe_ends_quietly(self):
        server = self.server()
        jobs = [{"name": f"j{i}", "command": "true " + "x" * 200} for i in range(3000)]
        workflow = server.create({"name": "many", "jobs": jobs})
        for output_format in ("table", "json"):
            process = subprocess.Popen([TORC, "-f", output_format, "jobs", "list", str(workflow)], stdout=subprocess.PIPE,
                                       stderr=subprocess.PIPE, env=clean_environment(server.home, TORC_API_URL=server.url))
            self.assertTrue(process.stdout.read(10))
            process.stdout.close()
            self.assertEqual(process.stderr.read(), b"")
            process.stderr.close()
            self.assertEqual(process.wait(20), 0)

    def test_a_full_disk_is_an_error(self):
        with open("/dev/full", "w", encoding="utf-8") as full:
            result = subprocess.run([TORC, "--version"], stdout=full, stderr=subprocess.PIPE, text=True, timeout=20,
                                    check=False)
        self.assertEqual(result.returncode, 1)
        self.assertIn("No space left", result.stderr)

    def test_closed_descriptors_do_no_harm(self):
        server = self.server()
        for closed in ("<&-", ">&-", "2>&-", "<&- >&- 2>&-"):
            result = subprocess.run(["sh", "-c", f'exec "$0" ping {closed}', TORC], timeout=20, capture_output=True,
                                    env=clean_environment(server.home, TORC_API_URL=server.url), check=False)
            self.assertEqual(result.returncode, 0, (closed, result.stderr))


class Prompts(E2ETest):
    def terminal(self, server, *args):
        terminal = Terminal(args, clean_environment(server.home, TORC_API_URL=server.url), server.home)
        self.addCleanup(lambda: alive(terminal.pid) and os.kill(terminal.pid, signal.SIGKILL))
        return terminal

    def test_the_prompt_lists_the_users_own_workflows(self):
        server = self.server()
        first, second = server.create(SPEC), server.create({**SPEC, "name": "second"})
        other = server.post("/workflows", {"name": "theirs", "user": "somebody"})["id"]
        terminal = self.terminal(server, "cancel")
        terminal.expect(rf"(?s)demo.*second.*Workflow ID \[{second}\]: $")
        self.assertNotIn("theirs", terminal.text)
        terminal.send(f"{other}\n")
        terminal.expect("is not in the list")
        terminal.send(f"{first}\n")
        self.assertEqual(terminal.finish(), 0)
        self.assertIn(f"Successfully canceled workflow {first}", terminal.text)
        newest = self.terminal(server, "workflows", "get")
        newest.expect("Workflow ID")
        newest.send("\n")
        self.assertEqual(newest.finish(), 0)
        self.assertIn("Name: second", newest.text)
        ended = self.terminal(server, "status")
        ended.expect("Workflow ID")
        ended.send("\x04")
        self.assertEqual(ended.finish(), 2)

    def test_a_user_without_workflows_gets_an_error(self):
        terminal = self.terminal(self.server(), "status")
        self.assertEqual(terminal.finish(), 1)
        self.assertIn("user 'tester' has no workflow", terminal.text)

    def test_delete_asks(self):
        server = self.server()
        workflow = server.create(SPEC)
        for answer, left in (("n\n", True), ("what\ny\n", False)):
            terminal = self.terminal(server, "delete", workflow)
            terminal.expect(r"(?s)3 job\(s\).*delete this workflow\? \[y/N\] $")
            terminal.send(answer)
            self.assertEqual(terminal.finish(), 0)
            self.assertEqual(server.request("GET", f"/workflows/{workflow}")[0] == 200, left)

    def test_the_password_is_not_shown(self):
        server = self.server()
        terminal = self.terminal(server, "--prompt-password", "ping")
        terminal.expect("Password: $")
        wait_until(lambda: not self.echoes(terminal.fd), what="the echo to go off")
        terminal.send("s3cret\n")
        self.assertEqual(terminal.finish(), 0)
        self.assertNotIn("s3cret", terminal.text)
        self.assertIn("Server is running", terminal.text)

    @staticmethod
    def echoes(fd) -> bool:
        import termios
        return bool(termios.tcgetattr(fd)[3] & termios.ECHO)


if __name__ == "__main__":
    main()
