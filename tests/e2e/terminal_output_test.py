#!/usr/bin/env python3
"""Foreign text on a terminal: names, messages and output of jobs appear in printable form; raw in files and with
--raw."""
import json

from harness import TORC, E2ETest, main, run_on_terminal, wait_until

# Escapes, C1 controls as code points and as bytes, changes of direction, an invalid byte, overwriting.
EVIL = "a\x1b[2J\x1b]0;PWN\x07\u009b31m\u202eb\u2066c\u200e\u061c\r\x08d"
SHOWN = r"a\x1b[2J\x1b]0;PWN\x07\u009b31m\u202eb\u2066c\u200e\u061c\x0d\x08d"
RAW_OUTPUT = EVIL.encode() + b"\x9b\xff"
SHOWN_OUTPUT = (SHOWN + r"\x9b\xff").encode()
# The bytes as octal escapes for printf.
PRINTF = "".join(f"\\{byte:03o}" for byte in RAW_OUTPUT)


class TerminalOutput(E2ETest):
    def assert_safe(self, shown: bytes, painted=()):
        """Checks that there are only printable characters, newlines and tabs, and the escapes in `painted`."""
        for escape in painted:
            shown = shown.replace(escape, b"")
        text = shown.decode()  # valid UTF-8
        self.assertEqual([c for c in text if not (c.isprintable() or c in "\n\t")], [], text)

    def on_terminal(self, server, *args, **options):
        return run_on_terminal(*args, home=server.home, env={"TORC_API_URL": server.url, **server.env}, **options)

    def test_names_and_messages(self):
        server = self.server()
        workflow = server.create({"name": f"w {EVIL}", "description": f"{EVIL}\nsecond", "jobs": [
            {"name": f"j {EVIL}", "command": f"echo '{EVIL}'"}]})
        job = server.jobs(workflow)[0]["id"]
        for args in (["workflows", "list"], ["workflows", "get", workflow], ["jobs", "list", workflow],
                     ["jobs", "get", job], ["status", workflow], ["jobs", "list", "--no-such-option", EVIL], [EVIL],
                     ["create", f"no {EVIL}"], ["logs", workflow, EVIL], ["ping", "--url", f"http://{EVIL}"]):
            for form in ([], ["-f", "json"]):
                status, shown = self.on_terminal(server, *form, *args)
                self.assert_safe(shown)
                if status == 0 and form:
                    json.loads(shown)
        _, shown = self.on_terminal(server, "jobs", "list", workflow)
        self.assertIn(SHOWN.encode(), shown)
        # The JSON escapes these characters for programs as well.
        self.assertEqual(server.json("jobs", "get", job)["name"], f"j {EVIL}")
        self.assertIn("\\u202e", server.torc("-f", "json", "jobs", "get", job).stdout)
        _, shown = self.on_terminal(server, "run", workflow, "-o", self.dir / "out")
        self.assert_safe(shown, (b"\x1b[K", b"\r"))

    def test_line_breaks_in_names_make_no_lines(self):
        server = self.server()
        forged = "Workflow complete"
        evil = f"n\n{forged}"
        workflow = server.create({"name": evil, "description": evil, "jobs": [{"name": evil, "command": f"exit 3\n{forged}"}]})
        job = server.jobs(workflow)[0]["id"]
        server.torc("run", workflow, "-o", self.dir / "out")
        again = server.create({"name": evil, "jobs": [{"name": evil, "command": "true"}]})
        for args in (["status", again], ["workflows", "get", workflow], ["jobs", "get", job], ["jobs", "list", workflow],
                     ["workflows", "list"], ["results", "list", workflow], ["logs", again, evil],
                     ["logs", again, f"no\n{forged}"], ["delete", workflow]):
            result = server.torc(*args, stdin="n\n")
            lines = (result.stdout + result.stderr).split("\n")
            self.assertEqual([line for line in lines if line.startswith(forged)], [], (args, lines))
        path = self.dir / "spec.json"
        path.write_text(json.dumps({"name": evil, "jobs": [{"name": evil, "command": "true"}]}))
        shown = server.torc("create", path, "--dry-run").stdout
        self.assertIn("Workflow: n\\nWorkflow complete\n", shown)
        self.assertIn("Name: n\\nWorkflow complete\n", server.torc("status", workflow).stdout)

    def test_logs_of_the_server_and_the_runner(self):
        server = self.server()
        workflow = server.create({"name": "w", "jobs": [{"name": f"j\n{EVIL}", "command": "exit 3"}]})
        server.torc("run", workflow, "-o", self.dir / "out")
        server.request("GET", "/jobs/%1b%5b2J%c2%9b31m%e2%80%ae")
        for log in [server.log, *(self.dir / "out").glob("*.log")]:
            self.assert_safe(log.read_bytes())

    def test_output_of_jobs(self):
        server = self.server()
        workflow = server.create({"name": "w", "jobs": [
            {"name": "j", "command": f"printf '{PRINTF}\\n'; printf '{PRINTF}\\n' >&2"}]})
        server.torc("run", workflow, cwd=server.home, check=True)
        piped = self.start([TORC, "logs", workflow, "j", "-o", server.home / "torc_output"], home=server.home,
                           env={"TORC_API_URL": server.url})
        self.assertEqual(piped.wait(20), 0)
        self.assertEqual(piped.stdout_path.read_bytes(), RAW_OUTPUT + b"\n")
        self.assertEqual(piped.stderr_path.read_bytes(), RAW_OUTPUT + b"\n")
        for follow in ([], ["-F"]):
            status, shown = self.on_terminal(server, "logs", workflow, "j", *follow)
            self.assertEqual((status, shown), (0, SHOWN_OUTPUT + b"\n" + SHOWN_OUTPUT + b"\n"))
            status, shown = self.on_terminal(server, "logs", workflow, "j", "--raw", *follow)
            self.assertEqual((status, shown), (0, RAW_OUTPUT + b"\n" + RAW_OUTPUT + b"\n"))

    def test_output_of_workers(self):
        server = self.server()
        workers = self.workers(1, server)
        workflow = server.create({"name": "w", "jobs": [
            {"name": "j", "command": f"printf '{PRINTF}\\n'; until [ -e $HOME/go ]; do sleep 0.05; done"}]})
        server.torc("remote", "add-workers", workflow, *workers.names, check=True)
        exec_args = ["remote", "exec", workflow, "--", f"printf '{PRINTF}\\n'"]
        to_file = self.start([TORC, *exec_args], home=server.home, env={"TORC_API_URL": server.url, **server.env})
        self.assertEqual(to_file.wait(30), 0)
        self.assertEqual(to_file.stdout_path.read_bytes(), b"=== 127.0.0.2 (1)\n" + RAW_OUTPUT + b"\n")
        status, shown = self.on_terminal(server, *exec_args)
        self.assertEqual(status, 0)
        self.assert_safe(shown)
        self.assertIn(b"\n" + SHOWN_OUTPUT + b"\n", shown)
        _, shown = self.on_terminal(server, "remote", "exec", workflow, "--raw", "--", f"printf '{PRINTF}\\n'")
        self.assertIn(b"\n" + RAW_OUTPUT + b"\n", shown)

        server.torc("remote", "run", workflow, "--poll-interval", "0.2", check=True)
        wait_until(lambda: RAW_OUTPUT in b"".join(file.read_bytes() for file in
                                                  (workers.hosts[0].home / "torc_output" / "job_stdio").glob("*.o")),
                   what="the job's output")
        self.assertEqual(self.on_terminal(server, "logs", workflow, "j"), (0, SHOWN_OUTPUT + b"\n"))
        self.assertEqual(self.on_terminal(server, "logs", workflow, "j", "--raw"), (0, RAW_OUTPUT + b"\n"))
        following = self.start([TORC, "logs", workflow, "j", "-F"], home=server.home,
                               env={"TORC_API_URL": server.url, **server.env})
        wait_until(lambda: following.stdout_path.read_bytes() == RAW_OUTPUT + b"\n", what="the job's output")
        (workers.hosts[0].home / "go").touch()
        self.assertEqual(following.wait(30), 0)
        self.assertEqual(following.stdout_path.read_bytes(), RAW_OUTPUT + b"\n")
        server.wait_complete(workflow)

    def test_output_that_is_followed_on_a_terminal(self):
        server = self.server()
        workers = self.workers(1, server)
        workflow = server.create({"name": "w", "jobs": [
            {"name": "j", "command": f"printf '{PRINTF}\\342\\202'; until [ -e $HOME/go ]; do sleep 0.05; done; "
                                     "printf '\\254 last\\n'; sleep 1"}]})
        server.torc("remote", "add-workers", workflow, *workers.names, check=True)
        server.torc("remote", "run", workflow, "--poll-interval", "0.2", check=True)
        wait_until(lambda: server.statuses(workflow) == {"j": "running"}, what="the job to run")
        (workers.hosts[0].home / "go").touch()
        status, shown = self.on_terminal(server, "logs", workflow, "j", "-F")
        self.assertEqual((status, shown), (0, SHOWN_OUTPUT + "€ last\n".encode()))


if __name__ == "__main__":
    main()
