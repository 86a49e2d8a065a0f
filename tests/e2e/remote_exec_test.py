#!/usr/bin/env python3
"""`torc remote exec`: a command on real workers, printing equal outputs once. Also time limits and idle timeouts."""
from harness import E2ETest, main, wait_until


class Exec(E2ETest):
    def set_up_workers(self, count, jobs=({"name": "j", "command": "true"},)):
        self.srv = self.server()
        self.ws = self.workers(count, self.srv)
        self.wf = self.srv.create({"name": "w", "jobs": list(jobs)})
        self.srv.torc("remote", "add-workers", self.wf, *self.ws.names, check=True)

    def test_shows_equal_outputs_once(self):
        self.set_up_workers(3)
        (self.ws.hosts[1].home / "odd").write_text("odd\n")
        result = self.srv.torc("remote", "exec", self.wf, "--", "cat odd || echo \"it is $0 here\"", check=True)
        first, second, third = self.ws.names
        self.assertEqual(result.stdout.splitlines(), [
            f"=== {first}, {third} (2)", "cat: odd: No such file or directory", "it is sh here",
            f"=== {second} (1)", "odd"])
        self.assertEqual(result.stderr, "The command succeeded on 3/3 workers\n")

    def test_words_are_not_expanded_and_failures_are_reported(self):
        self.set_up_workers(2)
        (self.ws.hosts[0].home / "a b; $x").write_text("one\n")
        self.srv.torc("remote", "add-workers", self.wf, "--skip-ssh-check", "nowhere.invalid", check=True)
        result = self.srv.torc("-f", "json", "remote", "exec", self.wf, "--host", "127.*", "--", "cat", "a b; $x")
        self.assertEqual(result.returncode, 1)
        self.assertIn('"output": "one\\n"', result.stdout)
        self.assertIn('"exit_status": 1', result.stdout)
        result = self.srv.torc("remote", "exec", self.wf, "--", "true")
        self.assertEqual(result.returncode, 1)
        self.assertRegex(result.stdout, r"=== nowhere\.invalid \(1\): \[FAILED\] ssh: ")
        self.assertIn("The command succeeded on 2/3 workers", result.stderr)
        self.assertEqual(self.srv.torc("remote", "exec", self.wf).returncode, 2)

    def test_workers_leave_at_their_time_limit(self):
        self.set_up_workers(1, [{"name": "a", "command": "sleep 300"}, {"name": "b", "command": "true", "depends_on": ["a"]}])
        self.assertEqual(self.srv.torc("remote", "run", self.wf, "--time-limit", "nonsense").returncode, 2)
        self.srv.torc("remote", "run", self.wf, "--time-limit", "PT2S", check=True)
        wait_until(lambda: "running" in self.srv.statuses(self.wf).values(), what="the job to run")
        state = lambda: self.srv.json("remote", "status", self.wf)["workers"][0]["state"]  # noqa: E731
        wait_until(lambda: state() == "stopped", timeout=60, what="the time limit")
        self.assertEqual(self.srv.statuses(self.wf), {"a": "ready", "b": "blocked"})

    def test_idle_workers_leave(self):
        self.set_up_workers(2, [{"name": "a", "command": "until [ -e $HOME/go ]; do sleep 0.05; done"},
                                {"name": "b", "command": "true", "depends_on": ["a"]}])
        self.srv.torc("remote", "run", self.wf, "--idle-timeout", "1", check=True)
        states = lambda: sorted(row["state"] for row in self.srv.json("remote", "status", self.wf)["workers"])  # noqa: E731
        wait_until(lambda: states() == ["finished", "running"], timeout=60, what="the idle one to leave")
        for host in self.ws.hosts:
            (host.home / "go").touch()
        self.srv.wait_complete(self.wf)


if __name__ == "__main__":
    main()
