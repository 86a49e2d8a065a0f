#!/usr/bin/env python3
"""`torc remote watch`: its output on a terminal, in a pipe and as JSON, and how it ends."""
import json
import os
import pty
import re
import signal
import subprocess

from counting_proxy import CountingProxy
from harness import TORC, E2ETest, alive, clean_environment, main, wait_until

UNTIL_GO = "until [ -e $HOME/go ]; do sleep 0.05; done"


class Watch(E2ETest):
    def start_workers(self, commands, count=2):
        self.srv = self.server()
        self.ws = self.workers(count, self.srv)
        self.wf = self.srv.create({"name": "w", "jobs": [{"name": f"j{i}", "command": command}
                                                         for i, command in enumerate(commands)]})
        self.srv.torc("remote", "add-workers", self.wf, *self.ws.names, check=True)
        rows = self.srv.json("remote", "run", self.wf, "--max-parallel-jobs", "1", "--poll-interval", "0.2")["workers"]
        return [row["pid"] for row in rows]

    def go(self):
        for host in self.ws.hosts:
            (host.home / "go").touch()

    def watch(self, *args):
        return self.start([TORC, *args, "remote", "watch", self.wf, "--interval", "1"], home=self.srv.home,
                          env={"TORC_API_URL": self.srv.url, **self.ws.env})

    def test_lines_without_a_terminal(self):
        pids = self.start_workers([UNTIL_GO, UNTIL_GO])
        watching = self.watch()
        text = watching.stdout_path.read_text
        wait_until(lambda: all(f"{name}: running (PID {pid})" in text() for name, pid in zip(self.ws.names, pids)),
                   what="both workers to be shown")
        wait_until(lambda: "0/2 jobs  2 running" in text(), what="the progress")
        self.go()
        self.assertEqual(watching.wait(30), 0, watching.stderr_path.read_text())
        self.assertEqual(text().splitlines()[-1], "2 of 2 jobs completed")
        self.assertRegex(text(), r"(?m)^\d\d:\d\d:\d\d 2/2 jobs  0 running")
        self.assertNotIn("\x1b", text())

    def test_a_full_disk_for_its_output_does_not_end_it(self):
        self.start_workers([UNTIL_GO, UNTIL_GO])
        watching = self.start(["sh", "-c", f"exec {TORC} remote watch {self.wf} --interval 1 >/dev/full"], home=self.srv.home,
                              env={"TORC_API_URL": self.srv.url, **self.ws.env})
        stopped = self.start(["sh", "-c", f"exec {TORC} remote stop {self.wf} --host {self.ws.names[0]} >/dev/full"],
                             home=self.srv.home, env={"TORC_API_URL": self.srv.url, **self.ws.env})
        self.assertEqual(stopped.wait(30), 1)
        self.assertIn("No space left on device", stopped.stderr_path.read_text())
        states = {row["worker"]: row["state"] for row in
                  json.loads(self.srv.torc("-f", "json", "remote", "status", self.wf).stdout)["workers"]}
        self.assertEqual([states[name] for name in self.ws.names], ["stopped", "running"])
        self.assertIsNone(watching.poll())
        self.go()
        self.assertEqual(watching.wait(30), 1)
        self.assertIn("No space left on device", watching.stderr_path.read_text())
        self.assertEqual(set(self.srv.statuses(self.wf).values()), {"completed"})

    def test_waits_for_a_server_behind_a_proxy(self):
        self.start_workers([UNTIL_GO, UNTIL_GO])
        proxy = CountingProxy(self.srv)
        self.addCleanup(proxy.close)
        watching = self.start([TORC, "remote", "watch", self.wf, "--interval", "1"], home=self.srv.home,
                              env={**self.ws.env, **proxy.env})
        wait_until(lambda: "0/2 jobs  2 running" in watching.stdout_path.read_text(), what="the progress")
        proxy.answers_502 = True
        wait_until(lambda: "waiting for the server" in watching.stderr_path.read_text(), what="the error message")
        proxy.answers_502 = False
        self.go()
        self.assertEqual(watching.wait(30), 0, watching.stderr_path.read_text())

    def test_lines_of_json_and_the_status_of_a_failure(self):
        self.start_workers([UNTIL_GO, UNTIL_GO + "; exit 3"])
        watching = self.watch("-f", "json")
        documents = lambda: [json.loads(line) for line in watching.stdout_path.read_text().splitlines()]  # noqa: E731
        wait_until(lambda: documents() and [row.get("state") for row in documents()[-1]["workers"]] == ["running"] * 2,
                   what="both workers to run")
        worker = documents()[-1]["workers"][0]
        self.assertGreater(worker["load"], -1)
        self.assertGreaterEqual(worker["heard_seconds_ago"], 0)
        self.go()
        self.assertEqual(watching.wait(30), 1)
        self.assertEqual(documents()[-1]["jobs"], {"total": 2, "done": 2, "running": 0, "failed": 1})

    def test_reports_a_worker_that_died(self):
        pids = self.start_workers([UNTIL_GO] * 2)
        watching = self.watch()
        text = watching.stdout_path.read_text
        wait_until(lambda: text().count(": running (PID") == 2, what="both workers to be shown")
        os.kill(pids[0], signal.SIGKILL)
        wait_until(lambda: f"{self.ws.names[0]}: died" in text(), what="the death to be reported")
        self.assertFalse(alive(pids[0]))
        watching.send_signal(signal.SIGINT)
        self.assertEqual(watching.wait(20), 1)
        self.assertIn("the runners continue", watching.stderr_path.read_text())
        self.assertTrue(alive(pids[1]))

    def test_paints_on_a_terminal(self):
        self.start_workers([UNTIL_GO] * 2)
        control, terminal = pty.openpty()
        watching = subprocess.Popen(
            [TORC, "remote", "watch", str(self.wf)], stdin=subprocess.DEVNULL, stdout=terminal, stderr=terminal,
            env=clean_environment(self.srv.home, TORC_API_URL=self.srv.url, **self.ws.env))
        os.close(terminal)
        seen = b""
        while not re.search(rb"\x1b\[4A.*running .*running ", seen, re.S):
            seen += os.read(control, 65536)
        self.go()
        try:
            while chunk := os.read(control, 65536):
                seen += chunk
        except OSError:
            pass  # No process has the terminal open any more.
        self.assertEqual(watching.wait(20), 0)
        self.assertIn(b"2 of 2 jobs completed", seen)
        self.assertIn(f"{self.ws.names[0]} ".encode(), seen)


if __name__ == "__main__":
    main()
