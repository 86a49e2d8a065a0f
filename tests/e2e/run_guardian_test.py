#!/usr/bin/env python3
"""torc run and its guardian: no process of a job outlives the runner, however it ends; signals are passed on."""
import json
import os
import pathlib
import pty
import signal
import time

from harness import PLAIN, TORC, E2ETest, alive, children_of, clean_environment, main, wait_until

# A grandchild in its own session, without parent and environment, which ignores SIGTERM.
DAEMON = "env -i setsid -f bash -c \"trap '' TERM; echo \\$\\$ >{pid}; while :; do sleep 1; done\"; sleep 60"
# Ends half a second after SIGTERM, unless it is killed first.
HEEDFUL = "trap 'sleep 0.5; echo done >{done}; exit 3' TERM; echo $$ >{pid}; while :; do sleep 0.05; done"


class Guardian(E2ETest):
    def spec(self, *commands) -> pathlib.Path:
        path = self.dir / "w.json"
        path.write_text(json.dumps({"name": "w", "jobs": [{"name": f"j{i}", "command": command}
                                                          for i, command in enumerate(commands, 1)]}))
        return path

    def runner(self, *args):
        """A run with a standalone server."""
        return self.start([TORC, "-s", "run", *args])

    def run_in_background(self, *commands):
        return self.runner(self.spec(*commands), "--max-parallel-jobs", "4")

    def pid_in(self, name: str) -> int:
        path = self.dir / name
        return int(wait_until(lambda: path.exists() and path.read_text().strip(), what=f"{path} to hold a pid"))

    def test_nothing_outlives_a_runner_that_is_killed(self):
        guardian = self.run_in_background(DAEMON.format(pid=self.dir / "daemon"), f"echo $$ >{self.dir}/plain; sleep 61")
        daemon, plain = self.pid_in("daemon"), self.pid_in("plain")
        os.kill(children_of(guardian.pid)[0], signal.SIGKILL)
        self.assertEqual(guardian.wait(30), 128 + signal.SIGKILL)
        self.assertFalse(alive(daemon), "a daemon is left")
        self.assertFalse(alive(plain), "a job is left")

    def test_no_job_continues_if_both_are_killed(self):
        guardian = self.run_in_background(f"echo $$ >{self.dir}/plain; sleep 1; sleep 60")
        job, runner = self.pid_in("plain"), children_of(guardian.pid)[0]
        guardian.send_signal(signal.SIGSTOP)  # So that it cannot end the job.
        os.kill(runner, signal.SIGKILL)
        guardian.kill()
        wait_until(lambda: not alive(job), what="the job to end")

    def test_a_runner_without_guardian_stops(self):
        guardian = self.run_in_background(f"echo $$ >{self.dir}/plain; sleep 61")
        plain, runner = self.pid_in("plain"), children_of(guardian.pid)[0]
        guardian.kill()
        wait_until(lambda: not alive(runner) and not alive(plain), what="runner and job to end")
        log = "".join(path.read_text() for path in (self.dir / "torc_output").glob("job_runner_*"))
        self.assertIn("1 requeued", log)

    def test_a_signal_is_passed_on_once(self):
        done = self.dir / "done"
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            guardian = self.run_in_background(HEEDFUL.format(done=done, pid=self.dir / "pid"))
            self.pid_in("pid")
            guardian.send_signal(number)
            self.assertEqual(guardian.wait(30), 0, number)
            self.assertTrue(done.exists(), f"{number}: the job was killed before it could end")
            done.unlink()
            (self.dir / "pid").unlink()

    def test_a_second_signal_kills_at_once(self):
        guardian = self.run_in_background(f"trap '' TERM; echo $$ >{self.dir}/pid; while :; do sleep 1; done")
        job = self.pid_in("pid")
        began = time.monotonic()
        guardian.send_signal(signal.SIGTERM)
        log = self.dir / "torc_output"
        wait_until(lambda: any("ending 1 job" in path.read_text() for path in log.glob("job_runner_*")), what="the stop")
        guardian.send_signal(signal.SIGTERM)
        self.assertEqual(guardian.wait(30), 0)
        self.assertLess(time.monotonic() - began, 15, "the job had its whole grace period of half a minute")
        self.assertFalse(alive(job))

    def test_sigusr1_drains(self):
        go = self.dir / "go"
        guardian = self.runner(self.spec(f"touch {self.dir}/started; until [ -e {go} ]; do sleep 0.02; done", "true"),
                               "--max-parallel-jobs", "1")
        wait_until((self.dir / "started").exists, what="the first job")
        guardian.send_signal(signal.SIGUSR1)
        go.touch()
        self.assertEqual(guardian.wait(30), 0)
        self.assertIn("1 of 2 jobs completed", guardian.stdout_path.read_text())

    def test_ctrl_c_on_a_terminal(self):
        spec = self.spec(HEEDFUL.format(done=self.dir / "done", pid=self.dir / "pid"))
        pid, terminal = pty.fork()
        if pid == 0:
            os.chdir(self.dir)
            os.execve(TORC, [TORC, "-s", "run", str(spec)], clean_environment(self.dir))
        self.addCleanup(os.close, terminal)
        self.pid_in("pid")
        os.write(terminal, b"\x03")
        shown = b""
        while True:
            try:
                data = os.read(terminal, 4096)
            except OSError:
                break
            if not data:
                break
            shown += data
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), 0, shown)
        self.assertIn(b"1 job requeued", shown)
        self.assertIn(b"\r\x1b[KStopping: ending the running jobs", shown, "the line of progress is erased")
        self.assertTrue((self.dir / "done").exists(), "the job was killed before it could end")


class GuardianOnPlainServer(Guardian):
    """The same with a server without the additions to torc 0.23."""

    server_args = PLAIN

    def runner(self, *args):
        server = self.server(f"server{len(list(self.dir.glob('server*')))}")
        return self.start([TORC, "run", *args], env={"TORC_API_URL": server.url})


if __name__ == "__main__":
    main()
