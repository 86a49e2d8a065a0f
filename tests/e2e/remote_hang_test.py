#!/usr/bin/env python3
"""Commands do not hang: hosts that do not answer, remote commands that do not end, and Ctrl-C."""
import signal
import time

from harness import TORC, alive, main, processes_below, wait_until
from worker_case import WorkerCase


class Hang(WorkerCase):
    def test_a_host_that_hangs_is_given_up_after_the_limit(self):
        _, workers = self.set_up_workers(2)
        workers.hang_host(0)
        limit = {"TORC_SSH_LIMIT": "2"}
        for command in ("status", "stop", "collect-logs", "delete-logs"):
            began = time.monotonic()
            result = self.fails(command, self.wf, env=limit)
            self.assertLess(time.monotonic() - began, 15)
            self.assertIn("timed out", result.stdout, command)
        result = self.fails("run", self.wf, env=limit)
        self.assertIn(f"SSH connection failed to {workers.names[0]}: timed out", result.stderr)

    def test_a_command_that_hangs_is_ended_on_both_sides(self):
        _, workers = self.set_up_workers(2)
        workers.hosts[0].set_torc("#!/bin/sh\nexec sleep 1000\n")
        began = time.monotonic()
        result = self.fails("run", self.wf, env={"TORC_SSH_LIMIT": "3"})
        self.assertLess(time.monotonic() - began, 20)
        self.assertRegex(result.stderr, f"{workers.names[0]}: (SSH connection failed|torc does not start)")
        wait_until(lambda: "sleep 1000" not in processes_below(self.dir / "workers").values(), 20, "the worker's torc to end")
        self.nothing_started()

    def test_an_interrupted_fan_out_reports_what_was_done(self):
        server, workers = self.set_up_workers(2)
        workers.hang_host(1)
        status = self.start([TORC, "remote", "status", self.wf], env={"TORC_API_URL": server.url, **workers.env})
        wait_until(lambda: len(workers.calls()) == 2, what="both calls")
        clients = [int(path.name) for path in (workers.client / "active").iterdir()]
        wait_until(lambda: sum(alive(pid) for pid in clients) == 1, what="the first worker's answer")
        status.send_signal(signal.SIGINT)
        self.assertEqual(status.wait(20), 1)
        text = status.stdout_path.read_text()
        self.assertIn(f"{workers.names[1]:<30} Unknown: canceled", text)
        self.assertIn("workers running", text)
        self.assertFalse([pid for pid in clients if alive(pid)])


if __name__ == "__main__":
    main()
